"""Judges in Chromium: accessible in every state and width, hostile replies that do nothing, and all of it by hand."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from backend.domain.jobs import Manner
from backend.services.judging import judgings
from tests import factories, judged
from tests.browser.test_jobs import assert_fits
from tests.browser.visits import Site, Visits, shown_after_reloads
from tests.judged import BASE, LARGE, Bench

pytestmark = [pytest.mark.browser, pytest.mark.long]

COST = (
    f"?name=gpt&candidates={LARGE}&candidates=small&baseline={BASE}&judge_template=mtbench-pair-v2&orders=both"
    "&rule=agree_else_tie&engine=openai&model=gpt-4o&url=https%3A%2F%2Fapi.example.org%2Fv1&top_p=1&price_in=2.5"
)


@pytest.fixture(scope="module")
def bench(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Two candidates, votes, a judge that was asked, an imported one, and one that waits."""
    made = judged.bench(site.database, tmp_path_factory.mktemp("reviews"))
    with site.database.transaction() as session:
        _, (first, _) = judged.declared(session, made.study_id, "http://127.0.0.1:9/v1", name="waiting-judge")
        judgings.enqueue(session, first, Manner(), allowed=None, now=factories.NOW)
    return made


@pytest.fixture
def researcher(site: Site, person: BrowserContext) -> Page:
    """A tab of somebody who has opened the link that the server printed."""
    page = person.new_page()
    page.goto(site.server.researcher)
    return page


@pytest.mark.parametrize(
    "path", ["", "/new", f"/new{COST}", f"/new{COST}&budget=much", "/1", "/1?only=torn", "/2", "/3"]
)
def test_the_pages_of_judges_are_accessible(researcher: Page, visits: Visits, bench: Bench, path: str) -> None:
    visits.expect("422")  # of a budget that is no amount
    researcher.goto(f"/studies/{bench.study_id}/judges{path}")
    assert_fits(researcher)


@pytest.mark.parametrize("key", ["p1", "p8", "p9"])
def test_a_prompt_is_accessible_and_a_hostile_reply_is_text(
    researcher: Page, site: Site, bench: Bench, key: str
) -> None:
    with site.database.reading() as session:
        number = judged.prompt_id(session, bench.study_id, key)
    researcher.goto(f"/studies/{bench.study_id}/judges/{bench.asked}/prompts/{number}")
    assert_fits(researcher)
    if key == "p9":
        expect(researcher.get_by_text("<script>alert('reply')</script>").first).to_be_visible()


def test_a_study_without_judges_and_one_with_a_single_system_are_accessible(site: Site, researcher: Page) -> None:
    with site.database.transaction() as session:
        empty, lone = factories.study(session), factories.study(session, outputs={"only": ["a", "b", "c"]})
    for path in (f"{empty.id}/judges", f"{lone.id}/judges", f"{lone.id}/judges/new", f"{empty.id}/verdicts/new"):
        researcher.goto(f"/studies/{path}")
        assert_fits(researcher)


def test_the_results_and_a_comparison_with_judges_are_accessible(researcher: Page, bench: Bench) -> None:
    for path in ("results", "comparisons/1"):
        researcher.goto(f"/batches/{bench.batch.id}/{path}")
        expect(researcher.locator("#judges")).to_be_visible()
        assert_fits(researcher)


def test_verdicts_are_understood_before_they_are_imported(
    visits: Visits, researcher: Page, bench: Bench, tmp_path: Path
) -> None:
    visits.expect("422")  # of a system that has no place in the files
    researcher.goto(f"/studies/{bench.study_id}/verdicts/new")
    researcher.get_by_label("Files of verdicts").set_input_files(judged.reviews(tmp_path))
    researcher.get_by_label("Name of the judge").fill("reviews again")
    researcher.get_by_label("Candidate").select_option(LARGE)
    researcher.get_by_label("Baseline").select_option(BASE)
    researcher.get_by_role("button", name="See what they say").click()
    expect(researcher.get_by_role("heading", name="What they are understood as")).to_be_visible()
    assert_fits(researcher)
    researcher.get_by_label("What counts").select_option("replies")
    researcher.get_by_role("button", name="Look again").click()
    researcher.get_by_role("button", name="Import 10 verdicts as reviews again").click()
    expect(researcher.get_by_role("heading", level=1)).to_have_text("reviews again")


def test_a_judge_is_asked_and_read_without_javascript(visits: Visits, site: Site) -> None:
    with site.database.transaction() as session:
        study = factories.study(session)
    page = visits.person(java_script_enabled=False).new_page()
    page.goto(site.server.researcher)
    page.goto(f"/studies/{study.id}/judges")
    page.get_by_role("link", name="Ask a judge").click()
    page.get_by_label("Name", exact=True).fill("by-hand")
    page.get_by_label("Model", exact=True).fill("tiny")
    page.get_by_label("Address", exact=True).fill("http://127.0.0.1:9/v1")
    page.get_by_role("button", name="See what it asks and costs").click()
    page.get_by_role("button", name="Ask for 6 verdicts").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Verdicts of by-hand")
    page.get_by_role("link", name="Read verdicts").click()
    expect(page.get_by_text("It has said nothing yet.")).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Cancel job").click()
    shown_after_reloads(page, ".row .tag", "cancelled")
