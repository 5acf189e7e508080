"""A judge's habits: does the side decide, the length, or whose output it is? Beside people's on the same comparisons.

Intervals are over prompts, for this judge: it is one party, and no sample of judges.
"""

import re
from dataclasses import dataclass

import numpy as np

from backend.domain.judging.orders import Orders
from backend.domain.judging.verdicts import UNREAD, Verdicts, shared
from backend.domain.statistics.intervals import Interval, on_prompts_alone, over_means, over_prompts
from backend.domain.statistics.ppi import by_prompt
from backend.domain.statistics.votes import Floats, Integers, Votes

METHOD = "prompts, one judge"
SHORTEST_NAME = 4
NOT_IN_A_NAME = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class Order:
    """What showing an output first does.

    consistent: share of comparisons with both verdicts read in which they prefer the same system, or tie twice.
    first_bias: share of verdicts for the output shown first, ties at one half, less one half; of comparisons with both
    verdicts read alone, for in one order standing first can't be told from being better. first, tie, second: verdicts
    by what was chosen. unread: verdicts that could not be read.
    """

    consistent: Interval
    first_bias: Interval
    first: int
    tie: int
    second: int
    unread: int


@dataclass(frozen=True, slots=True)
class Preferring:
    """How often a kind of output is preferred, ties at one half: by the judge, by people, and the judge's excess over
    people on prompts that both judged, which is what can be held against it.
    """

    judge: Interval
    humans: Interval
    excess: Interval


def order(verdicts: Verdicts, *, orders: Orders, level: float = 0.95) -> Order:
    """Over the verdicts of one judge. orders: in which it was asked; in the others nothing is unread."""
    both = (verdicts.straight != UNREAD) & (verdicts.flipped != UNREAD)
    same = (verdicts.straight == -verdicts.flipped)[both].astype(np.float64)
    twice = np.concatenate([verdicts.straight[both], verdicts.flipped[both]])
    first = rate((twice + 1) / 2, np.tile(verdicts.prompt[both], 2), level=level)
    said = np.concatenate([verdicts.flipped if flipped else verdicts.straight for flipped in orders.flipped])
    return Order(
        consistent=rate(same, verdicts.prompt[both], level=level),
        first_bias=moved(first, by=-0.5, scale=1.0),
        first=int((said == 1).sum()),
        tie=int((said == 0).sum()),
        second=int((said == -1).sum()),
        unread=int((said == UNREAD).sum()),
    )


def is_own(judge: str, system: str) -> bool:
    """Whether a judge's model and a system go by one name, or one name holds the other, whatever the punctuation.

    “gpt-4-0613” is own to “GPT-4” and “meta-llama/Llama-2-7b-chat” to “llama-2-7b”. A short name holds by chance.
    """
    one, other = (NOT_IN_A_NAME.sub("", name.lower()) for name in (judge, system))
    if one == other:
        return bool(one)
    return min(len(one), len(other)) >= SHORTEST_NAME and (one in other or other in one)


def own_code(candidate: Integers, candidates: tuple[str, ...], baseline: str, judge: str) -> Integers:
    """Of each comparison +1 where the candidate is the judge's own, -1 the baseline, 0 neither or both; shape (m,).

    candidate: codes, shape (m,). candidates: their names.
    """
    mine = np.array([is_own(judge, name) for name in candidates], dtype=np.int64)
    return mine[candidate] - int(is_own(judge, baseline)) if len(candidates) else np.zeros(len(candidate), np.int64)


def preferring(verdicts: Verdicts, votes: Votes, kind: Integers, *, level: float = 0.95) -> Preferring:
    """How often outputs of a kind are preferred: the longer ones, or the judge's own (`own_code`).

    kind: for each comparison of `verdicts` +1 where the candidate's output is of the kind, -1 where the baseline's is,
    0 where neither or both are; those are left out. Shape (m,).
    """
    kept = (verdicts.preference != UNREAD) & (kind != 0)
    judged, towards = verdicts.where(kept), kind[kept]
    seen, at = shared(judged, votes)
    scores = (judged.preference * towards + 1) / 2
    human = (seen.preference * towards[at] + 1) / 2
    return Preferring(
        judge=rate(scores, judged.prompt, level=level),
        humans=over_prompts(human, seen.prompt, seen.rater, level=level),
        excess=excess(scores, judged, human, seen, level),
    )


def excess(scores: Floats, judged: Verdicts, human: Floats, seen: Votes, level: float) -> Interval:
    """The judge's mean less people's, paired by prompt, on the comparisons that have votes."""
    voted = np.isin(judged.comparison, seen.comparison)
    difference = by_prompt(scores[voted], judged.prompt[voted]) - by_prompt(human, seen.prompt)
    middle = over_means((difference + 1) / 2, level=level, method="prompts, paired", raters=None)
    return moved(middle, by=-1.0, scale=2.0)


def rate(scores: Floats, prompt: Integers, *, level: float = 0.95) -> Interval:
    """The mean over prompts of scores in [0, 1]; Wilson's interval where each prompt is one yes or no."""
    means = by_prompt(scores, prompt)
    if len(means) and len(means) == len(scores) and np.isin(scores, (0.0, 1.0)).all():
        return on_prompts_alone(means, level, None)
    return over_means(means, level=level, method=METHOD, raters=None)


def moved(found: Interval, *, by: float, scale: float) -> Interval:
    """An interval of scale · x + by."""
    mean, low, high = (None if one is None else scale * one + by for one in (found.mean, found.low, found.high))
    return Interval(mean, low, high, found.level, found.method, found.prompts, found.raters, found.degrees_of_freedom)
