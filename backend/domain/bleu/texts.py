"""Texts as rows of features, one matrix an order: two texts' clipped matches are the features that both rows have.

Knows no score.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from backend.domain.bleu.grams import Integers, Numbers, Occurrences, Words, occurrences
from backend.domain.bleu.scoring import ORDERS

PAIRS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Texts:
    """lengths: words a text. orders: for each order a matrix of texts × features, 1 where a text has one.

    The first four are orders 1 to 4; beyond them stand those that were asked for.
    """

    lengths: Integers
    orders: tuple[sparse.csr_array[np.int8], ...]

    def __len__(self) -> int:
        return len(self.lengths)


def indexed(words: Words, numbers: Numbers, *, lonely: bool, beyond: Sequence[int] = ()) -> Texts:
    """Texts whose words are numbers already. beyond: further orders, which ascend; see `occurrences` for lonely."""
    found = occurrences(words, numbers, orders=[*range(1, ORDERS + 1), *beyond], lonely=lonely)
    return Texts(words.lengths, tuple(matrix(one, len(words.lengths)) for one in found))


def matrix(found: Occurrences, texts: int) -> sparse.csr_array[np.int8]:
    ones = np.ones(len(found.text), dtype=np.int8)
    places = found.text.astype(np.int32), found.feature.astype(np.int32)
    made = sparse.csr_array((ones, places), shape=(texts, found.features))
    made.sort_indices()
    return made


def matches(queries: Texts, texts: Texts, order: int, pairs: tuple[Integers, Integers]) -> Integers:
    """The clipped matches of one order of some pairs (query, text)."""
    one, other = pairs
    counted = np.zeros(len(one), dtype=np.int64)
    for start in range(0, len(one), PAIRS_AT_ONCE):
        some = slice(start, start + PAIRS_AT_ONCE)
        both = queries.orders[order - 1][one[some]].multiply(texts.orders[order - 1][other[some]])
        counted[some] = both.sum(axis=1)
    return counted


def distinct(words: Words) -> tuple[Words, Integers, Integers]:
    """(each list of words once, in the order of their first text; where each text's is; the first text of each)."""
    ends = np.cumsum(words.lengths)
    seen: dict[bytes, int] = {}
    place = np.array(
        [
            seen.setdefault(words.words[end - size : end].tobytes(), len(seen))
            for end, size in zip(ends, words.lengths, strict=True)
        ],
        dtype=np.int64,
    )
    _, first = np.unique(place, return_index=True)
    kept = np.repeat(np.isin(np.arange(len(place)), first), words.lengths)
    return Words(words.words[kept], words.lengths[first]), place, first.astype(np.int64)


def longest(*texts: Texts) -> int:
    """The most words that one of these has."""
    return max((int(one.lengths.max(initial=0)) for one in texts), default=0)
