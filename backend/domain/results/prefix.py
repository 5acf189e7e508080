"""Which comparisons a batch that was closed early is analysed on: the beginning of its launch order.

Whoever closes a batch may have looked at it, and comparisons that were rated early need not be like the others. The
launch order was drawn before anybody rated, so its beginning is a random sample whenever the batch ends.
"""

from dataclasses import dataclass, replace

import numpy as np

from backend.domain.results.material import Material


@dataclass(frozen=True, slots=True)
class Prefix:
    """comparisons: how many, in launch order, are analysed; of `launched`. votes_beyond: votes that are left out."""

    comparisons: int
    launched: int
    votes_beyond: int


def analysed(material: Material) -> tuple[Material, Prefix]:
    """The material that results rest on, and what was left out.

    An open or complete batch is analysed whole. One that was closed early ends before the first comparison that nobody
    was ever given; seats that stayed empty before that are missing votes, with their bounds.
    """
    launched = material.launched
    untouched = np.flatnonzero(~launched.begun & ~launched.unjudgeable)
    if not material.is_closed or not len(untouched):
        return material, Prefix(len(launched), len(launched), 0)
    end = int(untouched[0])
    inside = material.votes.comparison < end
    kept = replace(
        material, votes=material.votes.where(inside), launched=launched.where(np.arange(len(launched)) < end)
    )
    return kept, Prefix(end, len(launched), int((~inside).sum()))
