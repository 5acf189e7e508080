"""Keys compare as scores do, and bounds bound."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.bleu.keys import NOTHING, STEPS, Measure, Role
from backend.domain.bleu.scoring import ORDERS, Counts, Smoothing, score

LONGEST = 12
MEASURES = st.builds(Measure, st.sampled_from(Smoothing), st.sampled_from(Role), st.just(LONGEST))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[int, int, tuple[int, ...]]:
    """(words of the query, of the text, matches): an order never matches more often than the one below it."""
    query, text = draw(st.integers(0, LONGEST)), draw(st.integers(0, LONGEST))
    matches, most = [], LONGEST
    for order in range(ORDERS):
        most = draw(st.integers(0, max(0, min(most, query - order, text - order))))
        matches.append(most)
    return query, text, tuple(matches)


def key(measure: Measure, query: int, text: int, matches: tuple[int, ...]) -> float:
    counts = tuple(np.array([count]) for count in matches)
    return float(measure.keys(counts, np.array([query]), np.array([text]))[0])


@given(MEASURES, pairs())
def test_a_key_is_the_logarithm_of_the_score(measure: Measure, pair: tuple[int, int, tuple[int, ...]]) -> None:
    query, text, (first, second, third, fourth) = pair
    lengths = (query, text) if measure.role is Role.HYPOTHESIS else (text, query)
    expected = score(Counts(*lengths, (first, second, third, fourth)), measure.smoothing)
    found = key(measure, *pair)
    assert (found == NOTHING) == (expected == 0)
    if expected:
        assert abs(100 * np.exp(found / STEPS) - expected) < 1e-9


@given(MEASURES, pairs(), st.integers(0, ORDERS))
def test_no_key_is_above_its_bound(measure: Measure, pair: tuple[int, int, tuple[int, ...]], unknown: int) -> None:
    query, text, matches = pair
    known = tuple(np.array([count]) for count in matches[unknown:])
    bound = measure.bounds(known, np.array([query]), np.array([text]))[0] if known else 0.0
    assert key(measure, *pair) <= bound


def test_products_that_are_equal_on_paper_have_equal_keys() -> None:
    """6 · 2 = 4 · 3, though their logarithms don't add up to the same last bit."""
    measure = Measure(Smoothing.EXP, Role.HYPOTHESIS, LONGEST)
    assert key(measure, 10, 10, (6, 2, 1, 1)) == key(measure, 10, 10, (4, 3, 1, 1))
