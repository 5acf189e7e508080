"""Does the side on which an output is shown change the votes? Over all raters, per candidate, and per rater.

Votes of unknown order can't say; they stay out and are counted. Shares of decisive votes would hide position effects
on ties, so first, second and tie are shares of all votes whose order is known.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from backend.domain.statistics.ids import dense
from backend.domain.statistics.influence import Clusters, clusters, covariance, interval, no_interval
from backend.domain.statistics.intervals import Interval, over_prompts
from backend.domain.statistics.variance import crossing
from backend.domain.statistics.votes import Flags, Floats, Integers, Votes

POINTS = 100.0


@dataclass(frozen=True, slots=True)
class PositionEffect:
    """Shares of votes for the output shown first, for the second, and of ties; and first less second in points."""

    first: Interval
    second: Interval
    tie: Interval
    excess_points: Interval
    known: int
    unknown: int


@dataclass(frozen=True, slots=True)
class OrderEffect:
    """Win rates of one candidate by where it was shown, first less second in points, and the mean of the two.

    balanced: ½ (first + second), the win rate were each order shown equally often.
    """

    candidate: int
    first: Interval
    second: Interval
    difference_points: Interval
    balanced: Interval
    known: int
    unknown: int


@dataclass(frozen=True, slots=True)
class RaterPosition:
    """Of one rater's decisive votes the share for the first output: as counted, and drawn towards all raters'."""

    rater: int
    decisive: int
    first: int
    share: float
    shrunken: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class RaterPositions:
    """All raters with a decisive vote of known order, by id. prior_mean, prior_strength: the raters' common beta.

    prior_strength is in votes: a rater with so many stands half-way. Intervals take the prior for known.
    """

    raters: tuple[RaterPosition, ...]
    prior_mean: float | None
    prior_strength: float | None
    level: float


def position_effect(votes: Votes, *, level: float = 0.95) -> PositionEffect:
    """How often the first output was chosen, the second, or neither; intervals over prompts and raters."""
    known = votes.flipped >= 0
    prompt, rater = votes.prompt[known], votes.rater[known]
    choice = chosen(votes)[known]
    shared = crossing(prompt, rater) if len(prompt) else None
    columns = [(choice == code).astype(np.float64) for code in (1, -1, 0)]
    first, second, tie, middle = (
        over_prompts(scores, prompt, rater, level=level, known=shared) for scores in (*columns, (choice + 1) / 2.0)
    )
    return PositionEffect(first, second, tie, excess(middle), int(known.sum()), int((~known).sum()))


def chosen(votes: Votes) -> Integers:
    """+1 where the first output was chosen, -1 the second, 0 a tie; only of meaning where the order is known."""
    return np.where(votes.flipped == 1, -votes.preference, votes.preference)


def excess(middle: Interval) -> Interval:
    """From the mean of 1, ½ and 0 for first, tie and second to first less second, in points."""
    mean, low, high = (
        None if value is None else POINTS * (2 * value - 1) for value in (middle.mean, middle.low, middle.high)
    )
    return Interval(
        mean, low, high, middle.level, middle.method, middle.prompts, middle.raters, middle.degrees_of_freedom
    )


def order_effects(votes: Votes, *, level: float = 0.95) -> tuple[OrderEffect, ...]:
    """Candidate by order, one row a candidate in the order of ids."""
    candidates = dense(votes.candidate)[0].tolist()
    return tuple(order_effect(votes.where(votes.candidate == one), one, level=level) for one in candidates)


def order_effect(votes: Votes, candidate: int, *, level: float = 0.95) -> OrderEffect:
    """Win rates of the votes on one candidate, by order; prompts weigh equally within each order.

    A vote's influence on the mean of its order is (score - mean) / (prompts x votes on its prompt), all in that order;
    a prompt with votes in both orders moves both means, and the interval of their difference knows it.
    """
    known = votes.flipped >= 0
    seen = votes if known.all() else votes.where(known)
    second = seen.flipped == 1
    if_first, if_second = (
        over_prompts(seen.win_scores[at], seen.prompt[at], seen.rater[at], level=level) for at in (~second, second)
    )
    difference, balanced = combined(seen, second, level)
    return OrderEffect(candidate, if_first, if_second, difference, balanced, int(known.sum()), int((~known).sum()))


def combined(votes: Votes, second: Flags, level: float) -> tuple[Interval, Interval]:
    """(first less second in points, the mean of both). Equal votes have Wilson's interval on prompts for the mean."""
    scores, found = votes.win_scores, clusters(votes.prompt, votes.rater)
    if second.all() or not second.any() or found.prompts < 2:
        nothing = no_interval(found, "one order only" if found.prompts > 1 else "one prompt", level=level)
        return nothing, nothing
    (mean_first, of_first), (mean_second, of_second) = (
        mean_and_influence(scores, at, found) for at in (~second, second)
    )
    spread = covariance(np.stack([of_first - of_second, (of_first + of_second) / 2], axis=1), found)
    difference = interval(mean_first - mean_second, float(spread[0, 0]), found, level=level, unit=POINTS)
    if np.ptp(scores) == 0:
        return difference, over_prompts(scores, votes.prompt, votes.rater, level=level)
    return difference, within(interval((mean_first + mean_second) / 2, float(spread[1, 1]), found, level=level))


def mean_and_influence(scores: Floats, at: Flags, found: Clusters) -> tuple[float, Floats]:
    """The mean over prompts of the votes at a mask, and each vote's influence on it, 0 elsewhere; shape (n,)."""
    votes = np.bincount(found.prompt[at], minlength=found.prompts)
    weight = np.where(at, 1.0 / (np.maximum(votes, 1)[found.prompt] * int((votes > 0).sum())), 0.0)
    mean = float(weight @ scores)
    return mean, weight * (scores - mean)


def within(rate: Interval) -> Interval:
    """A rate's interval, kept inside [0, 1]."""
    low, high = (None if value is None else min(max(value, 0.0), 1.0) for value in (rate.low, rate.high))
    return Interval(rate.mean, low, high, rate.level, rate.method, rate.prompts, rate.raters, rate.degrees_of_freedom)


def rater_positions(votes: Votes, *, level: float = 0.95) -> RaterPositions:
    """Per rater the share of decisive votes for the first output, by empirical Bayes on the beta-binomial.

    Beta prior by moments, rater shares weighted by their votes. Its strength is at most the number of all votes: the
    common mean is known no better than that, even where raters differ no more than chance would have it.
    Source: J. C. Kleinman, J. Am. Stat. Assoc. 68 (1973) 46-54.
    """
    choice = chosen(votes)
    decisive = (votes.flipped >= 0) & (choice != 0)
    raters, code = dense(votes.rater[decisive])
    if len(raters) == 0:
        return RaterPositions((), None, None, level)
    totals = np.bincount(code)
    firsts = np.bincount(code[choice[decisive] > 0], minlength=len(raters))
    mean, strength = beta_prior(firsts, totals)
    above, below = mean * strength + firsts, (1 - mean) * strength + totals - firsts
    low, high = (np.asarray(stats.beta.ppf(tail, above, below)) for tail in ((1 - level) / 2, (1 + level) / 2))
    return RaterPositions(
        tuple(
            RaterPosition(int(rater), int(n), int(k), float(k / n), float(drawn), float(least), float(most))
            for rater, n, k, drawn, least, most in zip(
                raters, totals, firsts, above / (above + below), low, high, strict=True
            )
        ),
        mean,
        strength,
        level,
    )


def beta_prior(firsts: Integers, totals: Integers) -> tuple[float, float]:
    """(mean, strength in votes) of the beta distribution that raters' shares come from, by moments.

    The weighted sum of squares of the shares about their mean m expects m (1 - m) [A + r (B - A)], with r the
    correlation within raters, A = raters - 1 and B = n - Sum n_i^2 / n. Strength is 1 / r - 1. The mean is drawn to ½
    by one vote, so that it is never 0 or 1.
    """
    n = float(totals.sum())
    mean = float((firsts.sum() + 0.5) / (n + 1))
    squares = float(totals @ (firsts / totals - firsts.sum() / n) ** 2)
    chance, most = len(totals) - 1.0, n - float((totals.astype(np.float64) ** 2).sum()) / n
    if most <= chance:
        return mean, n
    correlation = (squares / (mean * (1 - mean)) - chance) / (most - chance)
    return mean, min(n, max(1 / correlation - 1, 1.0)) if correlation > 0 else n
