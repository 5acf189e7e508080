"""Raters in the results: under pseudonyms, flagged ones first."""

import numpy as np

from backend.domain.results.raters import CheckCounts, raters
from tests.material import Row, check_answers, material


def rows() -> list[Row]:
    """Forty prompts; the last rater always takes the first place, the others the candidate as often as not."""
    draw = np.random.default_rng(1)
    found: list[Row] = []
    for prompt in range(40):
        for rater in range(3):
            flipped = int(draw.integers(2))
            preference = 1 - 2 * flipped if rater == 2 else int(draw.choice([-1, 0, 1]))
            found.append((prompt, rater, 0, preference, flipped, False, 60.0))
    return found


def test_flagged_raters_come_first_with_their_evidence() -> None:
    found = raters(material(rows()), excluded=())
    assert [one.rater for one in found] == ["R002", "R000", "R001"]
    (flag,) = found[0].report.flags
    assert (flag.kind, flag.statistic, flag.n) == ("one_sided", 1.0, 40)
    assert found[0].position is not None
    assert 0.5 < found[0].position.shrunken < 1.0


def test_checks_are_counted_by_kind_and_what_could_not_be_judged_nowhere() -> None:
    answers = check_answers((0, "gold", 1), (0, "attention", 0), (0, "gold", -1), (0, "repeat", 1), (1, "repeat", 0))
    found = {one.rater: one.checks for one in raters(material(rows(), answers=answers), excluded=())}
    assert found["R000"] == CheckCounts(asked=2, passed=1, repeated=1, consistent=1)
    assert found["R001"] == CheckCounts(asked=0, passed=0, repeated=1, consistent=0)


def test_excluded_raters_are_still_shown() -> None:
    found = raters(material(rows()), excluded=("R001",))
    assert [one.rater for one in found if one.excluded] == ["R001"]


def test_without_votes_there_are_no_raters() -> None:
    assert raters(material([], launched=[(0, 0)]), excluded=()) == ()
