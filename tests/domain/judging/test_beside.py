"""A judge beside people: by hand, on PandaLM's people, and without any meaning in the order of rows."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.judging.beside import beside
from backend.domain.judging.verdicts import UNREAD, Verdicts, shared
from backend.domain.statistics.votes import Integers
from tests.domain.crowd import pandalm
from tests.domain.pairs import votes_of


def verdicts(preference: list[int] | Integers) -> Verdicts:
    """One comparison a prompt, numbered from 0, without orders."""
    said = np.array(preference, dtype=np.int64)
    ids, nothing = np.arange(len(said)), np.full(len(said), UNREAD)
    return Verdicts(ids, ids, np.zeros_like(ids), said, nothing, nothing)


def test_a_judge_and_three_raters_by_hand() -> None:
    """Votes +++, ++0, 000, +0-; the judge says +, 0, 0, -, and a fifth comparison has no votes.

    With a rater: 1, 1/3, 1, 1/3. Majorities +, +, 0 and none: two of three. One rater with another: 1, 1/3, 1, 0.
    """
    rows = [
        (prompt, rater, 0, said, 0)
        for prompt, said_of in enumerate([(1, 1, 1), (1, 1, 0), (0, 0, 0), (1, 0, -1)])
        for rater, said in enumerate(said_of)
    ]
    found = beside(verdicts([1, 0, 0, -1, 1]), votes_of(rows))
    with_ties = found.with_ties
    assert (with_ties.comparisons, with_ties.votes, found.unparsed) == (4, 12, 0)
    assert with_ties.with_a_rater.percent.value == pytest.approx((1 + 1 / 3 + 1 + 1 / 3) / 4)
    assert with_ties.with_majority.percent.value == pytest.approx(2 / 3)
    assert with_ties.with_majority.percent.units == 3
    assert with_ties.ceiling.one_other.value == pytest.approx((1 + 1 / 3 + 1 + 0) / 4)


def test_without_ties_a_tie_of_either_is_left_out() -> None:
    """Left: +++ against +, and of +0- the votes + and - against -; the majority of the latter is gone."""
    rows = [
        (prompt, rater, 0, said, 0)
        for prompt, said_of in enumerate([(1, 1, 1), (1, 1, 0), (0, 0, 0), (1, 0, -1)])
        for rater, said in enumerate(said_of)
    ]
    found = beside(verdicts([1, 0, 0, -1]), votes_of(rows)).without_ties
    assert (found.comparisons, found.votes) == (2, 5)
    assert found.with_a_rater.percent.value == pytest.approx((1 + 0.5) / 2)
    assert found.with_majority.percent.units == 1
    assert found.ceiling.one_other.value == pytest.approx((1 + 0) / 2)


def test_unparsed_comparisons_are_counted_and_left_out() -> None:
    rows = [(prompt, 0, 0, 1, 0) for prompt in range(3)]
    found = beside(verdicts([1, UNREAD, UNREAD, UNREAD]), votes_of(rows))
    assert (found.with_ties.comparisons, found.unparsed) == (1, 2)


def test_a_judge_without_votes_beside_it_has_nothing_to_show() -> None:
    for said, rows in (([1], [(5, 0, 0, 1, 0)]), ([], [(5, 0, 0, 1, 0)]), ([1], [])):
        found = beside(verdicts(said), votes_of(rows))
        assert found.with_ties.comparisons == 0
        assert found.with_ties.with_a_rater.kappa.value is None
        assert found.with_ties.ceiling.one_other.value is None


def test_a_person_of_pandalm_as_the_judge_reaches_the_ceiling_of_the_others(shared_data: Path) -> None:
    """Cohen's κ of the third with the first and second is .880 and .895 or .880, in its README."""
    crowd, _ = pandalm(shared_data)
    label = crowd.label.reshape(-1, 3) - 1
    rows = [(unit, rater, 0, int(row[rater]), 0) for unit, row in enumerate(label) for rater in (0, 1)]
    found = beside(verdicts(label[:, 2]), votes_of(rows)).with_ties
    assert found.with_a_rater.percent.value == pytest.approx(np.mean(label[:, :2] == label[:, 2:]))
    assert found.with_a_rater.kappa.value == pytest.approx(0.8875, abs=0.008)
    ceiling, measured = found.ceiling.one_other, found.with_a_rater.percent
    assert ceiling.low is not None
    assert measured.value is not None
    assert measured.value > ceiling.low


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.sampled_from([-1, 0, 1])), max_size=20))
def test_the_order_of_rows_does_not_matter(rows: list[tuple[int, int, int]]) -> None:
    votes = votes_of([(prompt, rater, 0, said, 0) for prompt, rater, said in rows])
    judge = verdicts([1, 0, -1, 1, UNREAD])
    random = np.random.default_rng(len(rows))
    again = beside(judge.where(random.permutation(5)), votes.where(random.permutation(len(votes))))
    found = beside(judge, votes)
    for one, other in ((found.with_ties, again.with_ties), (found.without_ties, again.without_ties)):
        assert (one.comparisons, one.votes) == (other.comparisons, other.votes)
        for first, second in (
            (one.with_a_rater.kappa, other.with_a_rater.kappa),
            (one.with_majority.ac1, other.with_majority.ac1),
            (one.ceiling.one_other, other.ceiling.one_other),
        ):
            assert first.value == pytest.approx(second.value)
            assert first.low == pytest.approx(second.low)


def test_votes_find_their_verdicts_whatever_the_ids() -> None:
    ids = np.array([70, 5, 900])
    judge = Verdicts(ids, ids, ids, np.array([1, 0, -1]), np.array([1, 0, 1]), np.array([1, 0, 1]))
    seen, at = shared(judge, votes_of([(900, 1, 0, 1, 0), (6, 1, 0, 1, 0), (5, 1, 0, 0, 0), (1000, 1, 0, 0, 0)]))
    assert seen.comparison.tolist() == [900, 5]
    assert at.tolist() == [2, 1]
    assert len(judge) == 3


@pytest.mark.parametrize(
    ("comparison", "preference", "says"),
    [([1, 2], [1], "the same length"), ([1, 2], [1, 5], "coded -1, 0, 1"), ([1, 1], [1, 0], "one judgement")],
)
def test_columns_that_say_no_verdicts_are_refused(comparison: list[int], preference: list[int], says: str) -> None:
    ids, said = np.array(comparison), np.array(preference)
    with pytest.raises(ValueError, match=says):
        Verdicts(ids, ids, ids, said, said, said)
