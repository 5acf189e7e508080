"""What one judge said of many comparisons, as columns beside people's votes. The order of rows never matters."""

from dataclasses import dataclass, fields

import numpy as np

from backend.domain.statistics.votes import Flags, Integers, Votes

UNREAD = 9


@dataclass(frozen=True)
class Verdicts:
    """m comparisons, each once; every column of shape (m,).

    comparison, prompt, candidate: ids, as in Votes. preference: the judgement, +1 candidate, 0 tie, -1 baseline, UNREAD
    for unparsed. straight, flipped: the verdict with the candidate shown first, and second: +1 first, 0 tie, -1 second,
    UNREAD. Raises ValueError when columns differ in length, a code is none of these, or a comparison stands twice.
    """

    comparison: Integers
    prompt: Integers
    candidate: Integers
    preference: Integers
    straight: Integers
    flipped: Integers

    def __post_init__(self) -> None:
        if len({getattr(self, column.name).shape for column in fields(self)}) != 1:
            raise ValueError("the columns of verdicts must have the same length")
        codes = np.concatenate([self.preference, self.straight, self.flipped])
        if not np.isin(codes, (-1, 0, 1, UNREAD)).all():
            raise ValueError(f"verdicts are coded -1, 0, 1, or {UNREAD} where there is none")
        if len(np.unique(self.comparison)) < len(self.comparison):
            raise ValueError("a judge has one judgement of a comparison")

    def __len__(self) -> int:
        return len(self.comparison)

    def where(self, mask: Flags) -> "Verdicts":
        """The comparisons at which a mask of shape (m,) is true."""
        return Verdicts(**{column.name: getattr(self, column.name)[mask] for column in fields(self)})

    @property
    def parsed(self) -> "Verdicts":
        """The comparisons that have a judgement."""
        return self.where(self.preference != UNREAD)


def shared(verdicts: Verdicts, votes: Votes) -> tuple[Votes, Integers]:
    """(the votes on comparisons that the judge has judged, the place in `verdicts` of each of them)."""
    order = np.argsort(verdicts.comparison)
    place = np.searchsorted(verdicts.comparison, votes.comparison, sorter=order)
    at = order[np.minimum(place, len(order) - 1)] if len(order) else np.zeros(len(votes), dtype=np.int64)
    known = verdicts.comparison[at] == votes.comparison if len(order) else np.zeros(len(votes), dtype=np.bool_)
    return votes.where(known), at[known]
