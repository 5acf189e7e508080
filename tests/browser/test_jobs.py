"""Jobs and systems in Chromium: accessible in every state and width, live, and by hand without JavaScript."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from backend.db.jobs import Job
from backend.services.asking import jobs
from tests import asked, factories
from tests.asked import Work
from tests.browser.visits import Site, Visits, assert_accessible, assert_no_sideways_scrolling, shown_after_reloads

pytestmark = [pytest.mark.browser, pytest.mark.long]

WIDTHS = (390, 768, 1280, 2560)
NEXT_POLLS = 15_000  # the page asks every two seconds, and a busy machine answers late
COST = (
    "?engine=openai&name=gpt&model=gpt-4o&url=https%3A%2F%2Fapi.example.org%2Fv1&temperature=0&top_p=1&max_tokens=512"
)
COST += "&sample=2&price_in=2.5&price_out=10&requests_a_minute=60&tensor_parallel=2"


@pytest.fixture(scope="module")
def states(site: Site) -> Mapping[str, Job]:
    """A job in every state."""
    with site.database.transaction() as session:
        return asked.in_every_state(session)


@pytest.fixture
def researcher(site: Site, person: BrowserContext) -> Page:
    """A tab of somebody who has opened the link that the server printed."""
    page = person.new_page()
    page.goto(site.server.researcher)
    return page


def assert_fits(page: Page) -> None:
    """Accessible, and never wider than its window."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert_accessible(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert_no_sideways_scrolling(page)


def test_no_job_and_every_job_are_accessible(site: Site, researcher: Page) -> None:
    with site.database.reading() as session:
        assert jobs.newest(session) == []
    researcher.goto("/jobs")
    assert_fits(researcher)
    with site.database.transaction() as session:
        asked.in_every_state(session)
    researcher.goto("/jobs")
    expect(researcher.locator("article")).to_have_count(8)
    assert_fits(researcher)


@pytest.mark.parametrize("state", ["done", "missing", "broke", "cancelled", "queued", "running", "silent"])
def test_a_jobs_page_is_accessible_in_each_state(researcher: Page, states: Mapping[str, Job], state: str) -> None:
    researcher.goto(f"/jobs/{states[state].id}")
    assert_fits(researcher)


def test_the_pages_of_systems_are_accessible(researcher: Page, visits: Visits, states: Mapping[str, Job]) -> None:
    visits.expect("422")  # of a budget that is no amount
    of_study = f"/studies/{states['done'].study_id}/systems"
    paths = ["", "/new", f"/new{COST}", f"/new{COST}&budget=much"]
    paths += [f"/{states[state].generation_id}" for state in ("done", "missing", "queued")]
    for path in [*paths, f"/{states['done'].generation_id}?only=cut"]:
        researcher.goto(of_study + path)
        assert_fits(researcher)


def test_a_study_with_prompts_alone_is_accessible(site: Site, researcher: Page) -> None:
    with site.database.transaction() as session:
        study = factories.study(session, outputs={})
    researcher.goto(f"/studies/{study.id}/systems")
    assert_fits(researcher)


def test_a_job_is_followed_to_its_end_without_a_reload_by_hand(site: Site, researcher: Page) -> None:
    with site.database.transaction() as session:
        study = factories.study(session, prompts=["How far?", "How fast?", "How dear?"])  # that nobody has answered yet
        work = asked.work(session, study, "followed", now=datetime.now(UTC))
    researcher.goto(f"/jobs/{work.job.id}")
    expect(researcher.get_by_text("It waits for a worker")).to_be_visible()
    step(site, work, "One.")
    expect(researcher.get_by_text("1 of 3", exact=True)).to_be_visible(timeout=NEXT_POLLS)
    expect(researcher.get_by_role("button", name="Cancel job")).to_be_visible()
    step(site, work, "Two.", "Three.")
    with site.database.transaction() as session:
        work.session = session
        work.ends()
    expect(researcher.get_by_text("3 of 3", exact=True)).to_be_visible(timeout=NEXT_POLLS)
    expect(researcher.get_by_role("button", name="Cancel job")).to_have_count(0, timeout=NEXT_POLLS)
    researcher.get_by_role("link", name="Read outputs").click()
    expect(researcher.get_by_role("region", name="Output to prompt p2")).to_have_text("Two.")


def step(site: Site, work: Work, *texts: str) -> None:
    """A worker begins, if none has, and stores these answers."""
    with site.database.transaction() as session:
        work.session, work.now = session, datetime.now(UTC)
        if work.held is None:
            work.begin()
        work.answers(texts)


def test_outputs_are_asked_for_stopped_and_retried_without_javascript(visits: Visits, site: Site) -> None:
    with site.database.transaction() as session:
        study = factories.study(session)
    page = visits.person(java_script_enabled=False).new_page()
    page.goto(site.server.researcher)
    page.goto(f"/studies/{study.id}/systems")
    page.get_by_role("link", name="Generate outputs").click()
    page.get_by_label("Name", exact=True).fill("by-hand")
    page.get_by_label("Model", exact=True).fill("tiny")
    page.get_by_label("What answers").select_option(label="any address with OpenAI’s interface")
    page.get_by_label("Address", exact=True).fill("http://127.0.0.1:9/v1")
    page.get_by_label("Price answered, $").fill("10")
    page.get_by_role("button", name="See what it asks and costs").click()
    expect(page.locator(".estimate")).to_contain_text("≤ 1,536")
    expect(page.locator(".estimate")).to_contain_text("at most $0.0154")
    page.get_by_role("button", name="Generate 3 outputs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Outputs of by-hand")
    page.get_by_role("button", name="Cancel job").click()
    shown_after_reloads(page, ".row .tag", "cancelled")
    page.get_by_label("Reason").fill("The server is up.")
    page.get_by_label(re.compile("^Budget")).fill("1")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".history")).to_contain_text("tried again: The server is up.")
    expect(page.locator(".tiles")).to_contain_text("$0.00 of $1.00")


def test_a_second_sample_starts_from_the_first(researcher: Page, states: Mapping[str, Job]) -> None:
    job = states["done"]
    researcher.goto(f"/studies/{job.study_id}/systems/{job.generation_id}")
    researcher.get_by_role("link", name="Draw a second sample").click()
    expect(researcher.get_by_label("Sample")).to_have_value("8")
    researcher.get_by_role("button", name="See what it asks and costs").click()
    expect(researcher.get_by_role("button", name="Generate 20 outputs")).to_be_visible()
