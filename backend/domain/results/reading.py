"""Which comparisons are worth reading first: splits, outcomes that surprise, and those rated fastest."""

from dataclasses import dataclass

import numpy as np

from backend.domain.results.candidates import outcomes_of
from backend.domain.results.exclusions import words_a_minute
from backend.domain.results.material import Material
from backend.domain.scoring import Outcomes
from backend.domain.statistics.ids import medians
from backend.domain.statistics.votes import Floats, Integers

MOST = 10


@dataclass(frozen=True, slots=True)
class ToRead:
    """A comparison by its place in the launch order. votes: for the candidate, ties, for the baseline. value: what it
    is listed for, None in a list without an order.
    """

    comparison: int
    prompt: str
    candidate: str
    votes: tuple[int, int, int]
    value: float | None


@dataclass(frozen=True, slots=True)
class WorthReading:
    """splits: without majority, in launch order. surprising: the candidate's own shares of votes give such votes the
    smallest chance (the value). fastest: most words a minute in the median of its raters (the value).
    """

    splits: tuple[ToRead, ...]
    split_count: int
    surprising: tuple[ToRead, ...]
    fastest: tuple[ToRead, ...]


def reading(material: Material) -> WorthReading:
    """At most ten of each."""
    found = outcomes_of(material)
    counts = tallies(material)
    split = found.comparison[found.split]
    surprise, speed = chances(material, found, counts), speeds(material)
    return WorthReading(
        splits=tuple(entry(material, counts, place, None) for place in split[:MOST].tolist()),
        split_count=len(split),
        surprising=listed(material, counts, surprise, smallest=True),
        fastest=listed(material, counts, speed, smallest=False),
    )


def tallies(material: Material) -> Integers:
    """Votes for the candidate, ties, votes for the baseline of each comparison; shape (comparisons, 3)."""
    votes, m = material.votes, len(material.launched)
    return np.bincount(votes.comparison * 3 + (1 - votes.preference), minlength=3 * m).reshape(m, 3)


def chances(material: Material, found: Outcomes, counts: Integers) -> Floats:
    """The chance of votes like these under their candidate's shares, for comparisons with a majority; else nan.

    The multinomial coefficient is left out: the order of the three does not matter to who is surprised.
    """
    decided = found.comparison[found.counts & found.has_majority]
    result = np.full(len(counts), np.nan)
    for code in range(len(material.candidates)):
        of = decided[material.launched.candidate[decided] == code]
        total = counts[material.launched.candidate == code].sum(axis=0)
        if len(of):
            result[of] = np.exp(counts[of] @ np.log(np.maximum(total, 1) / total.sum()) / counts[of].sum(axis=1))
    return result


def speeds(material: Material) -> Floats:
    """The median words a minute on each comparison, nan where no time is known."""
    return medians(words_a_minute(material), material.votes.comparison, len(material.launched))


def listed(material: Material, counts: Integers, values: Floats, *, smallest: bool) -> tuple[ToRead, ...]:
    """The comparisons with the smallest or largest known values; equal ones in launch order."""
    order = np.argsort(values if smallest else -values, kind="stable")[:MOST]
    known = order[~np.isnan(values[order])].tolist()
    return tuple(entry(material, counts, place, float(values[place])) for place in known)


def entry(material: Material, counts: Integers, place: int, value: float | None) -> ToRead:
    candidate, tie, baseline = counts[place].tolist()
    return ToRead(
        place,
        material.prompts[int(material.launched.prompt[place])],
        material.candidates[int(material.launched.candidate[place])],
        (candidate, tie, baseline),
        value,
    )
