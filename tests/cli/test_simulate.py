"""`assay simulate`: whole studies on simulated vendors, over real HTTP, to the verdict and the last cent."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Assay
from tests.cli.test_launch import write

TRAINED = ("--training", "default")


def said(output: str, line: str) -> str:
    """What stands in the report beside this word."""
    found = re.search(rf"^{line} +(.*)$", output, re.M)
    assert found is not None, output
    return found[1]


@pytest.mark.parametrize("channel", ["mturk", "prolific"])
def test_a_study_on_a_vendor_ends_in_a_verdict_and_a_ledger_that_agrees(run: Assay, channel: str) -> None:
    done = run("simulate", "--channel", channel, "--raters", "9", "--seconds", "43")
    assert done.exit_code == 0, done.output
    assert "14 of 14 comparisons settled, 42 ratings" in done.output
    assert said(done.output, "majorities").startswith("as the people answered")
    assert said(done.output, channel).startswith("the ledger and the vendor agree to the cent")
    hourly = re.search(r"\$([0-9.]+) an hour in the median", done.output)
    assert hourly is not None
    assert float(hourly[1]) >= 15.00
    assert "reserved" not in said(done.output, "money")


@pytest.mark.parametrize("channel", ["panel", "link"])
def test_where_no_vendor_pays_a_person_is_told_whom_to_pay(run: Assay, channel: str) -> None:
    done = run("simulate", "--channel", channel, "--raters", "6")
    assert done.exit_code == 0, done.output
    assert "14 of 14 comparisons settled, 42 ratings" in done.output
    assert said(done.output, "majorities").startswith("as the people answered")
    assert re.fullmatch(r"[1-6] payments: assay crowd dues 1 --data-dir \S+", said(done.output, "by hand"))
    assert "reserved" not in said(done.output, "money")


def test_one_study_over_three_channels_at_once_with_a_training(run: Assay) -> None:
    done = run(
        "simulate", "--channel", "mturk", "--channel", "prolific", "--channel", "link", "--raters", "15", *TRAINED
    )
    assert done.exit_code == 0, done.output
    assert "14 of 14 comparisons settled, 42 ratings" in done.output
    assert said(done.output, "majorities").startswith("as the people answered")
    for vendor in ("mturk", "prolific"):
        assert said(done.output, vendor).startswith("the ledger and the vendor agree to the cent")


def test_too_few_people_leave_a_batch_incomplete_and_that_is_said(run: Assay) -> None:
    done = run("simulate", "--channel", "mturk", "--raters", "2")
    assert done.exit_code == 1
    assert "Nobody had anything more to do, and the batch is not complete." in str(done.exception)
    assert "28 ratings by 2 raters" in done.output


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (("--clickers", "0.8", "--one-sided", "0.5"), "There is no such crowd"),
        (("--per-hour", "much"), "--per-hour: 'much' is no amount of USD"),
    ],
)
def test_a_crowd_or_a_wage_that_can_not_be_is_refused(run: Assay, wrong: tuple[str, ...], why: str) -> None:
    done = run("simulate", *wrong)
    assert why in str(done.exception)


def test_two_candidates_are_too_many_for_mechanical_turk(run: Assay, tmp_path: Path) -> None:
    files = [write(tmp_path / f"{name}.jsonl", name, name * 2) for name in "abc"]
    done = run("simulate", *files, "--channel", "mturk")
    assert "Mechanical Turk offers comparisons one by one" in str(done.exception)
