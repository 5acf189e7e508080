"""For each query its nearest text, exactly. Knows no core but by what it is asked; knows no file.

Memory: the texts' features, and a block of at most some ten million pairs.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from backend.domain.bleu.core import LEVELS, Core, Level, Search, level
from backend.domain.bleu.grams import Integers, Numbers
from backend.domain.bleu.keys import NOTHING, STEPS, Floats, Measure, Role
from backend.domain.bleu.scoring import DEFAULT, ORDERS, Bleu, Counts, score
from backend.domain.bleu.texts import Texts, distinct, indexed, longest, matches

NOBODY = -1
PAIRS_A_BLOCK = 1_000_000
ROWS_A_BLOCK = 1_000
OnSettled = Callable[[int], None]


@dataclass(frozen=True)
class Nearest:
    """Of each query the nearest text (NOBODY where all score 0, or none is above what was asked), and its BLEU."""

    text: Integers
    score: Floats


def neighbours(
    queries: Sequence[str],
    core: Core,
    *,
    role: Role = Role.HYPOTHESIS,
    bleu: Bleu = DEFAULT,
    on_settled: OnSettled = lambda _: None,
) -> Nearest:
    """Each query's most similar other query. Of equal ones the first; on_settled is told how many more are settled.

    Queries of the same words are looked at once: they are each other's nearest, at 100.
    """
    numbers = Numbers(cased=bleu.cased)
    once, place, first = distinct(numbers.words(queries))
    texts = indexed(once, numbers, lonely=False)
    weights = np.bincount(place, minlength=len(first))
    state = started(texts, texts, Measure(bleu.smoothing, role, longest(texts)), same=True)
    look(state, core, lambda rows: on_settled(int(weights[rows].sum())))
    found = told(state)
    near = np.where(found.text[place] == NOBODY, NOBODY, first[found.text[place]])
    twin = twins(place, first)
    is_twin = (twin != NOBODY) & (once.lengths[place] > 0) & ((state.keys[place] < 0) | (twin < near))
    return Nearest(np.where(is_twin, twin, near), np.where(is_twin, 100.0, found.score[place]))


def twins(place: Integers, first: Integers) -> Integers:
    """For each text the first other one of the same words, or NOBODY."""
    position = np.arange(len(place))
    later = position != first[place]
    _, at = np.unique(place[later], return_index=True)
    second = np.full(len(first), NOBODY)
    second[place[later][at]] = position[later][at]
    return np.where(later, first[place], second[place])


def nearest(
    queries: Texts,
    texts: Texts,
    core: Core,
    *,
    role: Role = Role.HYPOTHESIS,
    bleu: Bleu = DEFAULT,
    above: float = 0.0,
) -> Nearest:
    """Each query's most similar text among others, if its BLEU is at least about `above`: the more, the faster."""
    state = started(queries, texts, Measure(bleu.smoothing, role, longest(queries, texts)), same=False)
    if above > 0:
        state.keys[:] = np.floor(np.log(above / 100) * STEPS) - 1
    look(state, core, lambda _: None)
    return told(state)


def started(queries: Texts, texts: Texts, measure: Measure, *, same: bool) -> Search:
    best, keys = np.full(len(queries), NOBODY, dtype=np.int64), np.full(len(queries), NOTHING)
    return Search(queries, texts, measure, same, best, keys)


def look(state: Search, core: Core, on_settled: Callable[[Integers], None]) -> None:
    """Level by level, the queries that something without the features looked at could still be nearest to."""
    rows = np.arange(len(state.queries))
    for order in LEVELS:
        features = level(state.queries, state.texts, order, state.measure)
        without = features.limits[0]
        left = [np.zeros(0, dtype=np.int64)]
        with ThreadPoolExecutor(core.threads) as pool:
            for block in pool.map(partial(swept, state, core, features), blocks(features, rows)):
                is_open = (without[block] >= state.keys[block]) & (without[block] > NOTHING)
                on_settled(block[~is_open])
                left.append(block[is_open])
        rows = np.concatenate(left)


def swept(state: Search, core: Core, features: Level, rows: Integers) -> Integers:
    core.sweep(state, features, rows)
    return rows


def blocks(features: Level, rows: Integers) -> Iterator[Integers]:
    """Rows in their order, so many at once that their pairs fit into the memory that is allowed."""
    postings = np.diff(features.texts.indptr).astype(np.int64)
    sums = np.concatenate([[0], np.cumsum(postings[features.queries.indices])])
    pairs = np.diff(sums[features.queries.indptr])[rows]
    most = np.minimum(pairs, features.texts.shape[1])
    start = 0
    while start < len(rows):
        fit = np.searchsorted(np.cumsum(most[start : start + ROWS_A_BLOCK]), PAIRS_A_BLOCK, side="right")
        yield rows[start : start + max(1, int(fit))]
        start += max(1, int(fit))


def told(state: Search) -> Nearest:
    """The best pairs with their scores, each counted and computed anew as one pair would be."""
    rows = np.flatnonzero(state.best != NOBODY)
    pairs = rows, state.best[rows]
    counts = [matches(state.queries, state.texts, order, pairs) for order in range(1, ORDERS + 1)]
    lengths = state.queries.lengths[rows], state.texts.lengths[state.best[rows]]
    hypothesis, reference = lengths if state.measure.role is Role.HYPOTHESIS else lengths[::-1]
    scores = np.zeros(len(state.queries))
    scores[rows] = [
        score(Counts(ours, theirs, (one, two, three, four)), state.measure.smoothing)
        for ours, theirs, one, two, three, four in np.stack([hypothesis, reference, *counts], axis=1).tolist()
    ]
    return Nearest(state.best, scores)
