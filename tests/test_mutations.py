"""The list of mutations fits the code, and the tool tells caught from survived."""

from dataclasses import replace

import pytest

from tests import mutations
from tests.mutations import Mutation, Verdict

LISTED = mutations.listed()
FLIP = Mutation(
    "the wrong side",
    "backend/domain/choices.py",
    "(choice == Choice.SECOND) == flipped else Preference.BASELINE",
    "(choice == Choice.SECOND) != flipped else Preference.BASELINE",
    ("tests/domain/test_choices.py",),
)


@pytest.mark.parametrize("one", LISTED, ids=lambda one: one.name)
def test_each_line_stands_once_in_its_file_and_what_must_notice_it_is_there(one: Mutation) -> None:
    text = (mutations.HOUSE / one.file).read_text("utf-8")
    assert one.applied(text) != text
    assert [test for test in one.tests if not (mutations.HOUSE / test.split("::")[0]).exists()] == []


def test_each_has_a_name_of_its_own_and_the_page_says_what_caught_it() -> None:
    rows = mutations.rows_of(mutations.PAGE.read_text("utf-8"))
    assert list(rows) == [one.name for one in LISTED]
    assert [name for name, row in rows.items() if mutations.NOT_CAUGHT in row] == []


def test_a_line_that_is_not_there_is_told() -> None:
    with pytest.raises(ValueError, match=r"stands 0 times in backend/domain/choices\.py"):
        replace(FLIP, before="no such line").applied("another line")


@pytest.mark.long
def test_a_mutation_is_caught_by_a_test_that_fails_and_survives_one_that_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    harmless = replace(FLIP, name="nothing wrong", after=f"{FLIP.before}  # as before")
    caught, survived = mutations.trial([FLIP, harmless])
    assert caught.caught_by.startswith("tests/domain/test_choices.py::test_")
    assert survived.caught_by == ""
    assert "nothing wrong: SURVIVED" in capsys.readouterr().out
    before = (mutations.HOUSE / FLIP.file).read_text("utf-8")
    assert FLIP.before in before


@pytest.mark.long
def test_what_breaks_the_import_of_a_module_is_not_called_caught() -> None:
    with pytest.raises(RuntimeError, match="broke more than a test can tell"):
        mutations.tried(replace(FLIP, after="("))


def test_the_page_counts_and_keeps_what_was_not_tried_again() -> None:
    other = replace(FLIP, name="another")
    names = [FLIP.name, "another"]
    once = mutations.renewed("", [Verdict(FLIP, "", 1.0), Verdict(other, "tests/a.py::test_b", 1.0)], names)
    text = mutations.page(once, date="2026-11-25")
    assert "1 of 2 mutations are caught" in text
    assert "`test_b` of tests/a.py" in once["another"]
    again = mutations.renewed(text, [Verdict(FLIP, "tests/c.py::test_d", 1.0)], names)
    assert again["another"] == once["another"]
    assert "2 of 2 mutations are caught" in mutations.page(again, date="2026-11-25")
    assert list(mutations.renewed(text, [], ["another"])) == ["another"]
