"""What queries ask for, in the nine categories of Gudibande et al. 2023, Table 5: a sample, shares, agreement.

Knows no file, no person and no judge's engine.
"""

import hashlib
import heapq
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from backend.domain.statistics.agreement import Measure
from backend.domain.statistics.cohen import paired
from backend.domain.statistics.intervals import wilson

SIGN = re.compile(r"\[\[\s*([a-z_]+)\s*\]\]", re.IGNORECASE)
LEVEL = 0.95


class Category(StrEnum):
    """In the order of the keys 1 to 9, which is the paper's."""

    GENERATION = "generation"
    GENERAL_QA = "general_qa"
    CODING = "coding"
    BRAINSTORMING = "brainstorming"
    CHAT = "chat"
    SUMMARIZATION = "summarization"
    REWRITE = "rewrite"
    NON_ENGLISH = "non_english"
    INVALID = "invalid"


# Percent of 50, as Table 5 prints them. They add up to 99, and 31 is no multiple of 2, which every share of 50 is.
PAPER: Mapping[Category, int] = dict(zip(Category, (31, 16, 16, 8, 6, 4, 2, 14, 2), strict=True))


class Unread(StrEnum):
    """Why a judge's reply holds no category."""

    NO_SIGN = "no sign"
    UNKNOWN = "a sign of no category"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A random sample of different texts, in random order, and of how many it was drawn."""

    texts: tuple[str, ...]
    of: int


@dataclass(frozen=True, slots=True)
class Share:
    """A category's share of the labelled, with Wilson's intervals at 95 %: alone, and for all nine together.

    together: each of nine at 1 - 0.05/9, so that all hold at once in 95 % of samples (Bonferroni).
    """

    category: Category
    count: int
    share: float
    alone: tuple[float, float]
    together: tuple[float, float]


def drawn(texts: Iterable[str], *, size: int, seed: int) -> Drawn:
    """The texts whose hashes are smallest: each sample is equally likely, whatever order they come in.

    The same text twice is one, since a query that is copied often would be drawn often. Holds a hash of each text.
    """
    seen: set[bytes] = set()
    kept: list[tuple[int, str]] = []
    for text in texts:
        digest = hashlib.sha256(f"{seed}\0{text}".encode("utf-8", "surrogatepass")).digest()[:16]
        if digest in seen:
            continue
        seen.add(digest)
        heapq.heappush(kept, (-int.from_bytes(digest), text))
        if len(kept) > size:
            heapq.heappop(kept)
    return Drawn(tuple(text for _, text in sorted(kept, reverse=True)), len(seen))


def shares(labels: Sequence[Category]) -> tuple[Share, ...]:
    """Of each category, in their order; nothing where nothing is labelled."""
    if not labels:
        return ()
    counts, total = Counter(labels), len(labels)
    together = 1 - (1 - LEVEL) / len(Category)
    return tuple(
        Share(
            category=one,
            count=counts[one],
            share=counts[one] / total,
            alone=wilson(counts[one], total, level=LEVEL),
            together=wilson(counts[one], total, level=together),
        )
        for one in Category
    )


def agreement(pairs: Sequence[tuple[Category, Category]]) -> Measure:
    """Cohen's κ of two labels for each query, with its interval."""
    places = {one: place for place, one in enumerate(Category)}
    first = np.array([places[one] for one, _ in pairs], dtype=np.int64)
    second = np.zeros((len(Category), len(pairs)))
    second[[places[other] for _, other in pairs], np.arange(len(pairs))] = 1.0
    return paired(first, second, np.arange(len(pairs))).kappa


def category_in(reply: str) -> Category | Unread:
    """A judge's last sign, such as [[coding]]."""
    signs = SIGN.findall(reply)
    if not signs:
        return Unread.NO_SIGN
    try:
        return Category(signs[-1].lower())
    except ValueError:
        return Unread.UNKNOWN
