"""The stop rule: which prompts enter, when a candidate is settled, when a batch may stop."""

from time import perf_counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.statistics.betting import hedged
from backend.domain.statistics.sequential import Decision, StopRule, decide, in_launch_order
from backend.domain.statistics.votes import Floats

WINS, LOSSES = np.ones(200), np.zeros(200)
EVEN = np.tile([1.0, 0.0], 3000)


def test_prompts_enter_in_launch_order_up_to_the_first_with_an_open_seat() -> None:
    """By hand: places 0, 1 and 2 are closed, 3 is open, so 4 must wait however complete it is."""
    means = np.array([0.9, 0.1, 0.2, 0.3, 0.4])
    place = np.array([4, 1, 0, 3, 2])
    closed = np.array([True, True, True, False, True])
    assert in_launch_order(means, place, closed).tolist() == [0.2, 0.1, 0.4]


def test_an_unjudgeable_prompt_is_passed_over() -> None:
    means = np.array([1.0, np.nan, 0.5])
    assert in_launch_order(means, np.arange(3), np.ones(3, dtype=np.bool_)).tolist() == [1.0, 0.5]


@given(st.permutations(range(12)), st.sets(st.integers(0, 11)))
def test_the_order_of_rows_does_not_matter(order: list[int], still_open: set[int]) -> None:
    place = np.arange(12)
    means, closed = place / 11, ~np.isin(place, list(still_open))
    rows = np.array(order)
    assert np.array_equal(
        in_launch_order(means[rows], place[rows], closed[rows]), in_launch_order(means, place, closed)
    )


@pytest.mark.parametrize(("values", "decision"), [(WINS, Decision.CANDIDATE), (LOSSES, Decision.BASELINE)])
def test_a_clear_winner_is_settled_at_the_first_prompt_whose_interval_leaves_one_half(
    values: Floats, decision: Decision
) -> None:
    found = decide({7: values}, StopRule(minimum=1)).candidates[7]
    sequence = hedged(values)
    outside = (sequence.low > 0.5) | (sequence.high < 0.5)
    assert found.decision == decision
    assert found.decided_at == found.excludes_even_at == outside.argmax() + 1
    assert found.within_margin_at is None


def test_nothing_is_decided_before_the_minimum() -> None:
    assert decide({1: WINS}, StopRule(minimum=1)).stops_at < 30
    assert decide({1: WINS}, StopRule(minimum=30)).stops_at == 30
    assert decide({1: WINS}, StopRule(minimum=201)).stops_at is None


def test_equality_needs_a_declared_margin_and_an_interval_inside_it() -> None:
    assert decide({1: EVEN}, StopRule()).candidates[1].decision is None
    found = decide({1: EVEN}, StopRule(margin=0.05)).candidates[1]
    assert found.decision == Decision.EQUAL
    assert found.decided_at == found.within_margin_at
    assert found.excludes_even_at is None
    sequence = hedged(EVEN)
    at = found.within_margin_at
    assert sequence.low[at - 1] >= 0.45
    assert sequence.high[at - 1] <= 0.55
    assert sequence.low[at - 2] < 0.45 or sequence.high[at - 2] > 0.55


def test_a_difference_goes_before_equality() -> None:
    """A share of .52 in 40,000: both inside a margin of .2 and apart from one half, at once from the minimum on."""
    values = np.tile(np.repeat([1.0, 0.0], [13, 12]), 1600)
    found = decide({1: values}, StopRule(margin=0.2, minimum=40_000)).candidates[1]
    assert found.excludes_even_at == found.within_margin_at == 40_000
    assert found.decision == Decision.CANDIDATE


def test_a_batch_stops_with_the_last_of_its_candidates() -> None:
    undecided = decide({1: WINS, 2: LOSSES, 3: EVEN[:200]}, StopRule())
    assert not undecided.may_stop
    assert undecided.stops_at is None
    decided = decide({1: WINS, 2: np.tile([1.0, 1.0, 0.0, 1.0], 100)}, StopRule())
    assert decided.may_stop
    assert decided.stops_at == decided.candidates[2].decided_at > decided.candidates[1].decided_at


def test_alpha_is_divided_across_candidates() -> None:
    found = decide({1: WINS, 2: WINS, 3: WINS, 4: WINS, 5: WINS}, StopRule(minimum=1))
    alone = hedged(WINS, alpha=0.01)
    assert (found.candidates[3].low, found.candidates[3].high) == (alone.low[-1], alone.high[-1])


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=40, max_size=120), st.integers(30, 40))
def test_a_decision_stays_when_more_prompts_come(values: list[float], first: int) -> None:
    rule = StopRule(margin=0.2)
    early, late = decide({1: np.array(values[:first])}, rule), decide({1: np.array(values)}, rule)
    if early.candidates[1].decided_at is not None:
        assert late.candidates[1].decided_at == early.candidates[1].decided_at


def test_before_the_first_prompt_nothing_is_known() -> None:
    found = decide({1: np.zeros(0)}, StopRule()).candidates[1]
    assert (found.prompts, found.low, found.high, found.decision) == (0, 0.0, 1.0, None)
    assert not decide({}, StopRule()).may_stop


def test_drift_is_handed_on() -> None:
    assert decide({1: np.repeat([1.0, 0.0], 500)}, StopRule()).candidates[1].contradicted is not None


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"alpha": 0.0}, "alpha"),
        ({"alpha": 1.0}, "alpha"),
        ({"minimum": 0}, "needs a prompt"),
        ({"margin": 0.0}, "margin"),
        ({"margin": 0.5}, "margin"),
    ],
)
def test_a_rule_that_can_not_be_declared_is_refused(wrong: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        StopRule(**wrong)


def test_twenty_candidates_of_33_334_prompts_take_seconds_not_minutes() -> None:
    """Measured at 1.1 s; the whole grid without narrowing would take 11 s."""
    generator = np.random.default_rng(3)
    values = {one: generator.choice([0.0, 0.5, 1.0], size=33_334, p=[0.3, 0.25, 0.45]) for one in range(20)}
    start = perf_counter()
    found = decide(values, StopRule())
    assert perf_counter() - start < 8
    assert found.may_stop
