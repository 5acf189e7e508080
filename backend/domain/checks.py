"""Checks: when a rater meets one, and what their answers say about them. Knows no page, no table and no clock.

A check is due at a place that its rater can't predict, yet so often as was declared: of each kind the i-th one falls
somewhere in the i-th stretch of 1/rate comparisons, at a point drawn by a hash of seed, rater and number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from backend.domain.choices import Choice, preference
from backend.domain.rules import CheckRates

REPEAT_GAP = 3
PASSED, FAILED, NOT_JUDGED = 1, 0, -1


class CheckKind(StrEnum):
    """gold: the right choice is known. attention: a text says what to press. repeat: one's own, sides reversed."""

    GOLD = "gold"
    ATTENTION = "attention"
    REPEAT = "repeat"


KINDS = tuple(CheckKind)


@dataclass(frozen=True, slots=True)
class Had:
    """A check that a rater was given after so many own comparisons. One that lapsed or was returned does not count."""

    kind: CheckKind
    after: int
    counts: bool = True


def due(rates: CheckRates, *, judged: int, had: Sequence[Had], seed: int, rater: int) -> tuple[CheckKind, ...]:
    """The kinds of check that are due now, the longest overdue first; mostly none.

    judged: the rater's own comparisons so far, checks not among them. had: every check they were given before, in any
    order. The same seed and rater give the same answer. Never before the first comparison, never twice after the same
    one (so no two checks follow each other), and no repeat before a comparison lies `REPEAT_GAP` others back.
    """
    if judged < 1 or any(one.after >= judged for one in had):
        return ()
    moments = {
        kind: moment(rate, sum(one.kind == kind and one.counts for one in had), seed=seed, rater=rater, kind=kind)
        for kind in KINDS
        if (rate := getattr(rates, kind)) > 0 and (kind != CheckKind.REPEAT or judged > REPEAT_GAP)
    }
    late = [kind for kind, after in moments.items() if after <= judged]
    return tuple(sorted(late, key=moments.__getitem__))


def moment(rate: float, number: int, *, seed: int, rater: int, kind: CheckKind) -> float:
    """After how many comparisons the check of this number (from 0) is due: within [number, number + 1) / rate."""
    return (number + drawn(seed, rater, kind, number)) / rate


def drawn(*of: object) -> float:
    """A number in [0, 1) that looks random and is always the same for the same things."""
    digest = sha256(":".join(map(str, of)).encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53


def passes(choice: Choice, expected: Choice) -> bool:
    """Whether a gold or attention check is answered rightly; both bad counts as a tie, as it does in results."""
    return preference(choice, flipped=False) == preference(expected, flipped=False)


def is_consistent(original: Choice, again: Choice) -> bool:
    """Whether a repeat, seen with its sides reversed, was answered with the same preference as the original."""
    return preference(original, flipped=False) == preference(again, flipped=True)


@dataclass(frozen=True, slots=True)
class CheckAnswers:
    """Answered checks as columns of equal length, one entry a check.

    raters: ids. kinds: indices into `KINDS`. marks: of gold and attention whether it was passed, of repeats whether
    the preference was the same; `PASSED`, `FAILED`, or `NOT_JUDGED` where the rater said that they can't judge.
    """

    raters: NDArray[np.int64]
    kinds: NDArray[np.int8]
    marks: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class RaterChecks:
    """One entry a rater who answered a check, by rising id.

    asked, passed: gold and attention checks judged, and judged rightly. repeats, consistent: repeats judged, and judged
    as before. A check that could not be judged counts in none of them, so it is never held against anybody.
    """

    raters: NDArray[np.int64]
    asked: NDArray[np.int64]
    passed: NDArray[np.int64]
    repeats: NDArray[np.int64]
    consistent: NDArray[np.int64]


def by_rater(answers: CheckAnswers) -> RaterChecks:
    """How each rater did at checks; the order of the answers does not matter."""
    raters, of = np.unique(answers.raters, return_inverse=True)
    repeated = answers.kinds == KINDS.index(CheckKind.REPEAT)
    judged, right = answers.marks != NOT_JUDGED, answers.marks == PASSED

    def count(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(of[chosen], minlength=len(raters)).astype(np.int64)

    return RaterChecks(
        raters=raters,
        asked=count(judged & ~repeated),
        passed=count(right & ~repeated),
        repeats=count(judged & repeated),
        consistent=count(right & repeated),
    )
