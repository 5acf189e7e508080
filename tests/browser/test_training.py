"""Training in Chromium: accessible in every state and width, and its curves grow without a reload by hand."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from backend.domain.jobs import JobState
from backend.services.training import runs
from tests import factories
from tests.browser.test_jobs import NEXT_POLLS, assert_fits
from tests.browser.visits import Site
from tests.training import declaration, queued
from tests.web.test_training import begun, ended, trained

pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.fixture
def researcher(site: Site, person: BrowserContext) -> Page:
    """A tab of somebody who has opened the link that the server printed."""
    page = person.new_page()
    page.goto(site.server.researcher)
    return page


def test_runs_are_accessible_in_every_state_and_curves_grow(site: Site, researcher: Page, tmp_path: Path) -> None:
    researcher.goto("/training")
    assert_fits(researcher)
    with site.database.transaction() as session:
        factories.study(session)
    trained(site.database, tmp_path)
    failed = begun(site.database, tmp_path, "failed")
    ended(site.database, failed, JobState.FAILED, "The disk is full.")
    begun(site.database, tmp_path, "running")
    with site.database.transaction() as session:
        queued(session, declaration("queued", tmp_path))
        ids = [line.run.id for line in runs.lines(session, now=factories.NOW)]
        running = runs.of_name(session, "running").id
    for path in ("/training", *(f"/training/{number}" for number in ids)):
        researcher.goto(path)
        for details in researcher.locator("details").all():
            details.locator("summary").click()
        assert_fits(researcher)
    researcher.goto(f"/training/{running}")
    expect(researcher.get_by_role("img", name="Loss: 4 at step 1, 1.333 at step 3")).to_be_visible()
    with (tmp_path / "running" / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"step": 4, "loss": 0.25}) + "\n")
    expect(researcher.get_by_role("img", name="0.25 at step 4")).to_be_visible(timeout=NEXT_POLLS)


def test_a_trained_run_is_led_to_a_study_by_hand(site: Site, researcher: Page, tmp_path: Path) -> None:
    with site.database.transaction() as session:
        factories.study(session)
    trained(site.database, tmp_path, "chosen")
    with site.database.reading() as session:
        number = runs.of_name(session, "chosen").id
    researcher.goto(f"/training/{number}")
    researcher.get_by_role("button", name="Make it a system of this study").click()
    expect(researcher.get_by_label("Model")).to_have_value(str(tmp_path / "chosen" / "model"))
    assert_fits(researcher)
    researcher.get_by_role("button", name="See what it asks and costs").click()
    expect(researcher.get_by_role("heading", name="What this asks")).to_be_visible()
