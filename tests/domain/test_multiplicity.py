"""False-discovery rates against SciPy's and the example of the paper."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from backend.domain.statistics.multiplicity import q_values

# Benjamini and Hochberg (1995), section 4.1: of fifteen comparisons of treatments four are discoveries at 5 %.
PAPER = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
]  # fmt: skip


def test_the_paper_s_example_has_four_discoveries() -> None:
    assert int((q_values(np.array(PAPER), tests=15) <= 0.05).sum()) == 4


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.booleans())
def test_q_values_are_scipy_s(p_values: list[float], any_dependence: bool) -> None:
    found = q_values(np.array(p_values), tests=len(p_values), any_dependence=any_dependence)
    expected = stats.false_discovery_control(p_values, method="by" if any_dependence else "bh")
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_test_that_was_not_made_counts_for_nothing() -> None:
    found = q_values(np.array([0.01, np.nan, 0.04]), tests=2)
    assert found.tolist() == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)
    assert np.isnan(q_values(np.array([np.nan]), tests=0)).all()


def test_the_large_p_values_may_be_left_out() -> None:
    p_values = np.array([0.001, 0.004, 0.03, 0.2, 0.6, 0.9])
    assert q_values(p_values[:3], tests=6)[:2] == pytest.approx(q_values(p_values, tests=6)[:2])
