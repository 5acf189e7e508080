"""How often two outputs of about equal style were compared: where that is rare, equal styles are an extrapolation."""

from dataclasses import dataclass
from math import log

import numpy as np

from backend.domain.features import DIFFERENCES
from backend.domain.statistics.votes import Floats

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# about equal: by less than a fifth for lengths and counts, by less than a tenth of the lines for lists
NEAR = (log(1.2), 0.1, log(1.2), log(1.2))


@dataclass(frozen=True, slots=True)
class Overlap:
    """One style difference over comparisons. Shares add up to 1: near, the candidate has more, the baseline has more.

    quantiles: of the raw difference at 5, 25, 50, 75 and 95 %, candidate less baseline. within: what counts as near.
    """

    name: str
    near: float
    candidate_more: float
    baseline_more: float
    quantiles: tuple[float, ...]
    within: float


def overlaps(raw: Floats) -> tuple[Overlap, ...]:
    """The overlap of each difference; raw: unscaled differences, shape (m, 4), one row a comparison; empty for none."""
    if len(raw) == 0:
        return ()
    return tuple(
        Overlap(
            name,
            float((np.abs(column) < within).mean()),
            float((column >= within).mean()),
            float((column <= -within).mean()),
            tuple(np.quantile(column, QUANTILES).tolist()),
            within,
        )
        for name, column, within in zip(DIFFERENCES, raw.T, NEAR, strict=True)
    )
