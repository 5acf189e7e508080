"""Money in Chromium: every page accessible and as wide as its window, and its forms by hand, without JavaScript."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from backend.db.raters import Channel
from backend.services.studies import imports, mentions, studies
from backend.services.studies.files import Source
from tests import factories, paid
from tests.browser.visits import Site, Visits, assert_accessible, assert_no_sideways_scrolling
from tests.paid import Paid

pytestmark = [pytest.mark.browser, pytest.mark.long]

WIDTHS = (390, 768, 1280, 2560)
COST = "?pay=1&channel=mturk&channel=link&seconds=43&per_hour=15&currency=USD&seed=2023"


@pytest.fixture(scope="module")
def made(site: Site) -> Paid:
    """Money in every account."""
    with site.database.transaction() as session:
        return paid.everywhere(session)


@pytest.fixture(scope="module")
def study(site: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a study that nobody has launched."""
    folder = tmp_path_factory.mktemp("files")
    sources = []
    for name in ("mine", "theirs"):
        path = Path(folder / f"{name}.jsonl")
        path.write_text(
            "".join(f'{{"id": {n}, "prompt": "Question {n}?", "output": "{name} {n}"}}\n' for n in range(4))
        )
        sources.append(Source(path, name, path.name))
    inspected = imports.inspect(sources, prompts=None, baseline=None)
    settings = studies.preset("gudibande-2023")
    with site.database.transaction() as session:
        stored = imports.store(session, inspected, name="A paid study", settings=settings, now=factories.NOW)
        mentions.look(session, stored)
        return f"/studies/{stored.id}"


@pytest.fixture
def researcher(site: Site, person: BrowserContext) -> Page:
    """A tab of somebody who has opened the link that the server printed."""
    page = person.new_page()
    page.goto(site.server.researcher)
    return page


def assert_fits(page: Page) -> None:
    """Accessible, and never wider than its window."""
    assert_accessible(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert_no_sideways_scrolling(page)


@pytest.mark.parametrize(
    "path", ["money", "ledger", "ledger?account=owed&rater=3", "ledger?work=skip", "ledger/20", "submissions/1"]
)
def test_each_page_of_money_is_accessible_and_as_wide_as_its_window(researcher: Page, made: Paid, path: str) -> None:
    researcher.goto(f"/batches/{made.batch.id}/{path}")
    assert_fits(researcher)


@pytest.mark.parametrize("path", ["ledger", "ledger/20"])
def test_the_entries_are_read_on_a_phone_without_scrolling_sideways(researcher: Page, made: Paid, path: str) -> None:
    researcher.set_viewport_size({"width": 390, "height": 844})
    researcher.goto(f"/batches/{made.batch.id}/{path}")
    table = researcher.get_by_role("table")
    assert table.evaluate("(one) => one.parentElement.scrollWidth <= one.parentElement.clientWidth")
    expect(table.get_by_role("row").nth(1).get_by_role("cell")).to_have_count(7)


def test_a_batch_without_money_and_one_with_a_proposal_are_accessible(site: Site, researcher: Page) -> None:
    with site.database.transaction() as session:
        bare, declared = (factories.launched(session).id for _ in range(2))
        paid.declared(session, declared, Channel.LINK)
    for batch in (bare, declared):
        researcher.goto(f"/batches/{batch}/money")
        assert_fits(researcher)


def test_the_cost_before_a_launch_is_accessible(researcher: Page, study: str) -> None:
    for query in ("", COST, COST + "&budget=1"):
        researcher.goto(study + query)
        assert_fits(researcher)


def test_pay_is_calculated_and_launched_without_javascript(visits: Visits, site: Site, study: str) -> None:
    """Twelve ratings: 18 cents and 4 of fee each, and at worst 36 and 8 more; links $6.48 besides."""
    page = visits.person(java_script_enabled=False).new_page()
    page.goto(site.server.researcher)
    page.goto(study)
    page.get_by_text("Pay raters").click()
    page.get_by_label("Raters of this batch are paid from here").check()
    page.get_by_label("Mechanical Turk or what").check()
    page.get_by_label("Seconds a comparison").fill("43")
    page.get_by_role("button", name="Show what it costs").click()
    expect(page.get_by_role("region", name="What it costs at most")).to_contain_text("$7.92")
    expect(page.get_by_label("Mechanical Turk or what")).to_be_checked()
    page.get_by_role("button", name="Launch batch").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Batch")
    page.get_by_role("link", name="Money").click()
    expect(page.locator(".tiles")).to_contain_text("$14.40")


def test_a_budget_is_raised_and_a_rater_compensated_by_clicking(site: Site, researcher: Page) -> None:
    with site.database.transaction() as session:
        batch = factories.launched(session)
        (link,) = factories.links.create_personal(session, batch.id, count=1, now=factories.NOW)
        assert link.rater_id is not None
        code = factories.links.of_batch(session, batch.id)[0][1]
        assert code is not None
        name = code.external_id
    researcher.goto(f"/batches/{batch.id}/money")
    researcher.get_by_label("Budget", exact=True).fill("10")
    researcher.get_by_role("button", name="Set budget").click()
    researcher.get_by_label(re.compile("^Rater")).fill(name)
    researcher.get_by_label(re.compile("^Amount")).fill("1.50")
    researcher.get_by_label(re.compile("^Reason")).fill("The page froze.")
    researcher.get_by_role("button", name="Owe this compensation").click()
    expect(researcher.locator(".purse")).to_contain_text("$1.50 owed")
    researcher.get_by_role("link", name=name).click()
    researcher.get_by_role("link", name=re.compile("what it pays for")).first.click()
    expect(researcher.get_by_text("The page froze.")).to_be_visible()


def test_a_person_rejects_only_after_they_said_that_they_have_read(researcher: Page, made: Paid) -> None:
    researcher.goto(f"/batches/{made.batch.id}/money")
    researcher.get_by_role("link", name=re.compile("^Look at what")).first.click()
    researcher.get_by_text("Refuse to pay for it").click()
    researcher.get_by_label(re.compile("^Reason")).fill("Every answer is the same.")
    researcher.get_by_role("button", name="Reject and refuse the reward").click()
    expect(researcher.get_by_role("heading", name="Decide")).to_be_visible()  # the browser asks for the tick
    researcher.get_by_role("checkbox", name="I have read the answers").check()
    researcher.get_by_role("button", name="Reject and refuse the reward").click()
    expect(researcher.get_by_text("rejected: Every answer is the same.")).to_be_visible()
