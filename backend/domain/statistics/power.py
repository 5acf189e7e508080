"""What a study of a given size can show, before it is launched; and which size shows what is wanted.

Half-widths are those of the default interval, over prompts and raters. Knows designs, no votes.

Source of the variances: S. R. Searle, G. Casella, C. E. McCulloch, Variance Components (1992), ch. 5.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf

from backend.domain.statistics.intervals import FEW_RATERS, FEWEST_RATERS
from backend.domain.statistics.sample_sizes import detectable, difference_variance, half_width

MOST_PROMPTS = 10_000_000


@dataclass(frozen=True, slots=True)
class Design:
    """A study as it might be launched: one vote a seat, raters at random with equal loads.

    ties: share of votes without a preference. mean: the expected win rate. prompt_icc, rater_icc: what share of a
    vote's variance belongs to its prompt, and to its rater. pairing: correlation of two candidates' scores on a prompt.
    level: of the interval; power: the chance to show a difference that is there. Raises ValueError, with a sentence,
    for what can't be launched or can't be.
    """

    prompts: int = 255
    raters: int = 20
    seats: int = 3
    candidates: int = 1
    ties: float = 0.25
    mean: float = 0.5
    prompt_icc: float = 0.2
    rater_icc: float = 0.05
    pairing: float = 0.3
    level: float = 0.95
    power: float = 0.8

    def __post_init__(self) -> None:
        if self.prompts < 2:
            raise ValueError("an interval needs two prompts or more")
        if min(self.seats, self.candidates) < 1:
            raise ValueError("a study needs a seat and a candidate")
        if max(self.prompts, self.raters, self.seats, self.candidates) > MOST_PROMPTS:
            raise ValueError(f"plans end at {MOST_PROMPTS:,} prompts, and at as many raters")
        if self.raters < self.seats * self.candidates:
            raise ValueError(
                "a rater meets a prompt once, so seats times candidates "
                f"({self.seats} × {self.candidates}) need {self.seats * self.candidates} raters or more"
            )
        if not 0 <= self.ties < 1 or not self.ties / 2 <= self.mean <= 1 - self.ties / 2:
            raise ValueError("the ties leave no room for this win rate")
        if not (self.prompt_icc >= 0 and self.rater_icc >= 0 and self.prompt_icc + self.rater_icc <= 1):
            raise ValueError("prompts' and raters' shares of the variance lie between 0 and 1, together too")
        if not -1 <= self.pairing < 1:
            raise ValueError("a correlation of two candidates lies between -1 and 1")
        if not 0 < self.level < 1 or not 0.5 <= self.power < 1:
            raise ValueError("the level lies between 0 and 1, the power between 1/2 and 1")

    @property
    def votes(self) -> int:
        """All votes of the study."""
        return self.prompts * self.seats * self.candidates

    @property
    def votes_per_rater(self) -> float:
        """Votes each rater gives, with equal loads."""
        return self.votes / self.raters


def score_variance(mean: float, ties: float) -> float:
    """The variance of one vote's score: 1 for a win, 1/2 for a tie, 0 for a loss."""
    return mean * (1 - mean) - ties / 4


def mean_variance(design: Design) -> tuple[float, float]:
    """(variance, degrees of freedom) of one candidate's mean over prompts, as the default interval will see it.

    V = v [ icc_p / prompts + icc_r / raters + rest / (prompts · seats) ], with Satterthwaite's degrees of freedom.
    Under five raters it is the fixed panel's, for which raters count only by who of them sat on which prompt.
    """
    prompts, seats = design.prompts, design.seats
    raters = min(design.raters, prompts * seats)
    total = score_variance(design.mean, design.ties)
    rest = 1 - design.prompt_icc - design.rater_icc
    if design.raters < FEWEST_RATERS:
        seated = design.rater_icc * (1 - seats / raters) / seats
        return total * (design.prompt_icc + rest / seats + seated) / prompts, prompts - 1.0
    # Where raters are many and give few votes each, their differences are what tells about the rest.
    freedoms = [prompts - 1, raters - 1, max(prompts * (seats - 1) - raters + 1, raters - 1)]
    parts = [design.prompt_icc / prompts, design.rater_icc / raters, rest / (prompts * seats)]
    if seats == 1:  # one vote a prompt can't tell the prompt's part from the rest
        parts, freedoms = [parts[0] + parts[2], parts[1]], freedoms[:2]
    share = sum(parts)
    freedom = share**2 / sum(part**2 / of for part, of in zip(parts, freedoms, strict=True)) if share > 0 else inf
    return total * share, freedom


class Blind(StrEnum):
    """What a size can't show, or what its interval doesn't hold for."""

    FROM_EVEN = "from_even"
    BETWEEN_TWO = "between_two"
    BETWEEN_ANY = "between_any"
    FIXED_PANEL = "fixed_panel"
    FEW_RATERS = "few_raters"
    RATERS_LIMIT = "raters_limit"


@dataclass(frozen=True, slots=True)
class Limit:
    """One of them with its number: a difference under which nothing shows, raters, or a least half-width."""

    kind: Blind
    value: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a design will show, in shares (.05 is 5 points).

    half_width: of each candidate's default interval. from_even, between_two: smallest differences found with the
    design's power. between_any: the same for all pairs of candidates at once (Bonferroni), None for under three.
    floor: the half-width that endless prompts would leave with these raters. design_effect: variance over that of as
    many independent votes.
    """

    design: Design
    half_width: float
    from_even: float
    between_two: float
    between_any: float | None
    floor: float
    design_effect: float
    limits: tuple[Limit, ...]


def outlook(design: Design) -> Outlook:
    """All that can be said of a design before its launch."""
    variance, freedom = mean_variance(design)
    level, power = design.level, design.power
    between = difference_variance(variance, design.pairing)
    pairs = design.candidates * (design.candidates - 1) // 2
    independent = score_variance(design.mean, design.ties) / (design.prompts * design.seats)
    found = Outlook(
        design=design,
        half_width=half_width(variance, freedom, level=level),
        from_even=detectable(variance, freedom, level=level, power=power),
        between_two=detectable(between, freedom, level=level, power=power),
        between_any=(detectable(between, freedom, level=1 - (1 - level) / pairs, power=power) if pairs > 1 else None),
        floor=floor(design),
        design_effect=variance / independent if independent else 1.0,
        limits=(),
    )
    return replace(found, limits=limits(found))


def floor(design: Design) -> float:
    """The half-width that is left with endless prompts: more prompts don't tell raters apart."""
    if design.raters < FEWEST_RATERS:
        return 0.0
    variance = score_variance(design.mean, design.ties) * design.rater_icc / design.raters
    return half_width(variance, design.raters - 1, level=design.level)


def limits(found: Outlook) -> tuple[Limit, ...]:
    """What this size can't show, as data; words are for those who print it."""
    listed = [Limit(Blind.FROM_EVEN, found.from_even), Limit(Blind.BETWEEN_TWO, found.between_two)]
    if found.between_any is not None:
        listed.append(Limit(Blind.BETWEEN_ANY, found.between_any))
    raters = found.design.raters
    if raters < FEWEST_RATERS:
        listed.append(Limit(Blind.FIXED_PANEL, raters))
    elif raters < FEW_RATERS:
        listed.append(Limit(Blind.FEW_RATERS, raters))
    if found.floor > found.half_width / 2:
        listed.append(Limit(Blind.RATERS_LIMIT, found.floor))
    return tuple(listed)


def fewest_prompts(design: Design, measure: Callable[[Outlook], float], wanted: float) -> int | None:
    """The fewest prompts with which a measure, such as the half-width, is at most `wanted`; else as in the design.

    None where no number of prompts is enough, because too few raters are left to average over. Raises ValueError for
    nothing wanted.
    """
    if not wanted > 0:
        raise ValueError("a half-width or a difference is larger than nothing")

    def enough(prompts: int) -> bool:
        return measure(outlook(replace(design, prompts=prompts))) <= wanted

    if not enough(MOST_PROMPTS):
        return None
    few, many = 1, MOST_PROMPTS
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if enough(middle) else (middle, many)
    return many
