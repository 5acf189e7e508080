"""The drill-down: a list of comparisons under a filter, and one with both outputs and every vote."""

import re

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from backend.db.outputs import Output
from backend.db.session import Database
from backend.db.studies import Prompt
from tests import factories, voted

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def batch_id(database: Database) -> int:
    """Two candidates on three prompts of two categories: a win with a comment, a split, the rest open."""
    outputs = {name: [f"**{name}** {number}" for number in range(3)] for name in ("base", "one", "two")}
    with database.transaction() as session:
        batch = factories.launched(session, prompts=["Why blue?", f"Say {HOSTILE}", "Old news"], outputs=outputs)
        session.execute(update(Prompt).where(Prompt.key == "p1").values(category="sky"))
        voted.vote(session, batch, 0, "ccb", comment=f"Look: {HOSTILE}", seconds=12.5)
        voted.vote(session, batch, 1, "ctb")
        voted.skip(session, batch, 2)
        return batch.id


def listed(html: str) -> list[int]:
    """The places in a list, in its order."""
    return [int(place) for place in re.findall(r'<a href="/batches/\d+/comparisons/(\d+)', html)]


def test_the_list_is_the_researchers(stranger: TestClient, batch_id: int) -> None:
    assert stranger.get(f"/batches/{batch_id}/comparisons").status_code == 403
    assert stranger.get(f"/batches/{batch_id}/comparisons/0").status_code == 403


def test_every_comparison_is_listed_with_its_votes_and_fate(researcher: TestClient, batch_id: int) -> None:
    html = researcher.get(f"/batches/{batch_id}/comparisons").text
    assert listed(html) == list(range(6))
    assert "6 comparisons against base, in launch order" in html
    assert "2 – 0 – 1" in html
    assert HOSTILE not in html


def test_the_form_keeps_what_was_asked_for_and_links_carry_it(researcher: TestClient, batch_id: int) -> None:
    html = researcher.get(f"/batches/{batch_id}/comparisons", params={"outcome": "split", "words": " "}).text
    assert listed(html) == [1]
    assert '<option value="split" selected>' in html
    assert f'href="/batches/{batch_id}/comparisons/1?outcome=split"' in html
    words = researcher.get(f"/batches/{batch_id}/comparisons", params={"words": "OLD"}).text
    assert len(listed(words)) == 2
    assert 'value="OLD"' in words


def test_candidate_and_category_narrow_the_list(researcher: TestClient, batch_id: int) -> None:
    html = researcher.get(f"/batches/{batch_id}/comparisons", params={"candidate": "two", "category": "sky"}).text
    assert len(listed(html)) == 1
    assert "Why blue?" in html


def test_a_filter_that_nothing_keeps_says_so(researcher: TestClient, batch_id: int) -> None:
    html = researcher.get(f"/batches/{batch_id}/comparisons", params={"words": "zebra"}).text
    assert "No comparison is like that" in html
    assert "Show all 6 comparisons" in html


def test_pages_are_asked_for_by_place(researcher: TestClient, batch_id: int) -> None:
    html = researcher.get(f"/batches/{batch_id}/comparisons", params={"after": 3}).text
    assert listed(html) == [4, 5]
    assert f'rel="prev" href="/batches/{batch_id}/comparisons?before=4"' in html
    assert 'rel="next"' not in html
    assert researcher.get(f"/batches/{batch_id}/comparisons", params={"after": "9" * 30}).status_code == 422


def test_a_comparison_shows_the_prompt_both_outputs_and_every_vote(researcher: TestClient, batch_id: int) -> None:
    html = researcher.get(f"/batches/{batch_id}/comparisons/0").text
    assert html.count("<tr>") == 4
    assert "<strong>base</strong>" in html
    assert re.search(r"<strong>(one|two)</strong>", html)
    assert html.count("12.5") == 3
    assert "Look: &lt;script&gt;" in html
    assert HOSTILE not in html
    assert "2026-01-05 09:00 UTC" in html


def test_a_comparison_shows_who_could_not_judge_it(researcher: TestClient, batch_id: int) -> None:
    html = researcher.get(f"/batches/{batch_id}/comparisons/2").text
    assert "couldn’t judge: unreadable" in html
    assert "Nobody has been given this comparison yet" in researcher.get(f"/batches/{batch_id}/comparisons/5").text


def test_previous_and_next_lead_through_what_was_asked_for(researcher: TestClient, batch_id: int) -> None:
    html = researcher.get(f"/batches/{batch_id}/comparisons/3", params={"outcome": "unfinished"}).text
    assert f'rel="prev" href="/batches/{batch_id}/comparisons/2?outcome=unfinished"' in html
    assert f'rel="next" href="/batches/{batch_id}/comparisons/4?outcome=unfinished"' in html
    assert 'rel="prev"' not in researcher.get(f"/batches/{batch_id}/comparisons/0").text


def test_what_was_scrubbed_is_shown_as_raters_saw_it_and_named(database: Database, researcher: TestClient) -> None:
    with database.transaction() as session:
        study = factories.study(session, prompts=1)
        for output in session.scalars(select(Output).where(Output.study_id == study.id)):
            output.shown = "Scrubbed."
        session.flush()
        batch = factories.launching.launch(session, study, baseline=factories.BASELINE, seed=1, now=factories.NOW)
    html = researcher.get(f"/batches/{batch.id}/comparisons/0").text
    assert html.count("<p>Scrubbed.</p>") == 2
    assert html.count("as it was shown: what said who wrote it is taken out") == 2
    assert "lively answer" not in html


def test_there_is_no_page_beyond_the_last_comparison(researcher: TestClient, batch_id: int) -> None:
    assert researcher.get(f"/batches/{batch_id}/comparisons/6").status_code == 404
    assert researcher.get(f"/batches/{batch_id + 1}/comparisons").status_code == 404


def test_sealed_votes_can_not_be_read(database: Database, researcher: TestClient) -> None:
    with database.transaction() as session:
        batch = factories.launched(session, analysis={"sealed": True})
        voted.vote(session, batch, 0, "c")
    for path in ("comparisons", "comparisons/0"):
        answer = researcher.get(f"/batches/{batch.id}/{path}")
        assert answer.status_code == 409
        assert "sealed until the batch is" in answer.text


def test_votes_that_a_declared_rule_may_leave_out_are_said_to_be_here(
    researcher: TestClient, database: Database, batch_id: int
) -> None:
    rule = {"kind": "one_sided", "limit": 0.9, "least": 20}
    with database.transaction() as session:
        strict = factories.launched(session, exclusions=[rule])
        voted.vote(session, strict, 0, "ccb")
    said = "They include those of raters whom a declared rule leaves out"
    for place in ("", "/0"):
        assert said in researcher.get(f"/batches/{strict.id}/comparisons{place}").text
        assert said not in researcher.get(f"/batches/{batch_id}/comparisons{place}").text
