"""A batch's money in the researcher's hands: where it is, what needs a hand, and what only a person decides."""

import csv
import io
import re

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from backend.db.ledger import Account
from backend.db.raters import Channel, Rater
from backend.db.session import Database
from backend.db.submissions import Rejection
from backend.domain.money import Money
from backend.services.approval import decisions, to_decide
from backend.services.money import budgets, by_hand, ledger, spending
from backend.services.pseudonyms import pseudonyms
from backend.web.deps import House
from tests import factories, paid
from tests.factories import NOW
from tests.paid import Paid


@pytest.fixture
def made(database: Database) -> Paid:
    """Money in every account."""
    with database.transaction() as session:
        return paid.everywhere(session)


def text(client: TestClient, path: str) -> str:
    """What a page says, its white space folded."""
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def test_the_money_page_says_where_all_of_the_budget_is(researcher: TestClient, made: Paid) -> None:
    said = text(researcher, "/batches/1/money")
    for part in ("$20.00", "$3.69", "$11.31", "$5.00", "$0.54 paid to raters", "$2.28 being paid", "$0.87 owed"):
        assert part in said
    assert "$2.16 in rewards, $1.29 in top-ups, $0.24 in fees" in said


def test_what_needs_a_hand_says_what_to_do(researcher: TestClient, made: Paid) -> None:
    said = text(researcher, "/batches/1/money")
    assert "The vendor refused to pay $0.75 to" in said
    assert "can't be paid any more." in said.replace("&#39;", "'")
    assert "Nobody knows yet whether $1.62 reached" in said
    assert "1 payment to make by hand." in said
    assert "1 appeal waits for an answer." in said


def test_work_that_waits_under_a_budget_below_the_worst_case_says_why_a_round_may_pay_nothing(
    researcher: TestClient, database: Database
) -> None:
    with database.transaction() as session:
        batch = paid.worked(session, prompts=2, people=3, active_ms=[43_000]).id
        paid.declared(session, batch, Channel.LINK)
        budgets.set_budget(session, batch, allowed=Money(50))
    short = "a round that finds too little of it pays nothing, and says what is missing. Raise the budget"
    assert short in text(researcher, f"/batches/{batch}/money")
    with database.transaction() as session:
        budgets.set_budget(session, batch, allowed=Money(5_000))
    assert short not in text(researcher, f"/batches/{batch}/money")
    assert f"assay crowd run {batch}" in text(researcher, f"/batches/{batch}/money")


def test_the_results_say_what_raters_earned_an_hour_and_lead_to_their_pay(
    researcher: TestClient, database: Database, made: Paid
) -> None:
    assert "$15.06 an hour in the median, target $15.00" in text(researcher, "/batches/1/results")
    assert 'href="/batches/1/money#raters"' in researcher.get("/batches/1/results").text
    with database.transaction() as session:
        other = factories.launched(session).id
    assert "an hour" not in text(researcher, f"/batches/{other}/results")


def test_raters_pay_an_hour_is_drawn_and_listed(researcher: TestClient, made: Paid) -> None:
    html = researcher.get("/batches/1/money").text
    assert html.count('class="rater"') == 4
    assert 'aria-label="Hourly pay of 4 raters: median $15.06, 0 below the target of $15.00"' in html
    said = text(researcher, "/batches/1/money")
    assert "w1 $32.40 $0.54 – 3 1.0 links all paid" in said
    assert "$15.06 $1.62 – 3 6.5 Mechanical Turk $1.62 being paid" in said


def test_pages_never_hold_the_ids_that_a_vendor_gives(researcher: TestClient, made: Paid, house: House) -> None:
    names = pseudonyms(house.tokens.secret_key, 1)
    for path in ("money", "ledger", "ledger.csv", f"submissions/{made.submissions[0]}", "ledger/1"):
        html = researcher.get(f"/batches/1/{path}").text
        assert not re.search(r"\bA[12]\b", html), path
    assert names[made.raters[2]] in researcher.get("/batches/1/money").text


def test_a_batch_without_money_teaches_how_pay_is_declared(researcher: TestClient, database: Database) -> None:
    with database.transaction() as session:
        factories.launched(session)
    said = text(researcher, "/batches/1/money")
    assert "This batch has no budget, so nobody can be paid from here. Neither does any of its channels pay." in said
    assert "assay channel add" in said
    researcher.post("/batches/1/budget", data={"allowed": "1,250.50", "currency": "eur"})
    assert "€1,250.50" in text(researcher, "/batches/1/money")
    assert "Nothing was owed or paid yet" in text(researcher, "/batches/1/ledger")


def test_a_budget_that_is_missing_is_proposed_at_the_worst_case(researcher: TestClient, database: Database) -> None:
    """Nine ratings: 18 cents and at worst 36 more, for 129 seconds earn 54."""
    with database.transaction() as session:
        paid.declared(session, factories.launched(session).id, Channel.LINK)
    assert 'value="4.86"' in researcher.get("/batches/1/money").text


def test_a_budget_is_raised_and_never_falls_below_what_is_spent(researcher: TestClient, made: Paid) -> None:
    assert "$30.00" in researcher.post("/batches/1/budget", data={"allowed": "30", "currency": "USD"}).text
    refused = researcher.post("/batches/1/budget", data={"allowed": "14.99", "currency": "USD"})
    assert refused.status_code == 409
    assert "$15.00 are reserved or spent already" in refused.text
    for wrong in ("a lot", "-1", "1.234", ""):
        answer = researcher.post("/batches/1/budget", data={"allowed": wrong, "currency": "USD"})
        assert answer.status_code == 422
        assert "This amount can&#39;t be used" in answer.text


def test_a_compensation_is_owed_once_however_often_it_is_posted(
    researcher: TestClient, made: Paid, database: Database
) -> None:
    key = re.search(r'name="key" value="(\w+)"', researcher.get("/batches/1/money").text)[1]
    for _ in range(2):
        answer = researcher.post(
            "/batches/1/compensations",
            data={"key": key, "rater": "A1", "amount": "0.50", "reason": "The page froze."},
        )
        assert answer.status_code == 200
    with database.reading() as session:
        assert ledger.balances(session, 1)[Account.OWED] == Money(87 + 60)


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"rater": "nobody"}, 422, "No rater of this batch is called"),
        ({"amount": "0"}, 422, "needs an amount and a reason"),
        ({"amount": "much"}, 422, "This amount can&#39;t be used"),
        ({"reason": ""}, 422, "A compensation needs a reason"),
        ({"amount": "5000"}, 409, "are missing. Raise the budget"),
    ],
)
def test_a_compensation_that_can_not_be_says_why(
    researcher: TestClient, made: Paid, changes: dict[str, str], status: int, said: str
) -> None:
    data = {"key": "k", "rater": "w1", "amount": "1", "reason": "So."} | changes
    answer = researcher.post("/batches/1/compensations", data=data)
    assert answer.status_code == status
    assert said in answer.text


def test_payments_by_hand_are_marked(researcher: TestClient, made: Paid, database: Database) -> None:
    for wrong in ({}, {"token": "nonsense"}):
        answer = researcher.post("/batches/1/hand-payments", data=wrong)
        assert answer.status_code == 422
        assert "Tick payments of this batch" in answer.text
    html = researcher.post("/batches/1/hand-payments", data={"token": made.tokens[0]}).text
    assert "1 payment made by hand" in html
    with database.reading() as session:
        assert by_hand.dues(session, 1) == []


def test_an_appeal_is_answered_once(researcher: TestClient, made: Paid, database: Database) -> None:
    assert researcher.post("/batches/1/appeals/1/answer").status_code == 422
    html = researcher.post("/batches/1/appeals/1/answer", data={"answer": "You are right."}).text
    assert "You are right." in html
    assert researcher.post("/batches/1/appeals/1/answer", data={"answer": "No."}).status_code == 409
    with database.reading() as session:
        assert decisions.appeals(session, 1, pseudonyms("k", 1))[0].answer == "You are right."


def test_a_rejection_warns_of_what_it_does_and_needs_a_reason_and_a_reader(
    researcher: TestClient, made: Paid, database: Database
) -> None:
    path = f"/batches/1/submissions/{made.submissions[0]}"
    said = text(researcher, path)
    assert "3 ratings in 3.0 minutes, by Mechanical Turk" in said
    assert "The rater gets no reward for 3 ratings, at $0.18 each, and reads your reason." in said
    assert "lowers their approval rate" in said
    assert "About the same 60.0" in said
    unread = researcher.post(f"{path}/rejection", data={"reason": "Copied."})
    assert unread.status_code == 409
    assert "Nothing was rejected" in unread.text
    assert researcher.post(f"{path}/rejection", data={"read": "1"}).status_code == 422
    assert "rejected: Copied." in researcher.post(f"{path}/rejection", data={"read": "1", "reason": "Copied."}).text
    assert "because: “Copied.”" in text(researcher, path)
    with database.transaction() as session:
        session.get_one(Rejection, made.submissions[0]).told_at = NOW  # from now on, only a bonus can pay
    assert researcher.post(f"{path}/overturning").status_code == 422
    assert researcher.post(f"{path}/overturning", data={"reason": "I was wrong."}).status_code == 200
    assert "$1.09 owed" in text(researcher, "/batches/1/money")  # the posting's 18 cents and 4 of fee more
    with database.reading() as session:
        assert to_decide.of_batch(session, 1, pseudonyms("k", 1))[0].rejected == "Copied."


def test_a_person_pays_for_what_no_rule_approves(researcher: TestClient, database: Database) -> None:
    """A rating that was handed in without its receipt: 18 cents and 4 of fee."""
    with database.transaction() as session:
        batch = paid.worked(session, prompts=1, people=3, active_ms=[43_000])
        channel = paid.declared(session, batch.id, Channel.MTURK)
        who = paid.unowed.work(session, batch.id)[0].rater_id
        paid.from_vendor(session, [who], Channel.MTURK)
        aside = paid.with_budget(session, batch, 500, aside=100)
        place = paid.comparison_id(session, batch.id, 0)
        number = paid.submitted(session, channel, batch.id, who, comparison_id=place, reservation_id=aside)
    said = text(researcher, "/batches/1/money")
    assert "Handed in, and not approved by itself: it brings the receipt none" in said
    assert researcher.post(f"/batches/1/submissions/{number}/approval").status_code == 200
    with database.reading() as session:
        assert ledger.balances(session, 1)[Account.PAYING] == Money(22)
    assert researcher.post(f"/batches/1/submissions/{number}/approval").status_code == 409
    assert researcher.post("/batches/1/submissions/99/approval").status_code == 404


def test_the_ledger_is_filtered_and_leads_to_the_piece_of_work(researcher: TestClient, made: Paid) -> None:
    html = researcher.get("/batches/1/ledger?account=owed&work=rating").text
    number = re.search(r"/batches/1/ledger/(\d+)", html)[1]
    said = text(researcher, f"/batches/1/ledger/{number}")
    assert "Rating by" in said
    assert "Receipt R-" in said
    assert "refused: “This worker can&#39;t be paid any more.”" in said
    assert "No entry fits" in text(researcher, "/batches/1/ledger?work=skip")
    assert researcher.get("/batches/1/ledger?work=sleep").status_code == 422
    assert researcher.get("/batches/1/ledger/99999").status_code == 404
    assert researcher.get("/batches/9/ledger").status_code == 404


def test_the_ledgers_pages_lead_to_each_other(
    researcher: TestClient, made: Paid, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.services.money.entries.ENTRIES_A_PAGE", 10)
    first = researcher.get("/batches/1/ledger").text
    assert "Newer" not in first
    older = re.search(r'href="(\?before=\d+)"', first)[1]
    second = researcher.get(f"/batches/1/ledger{older}").text
    newer = re.search(r'href="(\?after=\d+)"', second)[1]
    assert researcher.get(f"/batches/1/ledger{newer}").text == first


def rows(client: TestClient, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(path).text)))


def test_tables_add_up_to_the_ledger(
    researcher: TestClient, made: Paid, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.services.money.paytables.ROWS_AT_ONCE", 7)
    sums = dict.fromkeys(Account, 0)
    for row in rows(researcher, "/batches/1/ledger.csv"):
        minor = round(100 * float(row["amount"]))
        sums[Account(row["to"])] += minor
        sums[Account(row["from"])] -= minor
    raters = rows(researcher, "/batches/1/pay.csv")
    with database.reading() as session:
        balances = ledger.balances(session, 1)
        found = spending.of_batch(session, 1)
    assert found is not None
    assert all(sums[one] == balances[one].minor for one in Account if one != Account.RESERVED)
    assert sums[Account.RESERVED] == -found.standing.spent.minor
    assert sum(float(row["earned"]) for row in raters) == pytest.approx(3.45)
    assert {row["channel_id"] for row in raters} == {"w1", "w2", "A1", "A2"}


def test_an_id_that_looks_like_a_formula_is_text_in_the_table(
    researcher: TestClient, made: Paid, database: Database
) -> None:
    with database.transaction() as session:
        session.execute(update(Rater).where(Rater.external_id == "A1").values(external_id="=HYPERLINK(1)"))
    assert "'=HYPERLINK(1)" in {row["channel_id"] for row in rows(researcher, "/batches/1/pay.csv")}


def test_money_is_the_researchers_alone(stranger: TestClient, made: Paid) -> None:
    for path in ("money", "ledger", "ledger.csv", "pay.csv", "ledger/1", f"submissions/{made.submissions[0]}"):
        assert stranger.get(f"/batches/1/{path}").status_code == 403
    for path in ("budget", "compensations", "hand-payments", "appeals/1/answer", "submissions/1/rejection"):
        assert stranger.post(f"/batches/1/{path}").status_code == 403


def test_another_site_changes_no_money(researcher: TestClient, made: Paid) -> None:
    answer = researcher.post(
        "/batches/1/budget",
        data={"allowed": "9999", "currency": "USD"},
        headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 403
