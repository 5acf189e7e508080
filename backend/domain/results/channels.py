"""Whether raters of different channels judge differently: each channel's win rates, and the differences between them.

A channel's raters are other people than another's, and they may have met other prompts: what is compared is paired by
prompt where both channels have votes. A difference says that the recruits differ, not which of them are right.
"""

from dataclasses import dataclass

import numpy as np

from backend.domain.results.counts import median
from backend.domain.results.material import Material, of_candidate
from backend.domain.statistics.contrasts import Difference, Pair, differences
from backend.domain.statistics.intervals import Interval, over_prompts
from backend.domain.statistics.votes import Integers, Votes


@dataclass(frozen=True, slots=True)
class ChannelResult:
    """What came through one channel. win_rates: by candidate, of those who have votes there."""

    channel: str
    raters: int
    votes: int
    median_seconds: float | None
    win_rates: dict[str, Interval]


@dataclass(frozen=True, slots=True)
class ChannelEffect:
    """A candidate's win rate among the raters of `first` less that among those of `second`, the largest channel."""

    candidate: str
    first: str
    second: str
    difference: Difference


@dataclass(frozen=True, slots=True)
class Channels:
    """each: by votes, the largest first. effects: empty with a single channel; each candidate's intervals hold
    together.
    """

    each: tuple[ChannelResult, ...]
    effects: tuple[ChannelEffect, ...]


def channels(material: Material) -> Channels:
    """Channels of the votes in the seats that open at first."""
    votes = material.opening_votes
    names, code = coded(material, votes)
    apart = len(names) > 1
    return Channels(
        each=tuple(result(material, votes.where(code == of), name, apart) for of, name in enumerate(names)),
        effects=effects(material, votes, code, names) if apart else (),
    )


def coded(material: Material, votes: Votes) -> tuple[list[str], Integers]:
    """(the channels that have votes, the largest first, then by name; the code of each vote's)."""
    known = sorted(set(material.channels))
    of_rater = np.array([known.index(name) for name in material.channels], dtype=np.int64)
    counts = np.bincount(of_rater[votes.rater], minlength=len(known)).tolist()
    order = sorted((one for one in range(len(known)) if counts[one]), key=lambda one: (-counts[one], known[one]))
    place = np.full(len(known), -1, dtype=np.int64)
    place[order] = np.arange(len(order))
    return [known[one] for one in order], place[of_rater[votes.rater]]


def result(material: Material, votes: Votes, name: str, apart: bool) -> ChannelResult:
    """One channel; its win rates only where there are others to hold them against."""
    rates = {}
    for code, candidate in enumerate(material.candidates if apart else ()):
        own = of_candidate(votes, code)
        if len(own):
            rates[candidate] = over_prompts(own.win_scores, own.prompt, own.rater)
    return ChannelResult(name, len(np.unique(votes.rater)), len(votes), median(votes.seconds), rates)


def effects(material: Material, votes: Votes, code: Integers, names: list[str]) -> tuple[ChannelEffect, ...]:
    """Every other channel less the largest, for each candidate that both have votes on."""
    found = []
    for number, candidate in enumerate(material.candidates):
        own = votes.candidate == number
        there = set(code[own].tolist())
        family: list[Pair] = [(one, 0) for one in range(1, len(names)) if {0, one} <= there]
        columns = votes.win_scores[own], votes.prompt[own], votes.rater[own], code[own]
        for one in differences(*columns, family=family, seed=material.seed) if family else ():
            found.append(ChannelEffect(candidate, names[one.first], names[one.second], one))
    return tuple(found)
