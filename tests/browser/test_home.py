"""The dashboard in Chromium: accessible in every state and width, live, and searched by keyboard alone."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from backend.services.studies import batches, launching
from backend.simulator.raters import SimulatedRater
from tests import factories
from tests.browser.visits import (
    Site,
    Visits,
    assert_accessible,
    assert_no_sideways_scrolling,
    started,
    vote,
)

pytestmark = [pytest.mark.browser, pytest.mark.long]

WIDTHS = (390, 768, 1280, 2560)
NEXT_POLLS = 20_000  # the page asks every five seconds, and a busy machine answers late
LONG = "a-system-with-a-name-that-goes-on-and-on-" * 3
CANDIDATES = {name: ["Yes!", "No.", "Perhaps."] for name in ("base", "c-1", LONG)}


@pytest.fixture
def researcher(site: Site, person: BrowserContext) -> Page:
    """A tab of somebody who has opened the link that the server printed."""
    page = person.new_page()
    page.goto(site.server.researcher)
    return page


@pytest.fixture(scope="module")
def states(site: Site) -> None:
    """Studies in every state, and more than one page of them."""
    with site.database.transaction() as session:
        for number in range(15):
            factories.study(session, prompts=1).name = f"Waiting {number}"
        batches.pause(session, factories.launched(session))
        batches.close(session, factories.launched(session))
        factories.launched(session, analysis={"sealed": True})
        study = factories.study(session, outputs=CANDIDATES)
        study.name = "An unbroken_name_of_a_study_" * 6
        for _ in range(5):
            launching.launch(session, study, baseline="base", seed=1, now=datetime.now(UTC))
    batch = site.launch(outputs=CANDIDATES)
    for seed in range(6):
        SimulatedRater(site.server.base_url, site.rater(batch), seed=seed).run()
    started_only = site.launch()
    SimulatedRater(site.server.base_url, site.rater(started_only), seed=1).run()


@pytest.mark.usefixtures("states")
@pytest.mark.parametrize("path", ["/", "/?page=2", "/?q=waiting", "/?q=nothing+like+it"])
def test_the_dashboard_is_accessible_and_as_wide_as_its_window(researcher: Page, path: str) -> None:
    researcher.goto(path)
    assert_accessible(researcher)
    for width in WIDTHS:
        researcher.set_viewport_size({"width": width, "height": 900})
        assert_no_sideways_scrolling(researcher)


@pytest.mark.usefixtures("states")
def test_studies_are_searched_and_paged_by_keyboard_alone(researcher: Page) -> None:
    expect(researcher.locator(".study")).to_have_count(20)
    researcher.get_by_role("link", name="Older", exact=True).focus()
    researcher.keyboard.press("Enter")
    expect(researcher.get_by_role("link", name="Newer")).to_be_visible()
    researcher.get_by_role("searchbox").focus()
    researcher.keyboard.type("waiting 1")
    researcher.keyboard.press("Enter")
    expect(researcher.locator(".study")).to_have_count(6)
    expect(researcher.get_by_role("searchbox")).to_have_value("waiting 1")


@pytest.mark.usefixtures("states")
def test_studies_are_searched_without_javascript(visits: Visits, site: Site) -> None:
    page = visits.person(java_script_enabled=False).new_page()
    page.goto(site.server.researcher)
    page.get_by_role("searchbox").fill("waiting 1")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".study")).to_have_count(6)


def test_an_open_dashboard_follows_the_votes_and_keeps_the_focus(site: Site, researcher: Page, visits: Visits) -> None:
    batch = site.launch(prompts=1)
    researcher.goto("/")
    row = researcher.locator(".glance").filter(has=researcher.get_by_role("link", name=f"Batch {batch.id}", exact=True))
    expect(row).to_contain_text("No rating yet")
    row.get_by_role("link", name="Make links").focus()
    rater = started(visits.person().new_page(), site.rater(batch))
    expect(row).to_contain_text("1 rater at work", timeout=NEXT_POLLS)
    vote(rater)
    expect(row).to_contain_text("1 of 3 ratings", timeout=NEXT_POLLS)
    expect(row).to_contain_text("last rating just now", timeout=NEXT_POLLS)
    expect(row.locator("svg.interval")).to_be_visible(timeout=NEXT_POLLS)
