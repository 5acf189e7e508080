"""The report on how alike queries are."""

import pytest

from backend.domain.bleu.diversity import SHOWN, diversity
from backend.domain.bleu.scoring import sentence_bleu
from backend.domain.bleu.search import NOBODY
from backend.domain.bleu.sparse import SparseCore
from tests.queries import made

CORE = SparseCore()
SEA = "write a poem about the sea"
STORY = "write a short story about the sea"


def test_mean_histogram_and_pairs_of_four_queries() -> None:
    """By hand: 32.1594 and 30.7394 (pinned), and twice 100."""
    found = diversity([SEA, "hi", STORY, "Hi"], CORE)
    assert found.mean == pytest.approx((32.1594 + 30.7394 + 200) / 4, abs=1e-4)
    assert found.median == pytest.approx((32.1594 + 100) / 2, abs=1e-4)
    assert found.histogram[6] == 2
    assert found.histogram[-1] == 2
    assert sum(found.histogram) == found.queries == 4
    assert found.same == 2
    assert [(pair.query, pair.nearest) for pair in found.pairs] == [(0, 2)]
    assert found.nearest == (2, 3, 0, 1)
    assert found.signature == "nrefs:1|case:lc|eff:yes|tok:13a|smooth:exp|version:2.6.0"
    assert found.core == "scipy"


def test_both_directions_take_the_higher() -> None:
    found = diversity([STORY, SEA, "something else"], CORE, both=True)
    assert found.scores[0] == found.scores[1] == pytest.approx(sentence_bleu(SEA, STORY))
    assert found.scores[2] == 0
    assert found.nearest == (1, 0, NOBODY)


def test_the_nearest_pairs_are_shown_once_each_the_nearest_first() -> None:
    found = diversity(made(120, seed=6), CORE)
    scores = [pair.score for pair in found.pairs]
    assert len({frozenset((pair.query, pair.nearest)) for pair in found.pairs}) == len(found.pairs) == SHOWN
    assert scores == sorted(scores, reverse=True)
    assert max(scores) < 100


def test_progress_is_told_once_for_each_query_and_direction() -> None:
    settled: list[int] = []
    diversity([SEA, STORY, "hi"], CORE, both=True, on_settled=settled.append)
    assert sum(settled) == 6


@pytest.mark.parametrize("queries", [[], ["alone"]])
def test_one_query_is_not_alike_to_any(queries: list[str]) -> None:
    with pytest.raises(ValueError, match="two queries"):
        diversity(queries, CORE)
