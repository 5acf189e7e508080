"""Tests of one rater at a time: one-sided, too fast, random. One p-value a rater, nan where there is nothing to test.

What a small p-value says, and what a large one does not: a rater of whom too little is known is `too_few`, not cleared.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from backend.domain.statistics.ids import dense, distinct, medians
from backend.domain.statistics.rater_agreement import FEWEST_SHARED, Rest, shares_by_rater
from backend.domain.statistics.votes import Flags, Floats, Integers, Votes

LEVEL = 0.05
# The bias that a test of sides should find in half of the raters who have it; with fewer votes it says nothing.
NOTABLE_BIAS = 0.1
# Exact two-sided p-values of fewer decisive votes are above .05 whatever they are: 2 · .5⁵ = .0625.
FEWEST_DECISIVE = 6
FEWEST_RATERS = 3
# Of the median rater's agreement beyond chance: less is less than honest raters of every skill should show.
HONEST = 2 / 3
# One-sided level at which a rater shows agreement beyond chance, and so looks.
LOOKING = 0.01


@dataclass(frozen=True)
class Tested:
    """One kind of test, one entry a rater, each of shape (r,).

    statistic: what was measured; expected: what it was held against; n: votes it rests on. too_few: had this rater
    alone been what the test looks for, it would more likely have been missed than found among so many.
    """

    statistic: Floats
    expected: Floats
    n: Integers
    p_value: Floats
    too_few: Flags


def one_sided(votes: Votes, rater: Integers, raters: int, *, level: float = LEVEL) -> Tested:
    """Exact tests of the share of first among decisive votes of known order; rater: 0..raters-1, shape (n,).

    Sides are balanced by design, so somebody without a lean chooses first half of the time, whoever wins. But where
    all lean a little, it is the layout and not this rater. So the share must be beyond a half (binomial) and beyond
    the other raters' share (hypergeometric, which knows how little the others may have voted), on the same side: the
    p-value is the larger of the two, doubled for two sides, and its level is exact under either null.
    """
    known = (votes.preference != 0) & (votes.flipped >= 0)
    first = known & (votes.preference * (1 - 2 * votes.flipped) == 1)
    n, chosen = np.bincount(rater[known], minlength=raters), np.bincount(rater[first], minlength=raters)
    low, high = np.asarray(stats.binom.cdf(chosen, n, 0.5)), np.asarray(stats.binom.sf(chosen - 1, n, 0.5))
    total, firsts = int(n.sum()), int(chosen.sum())
    # only p-values up to the level matter to false discoveries, and these sums are long; without others a half is all
    close = (np.minimum(low, high) * 2 <= level) & (n < total)
    some, drawn = chosen[close], n[close]
    low[close] = np.maximum(low[close], stats.hypergeom.cdf(some, total, firsts, drawn))
    high[close] = np.maximum(high[close], stats.hypergeom.sf(some - 1, total, firsts, drawn))
    share = chosen / np.maximum(n, 1)
    others = np.where(total > n, (firsts - chosen) / np.maximum(total - n, 1), 0.5)
    expected = np.clip(share, np.minimum(others, 0.5), np.maximum(others, 0.5))
    p_value = np.where(n >= FEWEST_DECISIVE, np.minimum(1.0, 2 * np.minimum(low, high)), np.nan)
    enough = (float(stats.norm.ppf(1 - level_of_one(p_value, level) / 2)) / (2 * NOTABLE_BIAS)) ** 2
    return Tested(share, expected, n, p_value, n < enough)


def too_fast(
    votes: Votes,
    words: Floats | Integers,
    rater: Integers,
    raters: int,
    *,
    fastest: float,
    tolerated: float,
    level: float = LEVEL,
) -> Tested:
    """Exact binomial test of the share of votes given faster than both outputs can be read.

    words: of both outputs together, shape (n,). fastest: words a minute. tolerated: the share of such votes that
    is no sign of anything, as one line may settle a comparison. Too few: a share halfway to all would be missed.
    """
    timed = ~np.isnan(votes.seconds)
    quick = timed & (np.where(timed, words * 60.0, 0.0) > np.where(timed, votes.seconds, np.inf) * fastest)
    n, fast = np.bincount(rater[timed], minlength=raters), np.bincount(rater[quick], minlength=raters)
    p_value = np.where(n > 0, stats.binom.sf(fast - 1, n, tolerated), np.nan)
    critical = stats.binom.ppf(1 - level_of_one(p_value, level), n, tolerated)
    found = stats.binom.sf(critical, n, (1 + tolerated) / 2)
    return Tested(fast / np.maximum(n, 1), np.full(raters, tolerated), n, p_value, (n == 0) | (found < 0.5))


def looks_random(rest: Rest, label: Integers, thin: Floats, *, level: float = LEVEL) -> Tested:
    """Tests whether a rater agrees with the others of the same comparisons less than somebody who looks.

    The measure is agreement beyond what the rater's own shares of labels would give by chance: 0 for a random clicker,
    however lopsided. The null is honest: at least two thirds of the median rater's. A flag needs both: significantly
    less than that (Student's test on one number a comparison; variance no smaller than the median rater's, so that a
    rater who always says one thing is no certainty), and no sign of any agreement beyond chance. Votes that share
    prompts count as their prompts. Without agreement in the pool itself, or with two raters, nothing can be said.
    rest: what the others said; label: of the votes, shape (n,). thin: of `prompts_a_vote`.
    """
    raters = len(rest.names)
    n = np.bincount(rest.rater[rest.shared], minlength=raters)
    beyond, variance = beyond_chance(rest, label, n)
    usable = n >= FEWEST_SHARED
    if usable.sum() < FEWEST_RATERS:
        return Tested(beyond, np.full(raters, np.nan), n, np.full(raters, np.nan), np.ones(raters, dtype=np.bool_))
    typical = float(np.median(beyond[usable]))
    of_median = np.pi / 2 * float(beyond[usable].var(ddof=1)) / int(usable.sum())
    effective = np.maximum(n * thin, 2)
    noise = np.sqrt(np.maximum(variance, np.median(variance[usable])) / effective)
    noise = np.maximum(np.sqrt(noise**2 + HONEST**2 * of_median), np.finfo(np.float64).tiny)
    p_value = stats.t.cdf((beyond - HONEST * typical) / noise, effective - 1)
    p_value = np.where(beyond > stats.t.ppf(1 - LOOKING, effective - 1) * noise, 1.0, p_value)
    agreeing = typical > float(stats.norm.ppf(1 - level)) * np.sqrt(of_median)
    p_value = np.where(usable & agreeing, p_value, np.nan)
    critical = stats.t.ppf(1 - level_of_one(p_value, level), effective - 1)
    too_few = np.isnan(p_value) | (HONEST * typical < critical * noise)
    return Tested(beyond, np.full(raters, typical), n, p_value, too_few)


def level_of_one(p_value: Floats, level: float) -> float:
    """The level at which a single discovery is made among these tests."""
    return level / max(int((~np.isnan(p_value)).sum()), 1)


def beyond_chance(rest: Rest, label: Integers, n: Integers) -> tuple[Floats, Floats]:
    """(agreement beyond chance, variance of one comparison's part in it), each of shape (r,), 0 where n < 2.

    It is the sum over labels of the covariance, over the rater's comparisons, of having given the label and of the
    share of the others who gave it.
    """
    own, met = shares_by_rater(rest, label)
    row = np.arange(len(label))
    part = rest.others[label, row] - met[label, rest.rater] + (own * met).sum(axis=0)[rest.rater]
    for code, others in enumerate(rest.others):
        part = part - own[code, rest.rater] * others
    part = np.where(rest.shared, part, 0.0)
    freedom = np.maximum(n - 1, 1)
    beyond = np.bincount(rest.rater, part, minlength=len(n)) / freedom
    squares = np.where(rest.shared, (part - beyond[rest.rater]) ** 2, 0.0)
    return beyond, np.bincount(rest.rater, squares, minlength=len(n)) / freedom


def prompts_a_vote(votes: Votes, rater: Integers, raters: int) -> Floats:
    """Distinct prompts of each rater over votes, shape (r,): 1 in a batch, less where comparisons share prompts."""
    prompts, prompt = dense(votes.prompt)
    met = distinct(rater, prompt, rows=raters, columns=len(prompts))
    found: Floats = met / np.maximum(np.bincount(rater, minlength=raters), 1)
    return found


def paces(votes: Votes, words: Floats | Integers, rater: Integers, raters: int) -> tuple[Floats, Floats]:
    """(median seconds, median words a minute) of each rater, shape (r,), nan where no time is known."""
    minutes = np.where(votes.seconds > 0, votes.seconds, np.nan) / 60
    return medians(votes.seconds, rater, raters), medians(words / minutes, rater, raters)
