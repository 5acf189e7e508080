"""`assay plan`: the table, the reverse, the warnings, the mistakes."""

import json
from pathlib import Path

import pytest
from jsonschema import validate

from backend.errors import Invalid
from tests.cli.conftest import Assay


def test_the_papers_size_is_planned_by_default_and_says_what_it_can_not_show(run: Assay) -> None:
    """By hand: 255 × 3 votes of 45 s are 9.5625 hours, at $15 with a fifth on top $172.13 (rounded up twice)."""
    done = run("plan")
    assert done.exit_code == 0, done.output
    assert "255 prompts × 3 seats × 1 candidate, 20 raters" in done.output
    assert "± 5.7 points" in done.output
    assert "765 (38 a rater, about 29 minutes)" in done.output
    assert "$172.13 ($143.44 pay, $28.69 fee)" in done.output
    assert "255 prompts can't show differences between two candidates under 9.5 points." in done.output


def test_nothing_is_kept_by_planning(run: Assay, tmp_path: Path) -> None:
    run("plan")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "wanted", "number"), [("--half-width", 4.0, "half_width"), ("--difference", 6.0, "between_two")]
)
def test_in_reverse_the_prompts_are_found(run: Assay, option: str, wanted: float, number: str) -> None:
    done = run("plan", "--raters", "99", option, str(wanted), "--json")
    found = json.loads(done.output)
    assert 0.99 * wanted < 100 * found[number] <= wanted
    fewer = run("plan", "--raters", "99", "--prompts", str(found["design"]["prompts"] - 1), "--json")
    assert 100 * json.loads(fewer.output)[number] > wanted


def test_what_no_number_of_prompts_reaches_is_an_error_that_names_the_raters(run: Assay) -> None:
    done = run("plan", "--half-width", "2")
    assert "± 5.7 points" in done.output
    assert isinstance(done.exception, Invalid)
    assert "with 20 raters: about" in str(done.exception)
    assert json.loads(run("plan", "--half-width", "2", "--json").output)["raters_needed"] > 20


def test_other_sizes_stand_in_a_table_whose_columns_line_up(run: Assay) -> None:
    lines = run("plan", "--prompts", "1000", "--raters", "50", "--per-hour", "12.50", "--currency", "EUR").output.split(
        "\n"
    )
    start = next(at for at, line in enumerate(lines) if line.endswith("cost"))
    table = lines[start : start + 6]
    assert len({len(line) for line in table}) == 1
    assert [line.split()[0] for line in table[1:]] == ["250", "500", ">", "2,000", "4,000"]
    assert "€" in table[1]


def test_few_raters_and_many_candidates_are_warned_of(run: Assay) -> None:
    assert "hold" in run("plan", "--raters", "3").output
    assert "10 raters are few" in run("plan", "--raters", "10").output
    assert "All pairs of 3 candidates" in run("plan", "--candidates", "3").output


def test_the_json_has_every_number(run: Assay) -> None:
    money = {"type": "object", "required": ["minor", "currency"], "properties": {"minor": {"type": "integer"}}}
    found = json.loads(run("plan", "--json").output)
    validate(
        found,
        {
            "required": [
                "design",
                "half_width",
                "from_even",
                "between_two",
                "floor",
                "design_effect",
                "limits",
                "votes",
            ],
            "properties": {"cost": {"properties": {"pay": money, "fee": money, "total": money}, "required": ["hours"]}},
        },
    )
    assert found["cost"]["total"]["minor"] == found["cost"]["pay"]["minor"] + found["cost"]["fee"]["minor"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--raters", "2"], "3 raters or more"),
        (["--prompts", "0"], "two prompts"),
        (["--ties", "100"], "no room"),
        (["--per-hour", "plenty"], "'plenty' is no amount of USD"),
        (["--currency", "dollars"], "three letters"),
        (["--seconds", "0"], "a vote takes"),
        (["--fee", "-1"], "a fee is"),
        (["--half-width", "0"], "larger than nothing"),
        (["--rater-icc", "nan"], "between 0 and 1"),
    ],
)
def test_a_plan_that_can_not_be_is_one_sentence(run: Assay, arguments: list[str], says: str) -> None:
    done = run("plan", *arguments)
    assert isinstance(done.exception, Invalid)
    assert str(done.exception).startswith("This can't be planned: ")
    assert says in str(done.exception)


def test_help_teaches_by_examples_that_work(run: Assay) -> None:
    text = run("plan", "--help").output
    examples = [line.split("  ")[0].split()[1:] for line in map(str.strip, text.splitlines()) if line[:6] == "assay "]
    assert len(examples) == 4
    assert all(run(*example).exit_code == 0 for example in examples)
