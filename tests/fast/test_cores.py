"""Both cores against sacrebleu on every pair of 500 queries, and against each other to the last bit."""

import importlib.util

import numpy as np
import pytest
from sacrebleu.metrics import BLEU

from backend.domain.bleu.core import Core
from backend.domain.bleu.keys import Role
from backend.domain.bleu.leakage import leakage
from backend.domain.bleu.scoring import Bleu, Smoothing
from backend.domain.bleu.search import NOBODY, neighbours
from backend.domain.queries import Query
from backend.errors import Unavailable
from backend.fast import cores
from backend.fast.cores import CoreKind
from tests.queries import made

TEXTS = made(500, seed=7)


@pytest.fixture(scope="module")
def every_pair() -> np.ndarray:
    """sacrebleu's scores of every hypothesis (row) with every reference (column): what its sentence_score does, with
    each text's words and n-grams taken once.
    """
    bleu = BLEU(lowercase=True, effective_order=True)
    words = [bleu._preprocess_segment(text) for text in TEXTS]
    references = [bleu._extract_reference_info([one]) for one in words]
    counts = ((bleu._compute_segment_statistics(one, other) for other in references) for one in words)
    return np.array([[bleu._compute_score_from_stats(one).score for one in row] for row in counts])


@pytest.fixture(params=[CoreKind.NUMBA, CoreKind.SCIPY])
def core(request: pytest.FixtureRequest) -> Core:
    return cores.core(request.param)


@pytest.mark.long
@pytest.mark.parametrize("role", Role)
def test_500_queries_have_the_neighbours_of_sacrebleus_brute_force(
    core: Core, role: Role, every_pair: np.ndarray
) -> None:
    scores = every_pair if role is Role.HYPOTHESIS else every_pair.T
    scores = np.where(np.eye(len(TEXTS), dtype=bool), -1, scores)
    found = neighbours(TEXTS, core, role=role)
    best = scores.max(axis=1)
    assert np.abs(found.score - np.maximum(best, 0)).max() < 1e-9
    first = np.argmax(np.isclose(scores, best[:, None], rtol=1e-10, atol=0), axis=1)
    assert np.array_equal(found.text, np.where(best > 0, first, NOBODY))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("smoothing", Smoothing)
def test_both_cores_come_to_the_same_numbers(role: Role, smoothing: Smoothing) -> None:
    bleu = Bleu(smoothing)
    one, other = (
        neighbours(TEXTS, cores.core(kind), role=role, bleu=bleu) for kind in (CoreKind.NUMBA, CoreKind.SCIPY)
    )
    assert np.array_equal(one.text, other.text)
    assert np.array_equal(one.score, other.score)


def test_both_cores_find_the_same_leaks() -> None:
    train = [Query(text, "train", line) for line, text in enumerate(TEXTS[100:])]
    one, other = (leakage(TEXTS[:100], [train], cores.core(kind)) for kind in (CoreKind.NUMBA, CoreKind.SCIPY))
    assert one == other


def test_the_compiled_core_is_chosen_where_numba_is_installed() -> None:
    assert cores.core().name == "numba"
    assert cores.core().threads >= 1
    assert cores.core(CoreKind.SCIPY).name == "scipy"


def test_without_numba_the_other_core_is_chosen_and_a_wish_for_it_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert cores.core().name == "scipy"
    with pytest.raises(Unavailable, match=r"assay-eval\[fast\]"):
        cores.core(CoreKind.NUMBA)
