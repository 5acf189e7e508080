"""`assay budget` and `assay pay` as a person types them."""

import csv
import io
import json
from pathlib import Path

import pytest

from backend.cli.house import open_database, settings_with
from backend.db.raters import Channel
from tests import factories, paid
from tests.cli.conftest import Assay


@pytest.fixture
def launched(run: Assay) -> None:
    """Batch 1, whose raters are paid from here, with money in every account; and batch 2, which pays nobody."""
    with open_database(settings_with(data_dir=Path("assay-data"))).transaction() as session:
        paid.everywhere(session)
        factories.launched(session)


@pytest.mark.usefixtures("launched")
def test_a_budget_is_shown_with_the_worst_case_and_set(run: Assay) -> None:
    """Twelve ratings: 18 cents and 4 of fee, at worst 36 and 8 more; links set aside 12 · 54 besides."""
    said = run("budget", 1).output
    assert "budget           $20.00" in said
    assert "left              $5.00" in said
    assert "4 comparisons × 3 raters = 12 ratings, about 0.1 hours of raters' time, about $2.64 with fees" in said
    assert "at most $7.92, with every top-up; its channels set $14.40 aside" in said
    assert "budget        $1,000.00" in run("budget", 1, "--set", "1,000").output


@pytest.mark.usefixtures("launched")
def test_a_budget_that_can_not_be_says_why(run: Assay) -> None:
    assert "$15.00 are reserved or spent already" in str(run("budget", 1, "--set", "14").exception)
    assert "This budget can't be used: 'much' is no amount of USD." in str(run("budget", 1, "--set", "much").exception)
    assert "is in USD, not in EUR" in str(run("budget", 1, "--set", "100", "--currency", "eur").exception)
    assert "There is no batch 9." in str(run("budget", 9).exception)


@pytest.mark.usefixtures("launched")
def test_a_batch_that_pays_nobody_says_what_to_do(run: Assay) -> None:
    said = run("budget", 2).output
    assert "assay budget BATCH --set AMOUNT" in said
    assert "assay channel add" in said
    assert "Nothing was owed or paid yet." in run("pay", 2).output
    assert json.loads(run("pay", 2, "--json").output)["budget"] is None
    assert "budget            €5.00" in run("budget", 2, "--set", "5", "--currency", "EUR").output


@pytest.mark.usefixtures("launched")
def test_the_report_says_where_the_money_is_and_what_an_hour_earned(run: Assay) -> None:
    said = run("pay", 1).output
    assert "    all       4    $2.16    $1.29  $0.24  $0.87       $2.28  $0.54" in said
    assert "median pay an hour $15.06, least $15.00, of 4 raters" in said
    assert "!" not in said


def test_the_report_says_what_is_not_paid(run: Assay) -> None:
    with open_database(settings_with(data_dir=Path("assay-data"))).transaction() as session:
        batch = paid.worked(session, prompts=2, people=3, active_ms=[20_000, 60_000, 43_000])
        paid.declared(session, batch.id, Channel.LINK)
        reservation = paid.with_budget(session, batch, 500, aside=200)
        paid.owe_reward(session, batch.id, reservation, paid.unowed.work(session, batch.id)[1].rater_id, paid.NO_FEES)
    said = run("pay", 1).output
    assert "4 pieces of work of 2 raters by link wait for the next round: assay crowd run" in said
    assert "1 of them miss $0.14 to the target" in said
    found = json.loads(run("pay", 1, "--json").output)
    assert found["missing_to_target"] == {"raters": 1, "amount": 14}
    assert found["unpaid"] == [{"channel": "link", "why": "waits", "pieces": 4, "raters": 2}]


@pytest.mark.usefixtures("launched")
def test_the_table_of_raters_has_the_ids_to_pay_them_by(run: Assay) -> None:
    rows = list(csv.DictReader(io.StringIO(run("pay", 1, "--csv").output)))
    assert {row["channel_id"] for row in rows} == {"w1", "w2", "A1", "A2"}
    assert [row["hourly"] for row in rows] == ["15.00", "15.06", "15.06", "32.40"]
