"""The votes of a batch as columns, one row a counted rating. The order of rows never matters to a result."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Votes:
    """n votes, every column of shape (n,).

    prompt, rater, comparison, candidate: ids, any integers; equal prompts have equal ids. seat: from 1.
    preference: +1 candidate, 0 tie, -1 baseline. flipped: 1 candidate shown second, 0 first, -1 unknown.
    both_bad: the tie was a “both bad”. seconds: active time, nan where unknown.
    Raises ValueError when columns differ in length or a code is none of these.
    """

    prompt: Integers
    rater: Integers
    comparison: Integers
    seat: Integers
    candidate: Integers
    preference: Integers
    flipped: Integers
    both_bad: Flags
    seconds: Floats

    def __post_init__(self) -> None:
        if len({getattr(self, column.name).shape for column in fields(self)}) != 1:
            raise ValueError("the columns of votes must have the same length")
        if any(np.abs(codes).max(initial=0) > 1 for codes in (self.preference, self.flipped)):
            raise ValueError("preference and flipped are coded -1, 0, 1")
        if (self.both_bad & (self.preference != 0)).any():
            raise ValueError("a both-bad vote is a tie")

    def __len__(self) -> int:
        return len(self.preference)

    def where(self, mask: Flags | Integers | slice) -> "Votes":
        """The votes at which a mask of shape (n,) is true, or at these places in their order, or in this slice."""
        return Votes(**{column.name: getattr(self, column.name)[mask] for column in fields(self)})

    @property
    def win_scores(self) -> Floats:
        """1 for the candidate, ½ for a tie, 0 for the baseline; shape (n,)."""
        return (self.preference + 1) / 2.0

    @property
    def equal_or_better_scores(self) -> Floats:
        """1 for the candidate or a tie, 0 for the baseline; shape (n,)."""
        return (self.preference >= 0).astype(np.float64)
