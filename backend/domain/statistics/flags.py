"""Raters who look random, too fast, one-sided or copied: the evidence, at a false-discovery rate a kind.

A flag is a reason to look, never an exclusion. Within each kind the rate of honest raters among those flagged is held
(Benjamini-Hochberg over raters; Benjamini-Yekutieli over pairs, which share raters). It says nothing of which system
was chosen.
"""

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from backend.domain.statistics.copied import Copies, copied
from backend.domain.statistics.flag_tests import LEVEL, Tested, looks_random, one_sided, paces, prompts_a_vote, too_fast
from backend.domain.statistics.ids import dense
from backend.domain.statistics.intervals import wilson_bounds
from backend.domain.statistics.multiplicity import q_values
from backend.domain.statistics.rater_agreement import Rest, WithRest, rest_of, with_others
from backend.domain.statistics.votes import Flags, Floats, Integers, Votes


class Kind(StrEnum):
    """What a rater may look like."""

    ONE_SIDED = "one_sided"
    RANDOM = "random"
    TOO_FAST = "too_fast"
    COPIED = "copied"


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts as too much.

    fastest: words a minute. Adults read silently at 238 on average, nearly all below 400 (M. Brysbaert, Journal of
    Memory and Language 109 (2019) 104047); at 600 they scan for a word and understand little (R. P. Carver, Journal of
    Reading 36 (1992) 84-95). tolerated_fast: share of votes that may be faster. tolerated_copied: share of shared
    comparisons on which agreement needs no reason. fewest_shared: prompts that a pair of raters must share.
    """

    false_discovery_rate: float = LEVEL
    fastest: float = 600.0
    tolerated_fast: float = 0.5
    tolerated_copied: float = 0.25
    fewest_shared: int = 20


RULES = Rules()


@dataclass(frozen=True, slots=True)
class Flag:
    """The evidence of one kind: the statistic, what was expected of an honest rater, votes, p and q.

    one_sided: shares of first. random: agreement beyond chance, the median rater's. too_fast: shares of votes.
    copied: shares of agreement with `other`, the rater at the far end; n are shared prompts.
    """

    kind: Kind
    statistic: float
    expected: float
    n: int
    p_value: float
    q_value: float
    other: int | None = None


@dataclass(frozen=True, slots=True)
class RaterReport:
    """One rater: habits, and flags with their evidence. None where nothing is known.

    first_share: of decisive votes whose order is known, with Wilson's 95 % interval. too_few: the kinds of which
    nothing can be said: not flagged, and more likely missed than found if it were so.
    """

    rater: int
    votes: int
    median_seconds: float | None
    words_a_minute: float | None
    decisive: int
    first_share: float | None
    first_low: float | None
    first_high: float | None
    with_rest: WithRest
    flags: tuple[Flag, ...]
    too_few: tuple[Kind, ...]


def rater_reports(
    votes: Votes, words: Floats | Integers, *, compared: Flags | None = None, rules: Rules = RULES
) -> tuple[RaterReport, ...]:
    """Every rater of these votes, in ascending order of ids. words: of both outputs of the comparison, shape (n,).

    compared: votes among which agreement is looked for, shape (n,), None for all. Votes that were asked for because
    others disagreed are none of them: nobody can agree there.
    Raises ValueError when words are not one a vote, or negative.
    """
    if words.shape != votes.preference.shape or (words < 0).any():
        raise ValueError("there must be a number of words for every vote")
    if len(votes) == 0:
        return ()
    names, rater = dense(votes.rater)
    thin, label = prompts_a_vote(votes, rater, len(names)), votes.preference + 1
    rest = rest_of(votes.comparison, votes.rater, label, categories=3, compared=compared)
    tests = tested(votes, words, rest, thin, rules)
    level = rules.false_discovery_rate
    copies = copied(votes, thin, fewest=rules.fewest_shared, tolerated=rules.tolerated_copied, level=level)
    flags, too_few = gathered(tests, copies, names, level)
    n, share = tests[Kind.ONE_SIDED].n, tests[Kind.ONE_SIDED].statistic
    bounds = wilson_bounds(share * n, n)
    columns = (*paces(votes, words, rater, len(names)), np.where(n > 0, share, np.nan), *bounds)
    habits = zip(*(known(column) for column in columns), strict=True)
    others = with_others(rest, label)
    return tuple(
        RaterReport(
            rater=one.rater,
            votes=one.ratings,
            median_seconds=seconds,
            words_a_minute=pace,
            decisive=int(n[at]),
            first_share=first,
            first_low=low,
            first_high=high,
            with_rest=one,
            flags=tuple(flags[at]),
            too_few=tuple(too_few[at]),
        )
        for at, (one, (seconds, pace, first, low, high)) in enumerate(zip(others, habits, strict=True))
    )


def tested(votes: Votes, words: Floats | Integers, rest: Rest, thin: Floats, rules: Rules) -> dict[Kind, Tested]:
    """The tests of one rater at a time, by kind."""
    level, tolerated = rules.false_discovery_rate, rules.tolerated_fast
    rater, raters = rest.rater, len(rest.names)
    return {
        Kind.ONE_SIDED: one_sided(votes, rater, raters, level=level),
        Kind.RANDOM: looks_random(rest, votes.preference + 1, thin, level=level),
        Kind.TOO_FAST: too_fast(votes, words, rater, raters, fastest=rules.fastest, tolerated=tolerated, level=level),
    }


def known(column: Floats) -> list[float | None]:
    return [None if np.isnan(value) else value for value in column.tolist()]


def gathered(
    tests: dict[Kind, Tested], copies: Copies, names: Integers, rate: float
) -> tuple[dict[int, list[Flag]], dict[int, list[Kind]]]:
    """(flags, kinds of which nothing can be said) by place of the rater in the order of ids."""
    flags: dict[int, list[Flag]] = defaultdict(list)
    too_few: dict[int, list[Kind]] = defaultdict(list)
    for kind, found in tests.items():
        q_value = q_values(found.p_value, tests=int((~np.isnan(found.p_value)).sum()))
        flagged = np.nan_to_num(q_value, nan=1.0) <= rate
        for at in np.flatnonzero(flagged).tolist():
            flags[at].append(evidence(kind, found, at, float(q_value[at])))
        for at in np.flatnonzero(found.too_few & ~flagged).tolist():
            too_few[at].append(kind)
    for pair, (first, second) in enumerate(zip(copies.first.tolist(), copies.second.tolist(), strict=True)):
        for at, other in ((first, second), (second, first)):
            flags[at].append(evidence(Kind.COPIED, copies, pair, float(copies.q_value[pair]), int(names[other])))
    for at in np.flatnonzero(copies.tested == 0).tolist():
        too_few[at].append(Kind.COPIED)
    return flags, too_few


def evidence(kind: Kind, found: Tested | Copies, at: int, q_value: float, other: int | None = None) -> Flag:
    statistic, expected = float(found.statistic[at]), float(found.expected[at])
    return Flag(kind, statistic, expected, int(found.n[at]), float(found.p_value[at]), q_value, other)
