"""The figures of the code: those that must not move, and that the page tells the others about right."""

import re
from pathlib import Path

import pytest

from benchmarks import house

PAGE = house.PAGE.read_text("utf-8")
ROUGHLY = 0.25  # a table that is off by less is still true; one that changed with each commit would tell nobody more
LEAST = 10


@pytest.fixture(scope="module")
def product() -> list[house.Source]:
    """Everything that runs at a user's; reading it takes seconds."""
    return house.product()


def test_no_import_hides_in_a_function(product: list[house.Source]) -> None:
    assert [node.name for node in house.functions_of(product) if house.hidden_imports(node)] == []


def test_only_the_transaction_commits(product: list[house.Source]) -> None:
    assert house.commits(product) == ["backend/db/session.py"]


def test_every_argument_and_return_says_its_type(product: list[house.Source]) -> None:
    assert [node.name for node in house.functions_of(product) if not all(house.annotations(node))] == []


def numbers(table: str) -> dict[str, list[int]]:
    """The whole numbers of each row, by its part."""
    rows = [line.split("|")[1:-1] for line in table.splitlines() if line.startswith("| ") and "part" not in line]
    return {name.strip(): [int(re.sub(r"\D", "", cell.split("`")[0]) or -1) for cell in cells] for name, *cells in rows}


def test_the_table_of_the_architecture_page_is_about_right() -> None:
    """After large changes: python -m benchmarks.house"""
    told = numbers(PAGE.partition(house.BEGIN)[2].partition(house.END)[0])
    found = numbers(house.table())
    assert list(told) == list(found)
    far = {
        part: (told[part], row)
        for part, row in found.items()
        if any(abs(old - new) > max(LEAST, ROUGHLY * new) for old, new in zip(told[part], row, strict=True))
    }
    assert far == {}


def test_a_hidden_import_a_second_commit_and_a_missing_type_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house, "HOUSE", tmp_path)
    (tmp_path / "one.py").write_text(
        '"""One."""\n\n\ndef save(session) -> None:\n    import json\n\n    session.commit()\n\n\n'
        'def load(at: int) -> int:\n    """Load."""\n    return at\n',
        "utf-8",
    )
    found = house.figures(house.sources("*.py"))
    assert (found.hidden_imports, found.commits, found.functions) == (1, 1, 2)
    assert found.annotated == pytest.approx(3 / 4)
    assert found.documented == pytest.approx(2 / 3)
    assert found.longest_function == (4, "save")
    assert found.longest_file == (12, "one.py")


def test_where_the_tests_time_goes_is_read_from_their_report(tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    report.write_text(
        '<testsuites><testsuite><testcase classname="tests.web.test_rating" name="a" time="1.5"/>'
        '<testcase classname="tests.web.test_rating" name="b" time="2.5"/>'
        '<testcase classname="tests.web.test_home" name="c" time="3"/>'
        '<testcase classname="tests.test_docs" name="d" time="1"/></testsuite></testsuites>',
        "utf-8",
    )
    rows = house.times(report).splitlines()[2:]
    assert rows == [
        "| tests | 1 | 1 | `test_docs` 1 s |",
        "| tests/web | 3 | 7 | `web.test_rating` 4 s |",
        "| **all** | 4 | 8 | `web.test_rating` 4 s |",
    ]
