"""The first page: studies in rows with what needs a hand, a search, pages, and a part that keeps it live."""

import re

import pytest
from starlette.testclient import TestClient

from backend.db.batches import Batch
from backend.db.session import Database
from backend.services.studies import batches
from backend.web.deps import House
from tests import factories, paid

PART = {"HX-Request": "true"}
WORDS = (b"bow", b"nod")


@pytest.fixture
def batch(database: Database) -> Batch:
    """A batch of one comparison with three seats."""
    with database.transaction() as session:
        return factories.launched(session, prompts=1)


def rate(client: TestClient, database: Database, house: House, batch: Batch, *choices: str) -> None:
    """A new rater's votes."""
    with database.transaction() as session:
        (path,) = factories.rater_paths(session, house, batch)
    for choice in choices:
        html = client.post(f"{path}/next").text
        assignment = re.search(r'name="assignment" value="([^"]+)"', html)[1]
        client.post(f"{path}/ratings", data={"assignment": assignment, "choice": choice, "active_ms": "20000"})


def words(html: str) -> str:
    """What is read, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_without_a_study_the_page_teaches_the_first_step(researcher: TestClient) -> None:
    html = researcher.get("/").text
    assert html.count('href="/studies/new"') == 2
    assert "assay try mine.jsonl theirs.jsonl" in html
    assert 'role="search"' not in html


def test_a_row_follows_the_votes(researcher: TestClient, database: Database, house: House, batch: Batch) -> None:
    fresh = words(researcher.get("/").text)
    assert "0 of 3 ratings" in fresh
    assert "No rating yet" in fresh
    assert "No rater has a link to it" in fresh
    for number in range(1, 4):
        rate(researcher, database, house, batch, "tie")
        part = researcher.get("/", headers=PART).text
        assert f"{number} of 3 ratings" in part
    assert "<html" not in part
    assert "50.0 %" in words(part)
    assert f"{factories.CANDIDATE} against {factories.BASELINE}" in words(part)
    assert "Win rate on a line from 0 to 100 %: 50.0 %" in part
    assert "Everything is rated. Read the results" in words(part)


def test_an_interval_that_holds_for_these_raters_only_says_so(
    researcher: TestClient, database: Database, house: House
) -> None:
    with database.transaction() as session:
        panel = factories.launched(session, prompts=2)
    rate(researcher, database, house, panel, "tie", "first")
    assert "these raters only" in researcher.get("/").text


def test_a_sealed_row_tells_no_win_rate(researcher: TestClient, database: Database, house: House) -> None:
    with database.transaction() as session:
        sealed = factories.launched(session, prompts=1, analysis={"sealed": True})
    rate(researcher, database, house, sealed, "first")
    html = researcher.get("/").text
    assert "1 of 3 ratings" in html
    assert "sealed until the batch is complete or closed" in html
    assert " %" not in words(html)


def test_every_flag_leads_to_where_it_is_acted_on(researcher: TestClient, database: Database) -> None:
    rows = [
        b'{"id": 1, "prompt": "Who are you?", "output": "As an AI model by OpenAI, I %s."}' % word for word in WORDS
    ]
    files = [("outputs", (f"{number}.jsonl", row)) for number, row in enumerate(rows)]
    study = researcher.post("/studies", files=files, data={"preset": "gudibande-2023"}).url.path
    with database.transaction() as session:
        factories.launched(session, prompts=1)
        batches.pause(session, factories.launched(session, prompts=1))
    html = researcher.get("/").text
    for path in (f"{study}#identity", f"{study}#launch", "/batches/1#links", "/batches/2#steer"):
        assert f'href="{path}"' in html
        page, anchor = path.split("#")
        assert f'id="{anchor}"' in researcher.get(page).text


def test_the_search_stays_in_its_field_its_pages_and_its_part(researcher: TestClient, database: Database) -> None:
    with database.transaction() as session:
        for number in range(21):
            factories.study(session, prompts=1).name = f"Koala & “co” {number}"
        factories.study(session, prompts=1).name = "Another"
    html = researcher.get("/", params={"q": "koala &"}).text
    assert html.count('<article class="study"') == 20
    assert 'value="koala &amp;"' in html
    assert 'hx-get="/?q=koala+%26&amp;page=1"' in html or 'hx-get="/?q=koala%20%26&amp;page=1"' in html
    assert "21 studies have “koala &amp;” in their name" in html
    older = re.search(r'href="([^"]+)" rel="next"', html)[1].replace("&amp;", "&")
    assert researcher.get(older, headers=PART).text.count('<article class="study"') == 1


def test_a_search_without_a_result_leads_back(researcher: TestClient, batch: Batch) -> None:
    html = researcher.get("/", params={"q": "<b>zebra"}).text
    assert "No study or system is called “&lt;b&gt;zebra”" in html
    assert "Show all 1 study" in html


@pytest.mark.parametrize(("page", "status"), [("0", 200), ("99", 200), ("x", 422)])
def test_a_page_that_does_not_exist_is_the_nearest_one(researcher: TestClient, page: str, status: int) -> None:
    assert researcher.get("/", params={"page": page}).status_code == status


def test_who_waits_for_an_answer_stands_above_all_studies(researcher: TestClient, database: Database) -> None:
    with database.transaction() as session:
        made = paid.everywhere(session)
    assert "appeal waits for an answer: " not in words(researcher.get("/").text), "the only study says it itself"
    with database.transaction() as session:
        factories.study(session)
    html = researcher.get("/", headers=PART).text
    assert "1 appeal waits for an answer: batch" in words(html)
    assert html.index(f'href="/batches/{made.batch.id}/money#appeals"') < html.index('<article class="study">')
