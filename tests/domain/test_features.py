"""What is counted in a text, and differences of styles. Expected counts are by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.features import DIFFERENCES, Features, differences, features, table


def test_every_count_of_one_text_by_hand() -> None:
    text = "# Title\n\nOne **bold** word and __another__.\n\n- first\n  * nested\n12. twelfth\n```\n- code\n```\nEnd."
    assert features(text) == Features(
        words=18, characters=len(text), lines=6, list_lines=3, bold=2, headers=1, code_blocks=1
    )


def test_an_empty_text_has_nothing() -> None:
    assert features("") == Features(0, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("line", ["- a", "* a", "+ a", "• a", "1. a", "2) a", "123. a", "    - a", "\t1. a"])
def test_a_line_that_opens_an_item_is_a_list_line(line: str) -> None:
    assert features(f"Text\n{line}\n{line}").list_lines == 2


@pytest.mark.parametrize(
    "line", ["-a", "1990. ", "- ", "2021 was a year", "**bold**", "a - b", "3.14 is less", "1234. a"]
)
def test_other_lines_are_no_list_lines(line: str) -> None:
    assert features(line).list_lines == 0


@pytest.mark.parametrize(
    ("text", "bold"),
    [
        ("**a** **b**", 2),
        ("a ** b ** c", 0),
        ("2**3", 0),
        ("**over\nlines**", 0),
        ("****", 0),
        ("__a__", 1),
        ("*a*", 0),
    ],
)
def test_bold_spans_have_words_in_them_and_end_on_their_line(text: str, bold: int) -> None:
    assert features(text).bold == bold


@pytest.mark.parametrize(("line", "headers"), [("# a", 1), ("###### a", 1), ("####### a", 0), ("#a", 0), ("a # b", 0)])
def test_a_header_is_one_to_six_marks_and_a_space(line: str, headers: int) -> None:
    assert features(line).headers == headers


def test_marks_inside_code_do_not_count_and_an_open_fence_runs_to_the_end() -> None:
    found = features("Look:\n~~~python\n# comment\n- **x**\n```\n~~~\n```\n# more\n- more")
    assert (found.code_blocks, found.headers, found.list_lines, found.bold, found.lines) == (2, 0, 0, 0, 1)


def test_windows_line_ends_change_nothing_but_the_characters() -> None:
    text = "# T\n\n- a\n- **b**\n\n```\nx\n```\nend"
    unix, windows = features(text), features(text.replace("\n", "\r\n"))
    assert windows.characters == unix.characters + text.count("\n")
    assert table([unix]).tolist()[0][2:] == table([windows]).tolist()[0][2:]


@given(st.text(alphabet="ab \n#*-_`1.~", max_size=200))
def test_counts_are_never_negative_nor_more_than_the_text_holds(text: str) -> None:
    found = features(text)
    assert min(table([found])[0]) >= 0
    assert found.list_lines + found.headers <= found.lines <= text.count("\n") + 1
    assert found.words <= found.characters == len(text)


counts = st.builds(
    Features,
    words=st.integers(0, 2000),
    characters=st.integers(0, 9000),
    lines=st.integers(0, 80),
    list_lines=st.integers(0, 40),
    bold=st.integers(0, 40),
    headers=st.integers(0, 9),
    code_blocks=st.integers(0, 4),
)
pairs = st.lists(st.tuples(counts, counts), min_size=1, max_size=20)


@settings(deadline=None)
@given(pairs)
def test_differences_change_sign_when_the_outputs_change_sides(rows: list[tuple[Features, Features]]) -> None:
    candidate, baseline = table([a for a, _ in rows]), table([b for _, b in rows])
    forth, back = differences(candidate, baseline), differences(baseline, candidate)
    assert forth.values == pytest.approx(-back.values)
    assert forth.scale == pytest.approx(back.scale)


@settings(deadline=None)
@given(pairs)
def test_differences_have_a_root_mean_square_of_one_or_are_all_zero(rows: list[tuple[Features, Features]]) -> None:
    found = differences(table([a for a, _ in rows]), table([b for _, b in rows]))
    square = (found.values**2).mean(axis=0)
    assert square == pytest.approx((found.scale > 0).astype(float))
    assert found.values.shape == (len(rows), len(DIFFERENCES))


def test_differences_by_hand_are_scaled_but_not_centred() -> None:
    """Words 9 against 4 twice: log 2 both times, so the mean stays; lists 2 of 4 lines against none, then the same."""
    candidate = table([Features(9, 50, 4, 2, 3, 0, 0), Features(9, 50, 4, 2, 0, 0, 0)])
    baseline = table([Features(4, 20, 0, 0, 0, 0, 1), Features(4, 20, 4, 2, 0, 0, 0)])
    found = differences(candidate, baseline)
    assert found.raw == pytest.approx(np.array([[np.log(2), 0.5, np.log(4), 0], [np.log(2), 0, 0, 0]]))
    assert found.values == pytest.approx(np.array([[1, 2**0.5, 2**0.5, 0], [1, 0, 0, 0]]))
    assert found.scale[3] == 0


def test_no_comparisons_have_no_differences() -> None:
    found = differences(table([]), table([]))
    assert found.values.shape == (0, 4)
    assert found.scale.tolist() == [0, 0, 0, 0]


def test_tables_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="as many candidate outputs as baseline outputs"):
        differences(table([features("a")]), table([]))
