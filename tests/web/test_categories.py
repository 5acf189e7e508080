"""Sorting queries in the pages: drawn from a study, one after another, again, with judges beside."""

import re

import pytest
from starlette.testclient import TestClient

from backend.db.session import Database
from backend.domain.data.categories import Category, Unread
from backend.services.data import categories
from backend.services.data.categories import Labelled
from tests import factories
from tests.factories import NOW


@pytest.fixture
def review_id(database: Database) -> int:
    with database.transaction() as session:
        texts = [f"query <b>{number}</b>" for number in range(1, 4)]
        return categories.draw(session, "mix", texts, source="mix.jsonl", size=3, seed=0, now=NOW).id


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def sort(researcher: TestClient, review_id: int, place: int, category: str) -> str:
    return researcher.post(f"/data/categories/{review_id}/{place}", data={"category": category}).text


def test_a_sample_is_drawn_from_a_study_and_sorted_to_its_end(researcher: TestClient, database: Database) -> None:
    assert "There is no study yet" in researcher.get("/data/categories").text
    with database.transaction() as session:
        study = factories.study(session, prompts=3)
    html = researcher.post(
        "/data/categories/samples", data={"study": study.id, "name": "mine", "size": "2", "seed": "1"}
    ).text
    assert "0 of 2 sorted" in words(html)
    assert html.count('name="category"') == 9
    assert "Query 1" in html
    html = sort(researcher, 1, 1, "coding")
    assert "1 of 2 sorted" in words(html)
    assert "Query 2" in html
    html = sort(researcher, 1, 2, "chat")
    assert "Every query is sorted." in words(html)
    assert re.search(r"Coding 1 50.0 % 9.5 % – 90.5 % 5.5 % – 94.5 % 16 %", words(html))
    assert "2 of 2" in words(researcher.get("/data/categories").text)


def test_a_query_may_be_sorted_again(researcher: TestClient, review_id: int, database: Database) -> None:
    sort(researcher, review_id, 1, "coding")
    again = researcher.get(f"/data/categories/{review_id}?place=1").text
    assert "Query 1 sorted as Coding" in words(again)
    assert 'aria-pressed="true"' in again
    sort(researcher, review_id, 1, "rewrite")
    with database.reading() as session:
        found = categories.as_it_is(session, categories.get(session, review_id))
    assert [one.category for one in found.lines] == [Category.REWRITE, None, None]


def test_judges_stand_beside(researcher: TestClient, review_id: int, database: Database) -> None:
    with database.transaction() as session:
        said = [
            Labelled(1, Category.CODING, "[[coding]]"),
            Labelled(2, Category.CHAT, ""),
            Labelled(3, Unread.NO_SIGN, "?"),
        ]
        review = categories.get(session, review_id)
        categories.store(session, review, "gpt", said, now=NOW)
        categories.store(session, review, "gpt", [Labelled(1, Category.CHAT, "")], now=NOW)
        assert categories.unlabelled(session, review, "gpt") == []
        assert len(categories.unlabelled(session, review, "another")) == 3
    sort(researcher, review_id, 1, "coding")
    html = words(sort(researcher, review_id, 2, "coding"))
    assert "gpt agrees on 1 of 2: Cohen’s κ 0.00" in html
    assert "1 of its replies can’t be read" in html


def test_queries_are_hostile_text_and_wrong_forms_are_refused(researcher: TestClient, review_id: int) -> None:
    assert "&lt;b&gt;" in researcher.get(f"/data/categories/{review_id}").text
    assert researcher.post(f"/data/categories/{review_id}/1", data={"category": "music"}).status_code == 422
    assert researcher.post(f"/data/categories/{review_id}/9", data={"category": "chat"}).status_code == 404
    assert researcher.get("/data/categories/99").status_code == 404


def test_a_name_that_is_taken_and_a_sample_of_nothing_are_refused_with_what_was_typed(
    researcher: TestClient, review_id: int, database: Database
) -> None:
    with database.transaction() as session:
        study = factories.study(session)
    taken = researcher.post("/data/categories/samples", data={"study": study.id, "name": "mix", "size": "7"})
    assert taken.status_code == 409
    assert "There is a review mix already." in taken.text
    assert 'value="7"' in taken.text
    assert researcher.post(
        "/data/categories/samples", data={"study": study.id, "name": "a", "size": "0"}
    ).status_code in (
        303,
        200,
        422,
    )
    assert (
        researcher.post("/data/categories/samples", data={"study": study.id, "name": "b", "size": "1001"}).status_code
        == 422
    )
    assert researcher.post("/data/categories/samples", data={"study": "99", "name": "b"}).status_code == 404
    assert researcher.post("/data/categories/samples", data={"study": study.id, "name": ""}).status_code == 422


def test_strangers_see_nothing(stranger: TestClient, review_id: int) -> None:
    assert stranger.get(f"/data/categories/{review_id}").status_code == 403
    assert stranger.post(f"/data/categories/{review_id}/1", data={"category": "chat"}).status_code == 403
