"""A batch in the researcher's hands: progress, links, pause, extension, and the results while votes arrive."""

import csv
import json
import re
from pathlib import Path

import jsonschema
import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from backend.db.assignments import Assignment
from backend.db.raters import Channel, Rater
from backend.db.session import Database
from backend.services.rating import links
from backend.web.deps import House
from tests import factories

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "results.schema.json").read_text("utf-8"))
PART = {"HX-Request": "true"}


@pytest.fixture
def raters(database: Database, house: House) -> list[str]:
    """The addresses of three raters of batch 1, which has one of three prompts."""
    with database.transaction() as session:
        study = factories.study(session, prompts=3)
        batch = factories.launching.launch(
            session, study, baseline=factories.BASELINE, seed=1, now=factories.NOW, prompts=1
        )
        return factories.rater_paths(session, house, batch, count=3)


def vote(client: TestClient, path: str, choice: str) -> None:
    """One rating, as a person gives it."""
    html = client.post(f"{path}/next").text
    assignment = re.search(r'name="assignment" value="([^"]+)"', html)[1]
    client.post(f"{path}/ratings", data={"assignment": assignment, "choice": choice, "active_ms": "2000"})


def test_progress_moves_with_every_vote(researcher: TestClient, raters: list[str]) -> None:
    assert "0 of 3 ratings" in researcher.get("/batches/1").text
    vote(researcher, raters[0], "tie")
    part = researcher.get("/batches/1", headers=PART).text
    assert "1 of 3 ratings" in part
    assert "<html" not in part
    assert "1 of 3 ratings" in researcher.get("/", headers=PART).text


def test_whoever_has_let_a_lease_run_out_is_not_at_work(
    researcher: TestClient, raters: list[str], database: Database
) -> None:
    researcher.post(f"{raters[0]}/next")
    at_work = r"At work now</dt><dd[^>]*>(\d+)"
    assert re.search(at_work, researcher.get("/batches/1").text)[1] == "1"
    with database.transaction() as session:
        session.execute(update(Assignment).values(lease_expires_at=factories.NOW))
    assert re.search(at_work, researcher.get("/batches/1").text)[1] == "0"


def test_a_complete_batch_says_so(researcher: TestClient, raters: list[str]) -> None:
    for rater in raters:
        vote(researcher, rater, "tie")
    assert "This batch is complete" in researcher.get("/batches/1").text


def test_links_are_made_listed_and_revoked(researcher: TestClient, raters: list[str]) -> None:
    html = researcher.post("/batches/1/links", data={"count": "2", "open": "1"}).text
    addresses = re.findall(r"<code id=\"link-\d+\">http://testserver(/[ro]/[^<]+)</code>", html)
    assert len(addresses) == 6
    assert sum(address.startswith("/o/") for address in addresses) == 1
    assert raters[0] in addresses
    researcher.post("/batches/1/links/1/revocation")
    assert researcher.get(raters[0]).status_code == 403


@pytest.mark.parametrize("count", ["-1", "1001", "x"])
def test_a_senseless_number_of_links_is_refused(researcher: TestClient, raters: list[str], count: str) -> None:
    assert researcher.post("/batches/1/links", data={"count": count}).status_code == 422


def test_a_batch_is_paused_resumed_and_closed_for_good(researcher: TestClient, raters: list[str]) -> None:
    researcher.post("/batches/1/state", data={"act": "pause"})
    assert "paused" in researcher.get(raters[0]).text
    researcher.post("/batches/1/state", data={"act": "resume"})
    assert "Start" in researcher.get(raters[0]).text
    researcher.post("/batches/1/state", data={"act": "close"})
    assert "has ended" in researcher.get(raters[0]).text
    assert researcher.post("/batches/1/state", data={"act": "resume"}).status_code == 409
    assert researcher.post("/batches/1/extension").status_code == 409
    assert researcher.post("/batches/1/state", data={"act": "explode"}).status_code == 422


def test_a_batch_is_extended_until_no_prompt_is_left(researcher: TestClient, raters: list[str]) -> None:
    assert "2 prompts are not in this batch yet" in researcher.get("/batches/1").text
    html = researcher.post("/batches/1/extension", data={"prompts": "1"}).text
    assert "0 of 6 ratings" in html
    assert "0 of 9 ratings" in researcher.post("/batches/1/extension").text
    assert researcher.post("/batches/1/extension").status_code == 422


@pytest.fixture
def sealed(database: Database, house: House) -> str:
    """The page of a batch with extra seats, whose results are sealed, and which one prompt makes up."""
    with database.transaction() as session:
        batch = factories.launched(session, prompts=1, split_rule="extra", analysis={"sealed": True})
        return f"/batches/{batch.id}"


def test_a_batch_says_what_it_declared(researcher: TestClient, sealed: str) -> None:
    html = researcher.get(sealed).text
    assert "3 raters a comparison, majority; a split counts only after two more raters" in html
    assert "The results are sealed until the batch has ended." in html
    assert "0 of 3 ratings" in html


def test_sealed_results_are_opened_early_by_a_button_that_says_what_it_costs(
    researcher: TestClient, sealed: str
) -> None:
    html = researcher.get(sealed).text
    assert "The results are sealed until the batch is complete or closed." in html
    assert "A look before the end is recorded and shown with the results" in html
    assert f'action="{sealed}/unsealing"' in html
    html = researcher.post(f"{sealed}/unsealing").text
    assert "The results were opened early" in html
    assert f'action="{sealed}/unsealing"' not in html
    assert "opened early" in researcher.post(f"{sealed}/unsealing").text


def test_a_batch_without_a_seal_says_nothing_of_one(researcher: TestClient, raters: list[str]) -> None:
    assert "sealed" not in researcher.get("/batches/1").text
    assert researcher.post("/batches/9/unsealing").status_code == 404


def test_results_wait_for_the_first_vote_and_then_show_it(researcher: TestClient, raters: list[str]) -> None:
    assert "No rating has arrived yet" in researcher.get("/batches/1/results").text
    vote(researcher, raters[0], "tie")
    part = researcher.get("/batches/1/results", headers=PART).text
    assert "100.0 %</span> about the same" in part
    assert "<html" not in part


def test_json_and_csv_hold_the_same_numbers_and_the_json_keeps_its_schema(
    researcher: TestClient, raters: list[str]
) -> None:
    empty = researcher.get("/batches/1/results.json").json()
    jsonschema.Draft202012Validator(SCHEMA).validate(empty)
    for rater in raters:
        vote(researcher, rater, "first")
    found = researcher.get("/batches/1/results.json").json()
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    (row,) = csv.DictReader(researcher.get("/batches/1/results.csv").text.splitlines())
    (one,) = found["candidates"]
    assert one["votes"]["total"] == 3
    assert float(row["win_rate"]) == one["win_rate"]["mean"]
    assert [int(row[f"votes_{side}"]) for side in ("candidate", "tie", "baseline")] == [
        one["votes"][side] for side in ("candidate", "tie", "baseline")
    ]
    assert found["median_seconds"] == 2.0


def test_the_schema_describes_every_field_and_nothing_else() -> None:
    found = [(path, part) for path, part in objects(SCHEMA, "results") if "properties" in part]
    assert [path for path, part in found if part.get("additionalProperties") is not False] == []
    assert len(found) > 20


def objects(part: dict[str, object], path: str):
    """(where, what) of every object in the schema."""
    if part.get("type") == "object" or "$defs" in part:
        yield path, part
    for name, inner in {**part.get("properties", {}), **part.get("$defs", {})}.items():
        yield from objects(inner, f"{path}.{name}")


def test_links_are_listed_for_who_came_by_one(database: Database, researcher: TestClient) -> None:
    with database.transaction() as session:
        batch = factories.launched(session)
        ours, theirs = links.create_personal(session, batch.id, count=2, now=factories.NOW)
        session.execute(update(Rater).where(Rater.id == theirs.rater_id).values(channel=Channel.PROLIFIC))
    html = researcher.get(f"/batches/{batch.id}").text
    assert f'id="link-{ours.id}"' in html
    assert f'id="link-{theirs.id}"' not in html
    assert "1 rater came through other channels" in html
