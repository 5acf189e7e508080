"""How often flags are right: simulated studies of honest and planted raters, and the rates that come out.

Every comparison has a true preference. An honest rater sees it with that rater's skill, and else says one of the
other two preferences; reads at that rater's pace; may lean a little to one side.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from backend.domain.statistics.flags import RULES, Kind, RaterReport, Rules, rater_reports
from backend.domain.statistics.votes import Flags, Floats, Integers, Votes

ONE_SIDED, CLICKER, OTHER_CLICKER, COPYCAT, COPIED, HASTY = range(6)
PLANTED = {
    ONE_SIDED: Kind.ONE_SIDED,
    CLICKER: Kind.RANDOM,
    OTHER_CLICKER: Kind.RANDOM,
    COPYCAT: Kind.COPIED,
    HASTY: Kind.TOO_FAST,
}
PREFERENCES = (0.35, 0.2, 0.45)
WORDS, WORDS_A_MINUTE, HASTE = 240, 250, 1_200


@dataclass(frozen=True, slots=True)
class Design:
    """A simulated study: crews of raters who rate the same prompts, three seats a comparison, drawn at random.

    prompts: of each crew; a rater has prompts · 3 / crew votes, two raters share prompts · 6 / (crew · (crew - 1)).
    skills: the least and the largest of honest raters. lean: standard deviation of their share of first about a half.
    planted: in the first crew, rater 0 is one-sided (says first with position_bias, if decided), 1 and 2 click at
    random, 3 copies 4 wherever both are seated, 5 reads too fast.
    """

    crews: int = 5
    crew: int = 8
    prompts: int = 700
    skills: tuple[float, float] = (0.55, 0.85)
    lean: float = 0.0
    planted: bool = False
    position_bias: float = 0.6


@dataclass(frozen=True, slots=True)
class FlagRates:
    """Over simulated studies: of honest raters, the share flagged; of planted ones, the share found, by kind.

    false_studies: the share of studies in which any honest rater was flagged for anything. The one who is copied
    votes honestly, and is named with the copycat: neither honest nor planted here.
    """

    studies: int
    honest: int
    false_by_kind: dict[Kind, float]
    false_by_any: float
    false_studies: float
    found: dict[Kind, float]


def flag_rates(rng: np.random.Generator, design: Design, *, studies: int, rules: Rules = RULES) -> FlagRates:
    """Simulates so many studies, at least one, and counts who was flagged."""
    false, found = Counter[Kind](), Counter[Kind]()
    any_false = false_studies = honest = 0
    for _ in range(studies):
        votes, words = simulated(rng, design)
        reports = rater_reports(votes, words, rules=rules)
        wrong = [kinds_of(one) for one in reports if not design.planted or one.rater > HASTY]
        honest += len(wrong)
        any_false += sum(1 for kinds in wrong if kinds)
        false_studies += any(wrong)
        false.update(kind for kinds in wrong for kind in kinds)
        if design.planted:
            found.update(kind for rater, kind in PLANTED.items() if kind in kinds_of(reports[rater]))
    planted = Counter(PLANTED.values())
    return FlagRates(
        studies=studies,
        honest=honest,
        false_by_kind={kind: false[kind] / honest for kind in Kind},
        false_by_any=any_false / honest,
        false_studies=false_studies / studies,
        found={kind: found[kind] / (studies * planted[kind]) for kind in Kind} if design.planted else {},
    )


def kinds_of(report: RaterReport) -> frozenset[Kind]:
    return frozenset(flag.kind for flag in report.flags)


def simulated(rng: np.random.Generator, design: Design) -> tuple[Votes, Floats]:
    """(the votes of one study, the words of each vote's two outputs); raters are numbered from 0, crew by crew."""
    comparisons, raters = design.crews * design.prompts, design.crews * design.crew
    seated = np.argsort(rng.random((comparisons, design.crew)), axis=1)[:, :3]
    rater = (seated + (np.arange(comparisons) // design.prompts * design.crew)[:, None]).ravel()
    comparison = np.repeat(np.arange(comparisons), 3)
    truth = rng.choice(3, comparisons, p=PREFERENCES)[comparison] - 1
    skill, lean = rng.uniform(*design.skills, raters), rng.normal(0, design.lean, raters)
    pace = WORDS_A_MINUTE * np.exp(rng.normal(0, 0.3, raters))
    random = np.zeros(raters, dtype=np.bool_)
    if design.planted:
        lean[ONE_SIDED], pace[HASTY] = design.position_bias - 0.5, HASTE
        random[[CLICKER, OTHER_CLICKER]] = True
    flipped = rng.integers(0, 2, len(rater))
    preference = clicked(rng, truth, flipped, skill[rater], lean[rater], random[rater])
    if design.planted:
        preference = with_copies(preference.reshape(-1, 3), rater.reshape(-1, 3))
    words = np.repeat(np.ceil(WORDS * np.exp(rng.normal(0, 0.4, comparisons))), 3)
    seconds = 60 * words / (pace[rater] * np.exp(rng.normal(0, 0.4, len(rater))))
    return votes_of(comparison, rater, preference, flipped, seconds), words


def votes_of(comparison: Integers, rater: Integers, preference: Integers, flipped: Integers, seconds: Floats) -> Votes:
    """One candidate, one comparison a prompt."""
    return Votes(
        prompt=comparison,
        rater=rater,
        comparison=comparison,
        seat=np.tile(np.arange(1, 4), len(rater) // 3),
        candidate=np.zeros(len(rater), dtype=np.int64),
        preference=preference,
        flipped=flipped,
        both_bad=np.zeros(len(rater), dtype=np.bool_),
        seconds=seconds,
    )


def clicked(
    rng: np.random.Generator, truth: Integers, flipped: Integers, skill: Floats, lean: Floats, random: Flags
) -> Integers:
    """What each vote says; all of shape (n,). A lean of .1 turns a fifth of decisive votes to the first side."""
    other = (truth + 1 + rng.integers(1, 3, len(truth))) % 3 - 1
    preference = np.where(rng.random(len(truth)) < skill, truth, other)
    leaning = (rng.random(len(truth)) < 2 * np.abs(lean)) & (preference != 0)
    preference = np.where(leaning, np.where(lean > 0, 1, -1) * (1 - 2 * flipped), preference)
    return np.where(random, rng.integers(0, 3, len(truth)) - 1, preference)


def with_copies(preference: Integers, rater: Integers) -> Integers:
    """The copycat's votes are the other's wherever both are seated; preference, rater: shape (m, 3)."""
    both = ((rater == COPYCAT).any(axis=1) & (rater == COPIED).any(axis=1))[:, None]
    source = (preference * (rater == COPIED)).sum(axis=1)[:, None]
    return np.where(both & (rater == COPYCAT), source, preference).ravel()
