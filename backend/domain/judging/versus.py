"""Two judges of the same outputs: how far they agree beyond chance, and on which prompts they don't.

Prompts that either leaves unparsed have no part in the agreement; they stand in the table of both.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from backend.domain.choices import Preference
from backend.domain.statistics.cohen import Paired, paired

PREFERENCES = (Preference.CANDIDATE, Preference.TIE, Preference.BASELINE)
Told = Preference | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A prompt of which the two say different things; None: unparsed."""

    key: str
    one: Told
    other: Told


@dataclass(frozen=True, slots=True)
class Versus:
    """table: prompts by what both said, None for unparsed. agreement: on prompts that both could judge, by prompt."""

    shared: int
    parsed: int
    table: Mapping[tuple[Told, Told], int]
    agreement: Paired
    differing: tuple[Difference, ...]


def versus(one: Mapping[str, Told], other: Mapping[str, Told], *, level: float = 0.95) -> Versus:
    """one, other: key of a prompt -> what a judge said of it, the same system being the candidate of both."""
    shared = [key for key in one if key in other]
    known = [(first, second) for key in shared if (first := one[key]) and (second := other[key])]
    codes = np.array([[PREFERENCES.index(said) for said in row] for row in known], dtype=np.int64).reshape(-1, 2)
    shares = (np.arange(len(PREFERENCES))[:, None] == codes[:, 1]).astype(np.float64)
    return Versus(
        shared=len(shared),
        parsed=len(known),
        table=Counter((one[key], other[key]) for key in shared),
        agreement=paired(codes[:, 0], shares, np.arange(len(known), dtype=np.int64), level=level),
        differing=tuple(Difference(key, one[key], other[key]) for key in shared if one[key] != other[key]),
    )
