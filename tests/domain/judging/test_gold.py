"""A judge on pairs of which one output is right."""

import json
from pathlib import Path

import pytest

from backend.domain.choices import Choice
from backend.domain.judging.gold import GoldPair, gold_pair, trust
from backend.domain.judging.parsing import Reading, Unread
from backend.domain.records import Json, Row

PAIR: dict[str, Json] = {"input": "Why?", "output_1": "So.", "output_2": "No.", "label": 1}


def pair(**changes: Json) -> GoldPair:
    return gold_pair(Row(3, {**PAIR, **changes}))


def test_gpt_4_on_llmbar_s_natural_pairs_in_both_orders(shared_data: Path) -> None:
    rows = json.loads((shared_data / "gold-pairs-llmbar" / "Natural_GPT-4_Vanilla_result.json").read_text())
    found = trust([gold_pair(Row(number, row)) for number, row in enumerate(rows)])
    assert (found.pairs, found.both.right, found.wrong, found.torn) == (100, 93, 2, 5)
    assert (found.right_first.right, found.right_second.right) == (96, 95)
    assert found.summary.rate is not None
    rate = found.summary.rate.interval
    assert rate.mean == pytest.approx(0.955)
    assert rate.low is not None
    assert rate.high is not None
    assert (round(rate.low, 3), round(rate.high, 3)) == (0.920, 0.990)
    assert found.summary.order.consistent.mean == pytest.approx(0.95)
    assert found.summary.order.first_bias.mean == pytest.approx(0.005)
    assert found.both.low == pytest.approx(0.8625, abs=1e-4)  # Wilson's of 93 in 100


@pytest.mark.parametrize(("label", "right"), [(1, "So."), ("2", "No.")])
def test_the_right_output_takes_the_candidate_s_part(label: Json, right: str) -> None:
    found = pair(label=label, winner="1", winner_swapped=2)
    assert found.right == right
    # As it is, output_1 stood first and was chosen; exchanged, output_2 stood first and was chosen.
    assert (found.straight, found.flipped) == (Reading(Choice.FIRST), Reading(Choice.FIRST))


def test_ties_and_unread_verdicts_are_not_right() -> None:
    found = trust([pair(winner="tie", winner_swapped=""), pair(winner=None, winner_swapped="1")])
    assert (found.right_first.right, found.right_second.right, found.summary.unparsed) == (0, 1, 2)
    assert [one.why for one in found.summary.unread] == [Unread.FORMAT, Unread.FORMAT]


def test_a_pair_that_is_tied_in_both_orders_was_not_decided_by_the_order() -> None:
    tied, torn, half = pair(winner="tie", winner_swapped="tie"), pair(winner=1, winner_swapped=2), pair(winner=1)
    found = trust([tied, tied, torn, pair(winner="tie", winner_swapped=1), half])
    assert (found.pairs, found.both.right, found.wrong, found.tied, found.torn) == (4, 0, 0, 2, 2)


def test_pairs_without_both_verdicts_say_nothing() -> None:
    half: Json = [{"swap = False": {"winner": "1"}}]
    found = trust([pair(), pair(results=half)])
    assert (found.pairs, found.both.share, found.summary.rate) == (0, None, None)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"label": 3}, "has the label '3'; it must be 1 or 2"),
        ({"input": None}, "needs input, a text; its fields are input, output_1"),
        ({"results": []}, "needs one entry in its results"),
        ({"results": "1"}, "needs one entry in its results"),
        ({"winner": "A"}, "has the winner 'a'; it must be 1, 2, tie or empty"),
    ],
)
def test_a_row_that_is_no_gold_pair_is_refused_in_words(changes: dict[str, Json], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        pair(**changes)
