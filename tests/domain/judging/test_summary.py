"""What a judge said of two systems, summed by hand."""

import pytest

from backend.domain.choices import Choice
from backend.domain.judging.orders import Orders, Rule
from backend.domain.judging.parsing import Reading, Unread
from backend.domain.judging.summary import Said, Scores, Summary, Unreadable, summed
from tests.domain.judging.cases import chosen, scored

FIRST, SECOND, TIE = (chosen(one) for one in (Choice.FIRST, Choice.SECOND, Choice.TIE))
LOST = Reading(None, Unread.EMPTY)


def both(*said: Said) -> Summary:
    return summed(said, orders=Orders.BOTH, rule=Rule.AGREE_ELSE_TIE)


def test_every_prompt_counts_once_and_an_order_that_is_missing_waits() -> None:
    found = both(
        Said("a", FIRST, SECOND),
        Said("b", SECOND, FIRST),
        Said("c", FIRST, FIRST),
        Said("d", FIRST, LOST),
        Said("e", FIRST, None),
    )
    assert (found.candidate, found.tie, found.baseline, found.unparsed, found.waiting) == (1, 1, 1, 1, 1)
    assert found.unread == (Unreadable("d", True, Unread.EMPTY),)
    assert found.rate is not None
    assert (found.rate.interval.mean, found.rate.bounds.worst, found.rate.bounds.best) == (0.5, 0.375, 0.625)
    assert found.order.consistent.mean == pytest.approx(2 / 3)
    assert found.scores is None


def test_mean_scores_are_the_systems_whatever_the_order() -> None:
    found = summed(
        [Said("a", scored(9, 7), scored(6, 8)), Said("b", LOST, scored(5, 10))],
        orders=Orders.BOTH,
        rule=Rule.MEAN_SCORE,
    )
    assert found.scores == Scores(candidate=9.0, baseline=6.0, verdicts=3)
    assert (found.candidate, found.unparsed) == (1, 1)


def test_one_order_is_whole_without_the_other() -> None:
    found = summed([Said("a", None, scored(9, 8))], orders=Orders.BASELINE_FIRST, rule=Rule.MEAN_SCORE)
    assert (found.baseline, found.waiting, found.order.consistent.mean) == (1, 0, None)


def test_nothing_said_gives_nothing() -> None:
    found = both()
    assert (found.candidate, found.rate, found.order.consistent.mean) == (0, None, None)
