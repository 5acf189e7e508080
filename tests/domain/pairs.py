"""Votes from counts and from short rows, for the tests of preference models, position and style."""

from collections.abc import Mapping, Sequence

import numpy as np

from backend.domain.statistics.preference_models import PairVotes
from backend.domain.statistics.votes import Votes

# (left, right) -> wins of left, ties, wins of right
Counts = Mapping[tuple[int, int], tuple[int, int, int]]


def pair_votes(counts: Counts) -> PairVotes:
    """Every vote on a prompt of its own, by a rater of its own, of unknown order."""
    rows = [
        (left, right, preference)
        for (left, right), numbers in counts.items()
        for preference, number in zip((1, 0, -1), numbers, strict=True)
        for _ in range(number)
    ]
    left, right, preference = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    n = len(rows)
    return PairVotes(left, right, preference, np.zeros_like(left), np.arange(n), np.arange(n), np.zeros((n, 0)))


def votes_of(rows: Sequence[tuple[int, int, int, int, int]]) -> Votes:
    """One vote a row: prompt, rater, candidate, preference, flipped."""
    prompt, rater, candidate, preference, flipped = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    n = len(rows)
    return Votes(
        prompt=prompt,
        rater=rater,
        comparison=prompt,
        seat=np.ones(n, dtype=np.int64),
        candidate=candidate,
        preference=preference,
        flipped=flipped,
        both_bad=np.zeros(n, dtype=np.bool_),
        seconds=np.full(n, np.nan),
    )
