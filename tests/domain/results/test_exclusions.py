"""Declared exclusions: whole raters, by what was declared, never by which system they chose."""

from dataclasses import replace

import numpy as np
import pytest

from backend.domain.results.exclusions import apply, asks_vendors
from backend.domain.results.material import Confirmations
from backend.domain.results.summary import summarise
from tests.material import Row, check_answers, material

CHECKS = check_answers(
    (0, "gold", 0),
    (0, "attention", 0),
    (0, "gold", 1),
    (0, "gold", -1),
    (1, "gold", 1),
    (1, "gold", -1),
    (1, "repeat", 0),
    (1, "repeat", -1),
    (2, "repeat", 0),
    (2, "repeat", 1),
)
# Rater 0 always takes the first place, rater 1 takes either, rater 2 is fast.
ROWS: list[Row] = [
    row
    for prompt in range(4)
    for row in (
        (prompt, 0, 0, 1 if prompt % 2 else -1, 0 if prompt % 2 else 1, False, 60.0),
        (prompt, 1, 0, 1, prompt % 2, False, 60.0),
        (prompt, 2, 0, 0, 0, False, 3.0),
    )
]


def excluded(**rule: object) -> list[tuple[str, float, int, int]]:
    given = material(ROWS, answers=CHECKS, exclusions=[rule])
    return [(one.rater, one.found, one.observations, one.votes) for one in apply(given)[1]]


def test_nobody_is_left_out_without_a_rule() -> None:
    given = material(ROWS, answers=CHECKS)
    assert apply(given) == (given, ())


def test_failed_checks_count_gold_and_attention_but_no_repeats_and_no_cant_judge() -> None:
    assert excluded(kind="failed_checks", limit=0.5, least=3) == [("R000", 2 / 3, 3, 4)]
    assert excluded(kind="failed_checks", limit=0.5, least=4) == []


def test_inconsistent_repeats_are_a_share_of_repeats() -> None:
    assert excluded(kind="inconsistent", limit=0.6, least=1) == [("R001", 1.0, 1, 4)]
    assert [one[0] for one in excluded(kind="inconsistent", limit=0.4, least=2)] == ["R002"]


def test_too_fast_is_the_median_of_words_a_minute() -> None:
    """300 words in 3 seconds are 6,000 words a minute, in 60 seconds 300."""
    assert excluded(kind="too_fast", limit=1000, least=4) == [("R002", 6000.0, 4, 4)]


def test_one_sided_looks_at_places_not_at_systems() -> None:
    """Rater 1 prefers the candidate every time, half of the time in the second place: that is no side."""
    assert excluded(kind="one_sided", limit=0.9, least=4) == [("R000", 1.0, 4, 4)]


def test_unconfirmed_is_a_share_of_the_ratings_that_came_through_a_vendor() -> None:
    """Rater 0 came by a link; one of four ratings of rater 1 is confirmed, and all of rater 2."""
    counts = Confirmations(rated=np.array([0, 4, 4]), unconfirmed=np.array([0, 3, 0]))

    def left_out(**rule: object) -> list[tuple[str, float, int, int]]:
        given = material(ROWS, confirmations=counts, exclusions=[{"kind": "unconfirmed", **rule}])
        return [(one.rater, one.found, one.observations, one.votes) for one in apply(given)[1]]

    rule = {"kind": "unconfirmed", "limit": 0.5, "least": 1}
    assert asks_vendors(material(ROWS, exclusions=[rule]).settings)
    assert not asks_vendors(material(ROWS).settings)
    assert left_out(limit=0.5, least=1) == [("R001", 0.75, 4, 4)]
    assert left_out(limit=0.75, least=1) == []
    assert left_out(limit=0.0, least=5) == []


def test_an_excluded_rater_s_votes_are_out_of_the_headline_and_in_the_numbers_beside_it() -> None:
    found = summarise(material(ROWS, exclusions=[{"kind": "one_sided", "limit": 0.9, "least": 4}]))
    one = found.candidates[0]
    assert [rater.rater for rater in found.excluded] == ["R000"]
    assert (found.ratings, one.votes.total, one.win_rate.mean) == (8, 8, 0.75)
    assert one.all_votes is not None
    assert one.all_votes.win_rate.mean == pytest.approx((1.5 / 3 + 2.5 / 3) / 2)
    assert summarise(material(ROWS)).candidates[0].all_votes is None


def test_an_excluded_rater_s_seat_is_no_empty_one() -> None:
    """Somebody could not judge the first comparison before all its seats were taken; one of the three is excluded."""
    rows: list[Row] = [
        (prompt, rater, 0, 1, 0, False, 0.1 if rater == 2 else 60.0) for prompt in (0, 1) for rater in range(3)
    ]
    given = material(rows, exclusions=[{"kind": "too_fast", "limit": 600, "least": 2}])
    skipped = replace(given, launched=replace(given.launched, skipped=np.array([1, 0])))
    missing = summarise(skipped).candidates[0].missing
    assert (missing.rated, missing.excluded) == (4, 2)
    assert (missing.cant_judge, missing.returned, missing.unfinished) == (0, 0, 0)
    assert (missing.win_rate.worst, missing.win_rate.best) == (pytest.approx(2 / 3), 1.0)
