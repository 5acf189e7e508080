"""When a batch may stop early: intervals over prompts that hold however often somebody looks, and a rule on them.

The target is the mean over prompts for the enrolled panel: prompts enter in launch order, one value each, once all
their seats are closed, and raters must come to seats at random. The intervals don't hold for a population of raters,
nor when raters work through the launch order in long sessions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from backend.domain.statistics.betting import ConfidenceSequence, hedged
from backend.domain.statistics.votes import Flags, Floats, Integers

EVEN = 0.5


class Decision(StrEnum):
    """What an always-valid interval has settled about a candidate."""

    CANDIDATE = "candidate"
    BASELINE = "baseline"
    EQUAL = "equal"


@dataclass(frozen=True, slots=True)
class StopRule:
    """Declared before the launch.

    alpha: the chance of any wrong decision in the batch, divided evenly across its candidates. minimum: prompts before
    which nothing is decided. margin: how far from one half still counts as equal, None where equality is not asked.
    Raises ValueError for an alpha outside (0, 1), a minimum under 1, or a margin outside (0, 1/2).
    """

    alpha: float = 0.05
    minimum: int = 30
    margin: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha lies between 0 and 1, not at {self.alpha}")
        if self.minimum < 1:
            raise ValueError("a decision needs a prompt")
        if self.margin is not None and not 0 < self.margin < EVEN:
            raise ValueError(f"the margin of equality lies between 0 and 1/2, not at {self.margin}")


@dataclass(frozen=True, slots=True)
class Decided:
    """What the rule says of one candidate: numbers of prompts, None where it has not happened.

    low, high: the interval after all `prompts`. excludes_even_at: one half left the interval. within_margin_at: the
    whole interval lay within the margin. contradicted: the values drift, see ConfidenceSequence.
    """

    prompts: int
    low: float
    high: float
    excludes_even_at: int | None
    within_margin_at: int | None
    contradicted: int | None

    @property
    def decided_at(self) -> int | None:
        """The first prompt after which there was a decision."""
        return min((at for at in (self.excludes_even_at, self.within_margin_at) if at is not None), default=None)

    @property
    def decision(self) -> Decision | None:
        """The decision at `decided_at`; a difference goes before equality where both came at once."""
        if self.decided_at is None:
            return None
        if self.excludes_even_at != self.decided_at:
            return Decision.EQUAL
        return Decision.CANDIDATE if self.low > EVEN else Decision.BASELINE


@dataclass(frozen=True, slots=True)
class StopDecision:
    """The rule applied to a batch, by candidate."""

    candidates: Mapping[int, Decided]

    @property
    def may_stop(self) -> bool:
        """Every candidate has its decision."""
        return self.stops_at is not None

    @property
    def stops_at(self) -> int | None:
        """The prompt after which the last candidate had its decision; None while one has none."""
        decided = [one.decided_at for one in self.candidates.values()]
        known = [at for at in decided if at is not None]
        return max(known) if known and len(known) == len(decided) else None


def in_launch_order(means: Floats, place: Integers, closed: Flags) -> Floats:
    """The values that may enter a sequence: prompts in launch order, up to the first that still has an open seat.

    means: mean score of each prompt in any order, nan where it has no vote; place: its place in the launch; closed: all
    its seats are. Each of shape (p,). Closed prompts without a vote (unjudgeable) are passed over.
    """
    order = np.argsort(place)
    entered = order[np.logical_and.accumulate(closed[order])]
    return means[entered][~np.isnan(means[entered])]


def decide(values: Mapping[int, Floats], rule: StopRule) -> StopDecision:
    """Where each candidate's always-valid interval settles, and with that whether the batch may stop.

    values: for each candidate one value in [0, 1] a prompt, in launch order, shape (n,), n its own. Running it again
    with more prompts never changes an earlier decision. Raises ValueError for values outside [0, 1].
    """
    alpha = rule.alpha / max(len(values), 1)
    return StopDecision({candidate: decided(hedged(scores, alpha=alpha), rule) for candidate, scores in values.items()})


def decided(found: ConfidenceSequence, rule: StopRule) -> Decided:
    """The rule applied to one candidate's sequence."""
    apart = (found.low > EVEN) | (found.high < EVEN)
    margin = rule.margin or 0.0
    within = (found.low >= EVEN - margin) & (found.high <= EVEN + margin) & (rule.margin is not None)
    return Decided(
        prompts=len(found),
        low=float(found.low[-1]) if len(found) else 0.0,
        high=float(found.high[-1]) if len(found) else 1.0,
        excludes_even_at=first(apart, rule.minimum),
        within_margin_at=first(within, rule.minimum),
        contradicted=found.contradicted,
    )


def first(happened: Flags, minimum: int) -> int | None:
    """The first number of prompts, at least `minimum`, at which it has happened."""
    later = happened[minimum - 1 :]
    return int(later.argmax()) + minimum if later.any() else None
