"""Ids as row numbers and medians by group, against numpy's own."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.statistics.ids import dense, medians


@given(st.lists(st.integers(-50, 50) | st.integers(-(10**12), 10**12), max_size=30))
def test_ids_are_numbered_as_numpy_s_unique_does(ids: list[int]) -> None:
    array = np.array(ids, dtype=np.int64)
    names, index = np.unique(array, return_inverse=True)
    found_names, found_index = dense(array)
    assert found_names.tolist() == names.tolist()
    assert found_index.tolist() == index.tolist()


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 100) | st.just(np.nan)), min_size=1, max_size=40))
def test_medians_are_numpy_s_without_the_unknown(rows: list[tuple[int, float]]) -> None:
    group, values = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    known = [values[(group == number) & ~np.isnan(values)] for number in range(5)]
    expected = [np.median(one) if len(one) else np.nan for one in known]
    np.testing.assert_allclose(medians(values, group, 5), expected)
