"""Ids as row numbers, orders and medians by group, against numpy's own."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.statistics.ids import dense, distinct, medians, ordered


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


@given(st.lists(st.integers(0, 3) | st.integers(0, 2**40), max_size=40))
def test_rows_are_ordered_as_by_a_stable_sort(codes: list[int]) -> None:
    array = np.array(codes, dtype=np.int64)
    assert ordered(array).tolist() == np.argsort(array, kind="stable").tolist()


def test_groups_beyond_sixteen_bits_have_medians_of_their_own() -> None:
    group = np.array([1, 2**16 + 1, 1, 2**16 + 1, 2**16 + 1])
    found = medians(np.array([1.0, 7.0, 2.0, 9.0, 8.0]), group, 2**16 + 2)
    assert (found[1], found[2**16 + 1], np.isnan(found).sum()) == (1.5, 8.0, 2**16)


def test_different_columns_are_counted_by_row() -> None:
    found = distinct(np.array([0, 0, 2, 0]), np.array([1, 1, 0, 3]), rows=3, columns=4)
    assert found.tolist() == [2, 0, 1]
