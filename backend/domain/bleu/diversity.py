"""How alike the queries of a training set are: each one's BLEU with its nearest other one. Knows no file.

The paper's measure: the mean, 8 % for its broad-coverage data and 61 % for one benchmark's instructions. The mean hides
the tail, so a histogram and the nearest pairs stand beside it. BLEU sees words: a paraphrase counts as different.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from backend.domain.bleu.core import Core
from backend.domain.bleu.grams import Integers
from backend.domain.bleu.keys import Role
from backend.domain.bleu.scoring import DEFAULT, Bleu
from backend.domain.bleu.search import NOBODY, Nearest, neighbours

BINS = 20
SAME = 100.0 - 1e-9
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and its nearest other one, by their places in what was given."""

    query: int
    nearest: int
    score: float


@dataclass(frozen=True, slots=True)
class Diversity:
    """scores, nearest: for each query, 0 and NOBODY where it has no word in common with any other.

    histogram: queries in each of twenty equal ranges of BLEU, 100 in the last. same: queries that another one equals in
    all its words. pairs: the nearest below that, each pair once.
    """

    queries: int
    mean: float
    median: float
    histogram: tuple[int, ...]
    same: int
    pairs: tuple[Pair, ...]
    scores: tuple[float, ...]
    nearest: tuple[int, ...]
    signature: str
    core: str


def diversity(
    queries: Sequence[str],
    core: Core,
    *,
    both: bool = False,
    bleu: Bleu = DEFAULT,
    on_settled: Callable[[int], None] = lambda _: None,
) -> Diversity:
    """The report. both: the higher BLEU of either direction, instead of the query as the hypothesis.

    on_settled is told how many more queries are settled: once for each, twice with `both`. Raises ValueError for fewer
    than two queries.
    """
    if len(queries) < 2:
        raise ValueError("it takes two queries to tell how alike they are")
    found = neighbours(queries, core, bleu=bleu, on_settled=on_settled)
    if both:
        back = neighbours(queries, core, role=Role.REFERENCE, bleu=bleu, on_settled=on_settled)
        found = higher(found, back)
    counts, _ = np.histogram(np.minimum(found.score, 100), bins=BINS, range=(0, 100))
    return Diversity(
        queries=len(queries),
        mean=float(found.score.mean()),
        median=float(np.median(found.score)),
        histogram=tuple(counts.tolist()),
        same=int((found.score >= SAME).sum()),
        pairs=tuple(pairs(found)),
        scores=tuple(found.score.tolist()),
        nearest=tuple(found.text.tolist()),
        signature=bleu.signature,
        core=core.name,
    )


def higher(one: Nearest, other: Nearest) -> Nearest:
    """For each query the nearer of two; of equals the first."""
    better = (other.score > one.score) | ((other.score == one.score) & (other.text < one.text))
    return Nearest(np.where(better, other.text, one.text), np.where(better, other.score, one.score))


def pairs(found: Nearest) -> list[Pair]:
    """The nearest pairs that are not the same, each once, the nearest first."""
    chosen: dict[tuple[int, int], Pair] = {}
    order: Integers = np.lexsort((found.text, -found.score))
    for query in order.tolist():
        other, score = int(found.text[query]), float(found.score[query])
        if other != NOBODY and score < SAME:
            chosen.setdefault((min(query, other), max(query, other)), Pair(query, other, score))
        if len(chosen) == SHOWN:
            break
    return list(chosen.values())
