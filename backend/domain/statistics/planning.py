"""A plan: what a design shows and costs, or the design that shows what is wanted; with its warnings in words.

Shared by the command and the page, so that both say the same.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from math import sqrt

from backend.domain.statistics.costs import Cost, Pay, cost
from backend.domain.statistics.power import (
    MOST_PROMPTS,
    Blind,
    Design,
    Limit,
    Outlook,
    fewest_prompts,
    mean_variance,
    outlook,
)
from backend.domain.statistics.sample_sizes import half_width

# The sizes that stand beside the planned one.
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a study is to reach, in shares: a half-width, a difference between two candidates, both, or nothing."""

    half_width: float | None = None
    difference: float | None = None

    @property
    def measures(self) -> list[tuple[Callable[[Outlook], float], float]]:
        """(how it is measured on an outlook, what it has to be at most)."""
        asked = [(by_half_width, self.half_width), (by_difference, self.difference)]
        return [(measure, value) for measure, value in asked if value is not None]


def by_half_width(found: Outlook) -> float:
    return found.half_width


def by_difference(found: Outlook) -> float:
    return found.between_two


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer. raters_needed: where no number of prompts reaches what is wanted, about how many raters would.

    Then `outlook` is that of the design as it was given.
    """

    outlook: Outlook
    cost: Cost
    wanted: Wanted
    raters_needed: int | None = None


def plan(design: Design, pay: Pay, wanted: Wanted | None = None) -> Plan:
    """What the design shows and costs; with something wanted, with the fewest prompts that reach it instead of its own.

    Raises ValueError for something wanted that is not larger than nothing.
    """
    asked = wanted or Wanted()
    needed = [fewest_prompts(design, measure, value) for measure, value in asked.measures]
    known = [prompts for prompts in needed if prompts is not None]
    if len(known) < len(needed):
        return Plan(outlook(design), cost(design.votes, pay), asked, enough_raters(design, asked))
    chosen = replace(design, prompts=max(known)) if known else design
    return Plan(outlook(chosen), cost(chosen.votes, pay), asked)


def enough_raters(design: Design, wanted: Wanted) -> int:
    """About how many raters reach it: as many as leave half of the variance to prompts, were these endless."""

    def enough(raters: int) -> bool:
        found = outlook(replace(design, raters=raters, prompts=MOST_PROMPTS))
        return all(measure(found) <= value / sqrt(2) for measure, value in wanted.measures)

    few, many = design.raters, 2 * design.raters
    while not enough(many) and 2 * many <= MOST_PROMPTS:
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if enough(middle) else (middle, many)
    return many


def beside(found: Plan, pay: Pay) -> list[tuple[Outlook, Cost]]:
    """The same design at a quarter, half, twice and four times its prompts, itself among them, smallest first."""
    design = found.outlook.design
    sizes = {min(MOST_PROMPTS, max(2, round(factor * design.prompts))) for factor in FACTORS}
    designs = [replace(design, prompts=prompts) for prompts in sorted(sizes)]
    return [(outlook(each), cost(each.votes, pay)) for each in designs]


def curve(found: Plan, *, steps: int = 60) -> list[tuple[int, float]]:
    """(prompts, half-width) from two prompts to four times the planned ones, evenly spaced on a logarithmic scale."""
    design = found.outlook.design
    most = min(MOST_PROMPTS, FACTORS[-1] * design.prompts)
    sizes = sorted({round(2 * (most / 2) ** (step / steps)) for step in range(steps + 1)})
    designs = (replace(design, prompts=prompts) for prompts in sizes)
    return [(each.prompts, half_width(*mean_variance(each), level=each.level)) for each in designs]


def points(share: float) -> str:
    """0.0954 → “9.5 points”."""
    return f"{100 * share:.1f} points"


def warning(limit: Limit, design: Design) -> str:
    """What a limit means, as a sentence for the researcher."""
    prompts, value = f"{design.prompts:,} prompts", points(limit.value)
    return {
        Blind.FROM_EVEN: f"{prompts} can't show that a candidate differs from the baseline by under {value}.",
        Blind.BETWEEN_TWO: f"{prompts} can't show differences between two candidates under {value}.",
        Blind.BETWEEN_ANY: f"All pairs of {design.candidates} candidates at once: no differences under {value}.",
        Blind.FIXED_PANEL: f"With {design.raters} raters the result holds for these raters only; five or more speak "
        "for others too.",
        Blind.FEW_RATERS: f"{design.raters} raters are few: how much raters differ will be known badly. 20 are enough.",
        Blind.RATERS_LIMIT: f"{design.raters} raters alone leave ± {value}, however many prompts there are: "
        "more raters narrow this more than more prompts do.",
    }[limit.kind]


def unreachable(found: Plan) -> str:
    """Why no number of prompts is enough, and what would be."""
    return (
        f"No number of prompts reaches this with {found.outlook.design.raters} raters: "
        f"about {found.raters_needed:,} raters would."
    )


def to_json(found: Plan) -> dict[str, object]:
    """Every number of a plan, in shares, hours and minor units."""
    limits = [{"kind": str(limit.kind), "value": limit.value} for limit in found.outlook.limits]
    return {
        **asdict(found.outlook),
        "limits": limits,
        "votes": found.outlook.design.votes,
        "votes_per_rater": found.outlook.design.votes_per_rater,
        "cost": asdict(found.cost),
        "wanted": asdict(found.wanted),
        "raters_needed": found.raters_needed,
    }
