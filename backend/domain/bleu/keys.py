"""Scores of many pairs at once, as numbers that compare as the scores do: keys. Knows no text.

A key is a score's logarithm in steps of 2^-38, so that pairs whose scores are equal on paper are equal here, whatever
the order of a sum did to their last bit. It grows with every count, in floating point too: only sums, differences and
look-ups of growing numbers make it. So the key of counts that can't be exceeded bounds the key of a pair.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from backend.domain.bleu.grams import Integers
from backend.domain.bleu.scoring import ORDERS, Smoothing, stand_in

Floats = npt.NDArray[np.float64]
STEPS = 2.0**38
SPARE = 20  # counts beyond the longest text that bounds may ask for
NOTHING = -np.inf  # the key of a score of 0


class Role(StrEnum):
    """What a query is in the score: BLEU differs by direction."""

    HYPOTHESIS = "hypothesis"
    REFERENCE = "reference"


@dataclass(frozen=True)
class Measure:
    """How pairs of texts of up to `longest` words are scored, and the logarithms for it."""

    smoothing: Smoothing
    role: Role
    longest: int

    @cached_property
    def logs(self) -> Floats:
        """The logarithm of each count; of 0 it is never asked."""
        return np.log(np.maximum(np.arange(self.longest + SPARE), 1), dtype=np.float64)

    @cached_property
    def zeros(self) -> Floats:
        """What stands for the logarithm of no match, by how many orders up to this one had none."""
        with np.errstate(divide="ignore"):
            return np.log([1.0, *(stand_in(self.smoothing, zeros) for zeros in range(1, ORDERS + 1))])

    def keys(self, counts: tuple[Integers, ...], query: Integers, text: Integers) -> Floats:
        """The keys of pairs with these matches of each order, and these words in query and text."""
        hypothesis, reference = (query, text) if self.role is Role.HYPOTHESIS else (text, query)
        total = np.zeros(len(hypothesis))
        zeros = np.zeros(len(hypothesis), dtype=np.int64)
        for order, matches in enumerate(counts):
            zeros += matches == 0
            term = np.where(matches == 0, self.zeros[zeros], self.logs[matches])
            term -= self.logs[np.maximum(hypothesis - order, 1)]
            total += np.where(hypothesis > order, term, 0.0)
        words = np.maximum(hypothesis, 1)
        mean = total / np.minimum(words, ORDERS)
        keys = np.rint((mean + np.minimum(0.0, 1 - reference / words)) * STEPS)
        return np.where(counts[0] == 0, NOTHING, keys)

    def bounds(self, known: tuple[Integers, ...], query: Integers, text: Integers) -> Floats:
        """The highest keys that pairs can have with these matches of the highest orders; the lower ones are unknown."""
        shorter = np.minimum(query, text)
        unknown = (np.maximum(shorter - order, 0) for order in range(ORDERS - len(known)))
        return self.keys((*unknown, *known), query, text)
