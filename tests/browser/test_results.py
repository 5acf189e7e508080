"""The results page and its drill-down in Chromium: live, folded and unfolded, at every width, in light and dark."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from backend.db.batches import Batch
from backend.db.raters import Channel
from backend.services.studies import batches
from tests import voted, ways
from tests.browser.visits import Site, assert_accessible, assert_no_sideways_scrolling

pytestmark = [pytest.mark.browser, pytest.mark.long]

WIDTHS = (390, 768, 1280, 2560)
NAMES = ("base", "small", "large")
LADDER = {
    "primary": "large",
    "base": "small",
    "ladder": [{"system": "small", "amount": 1000}, {"system": "large", "amount": 50000}],
}
VOTES = ["ccb", "ctb", "bbt", "ccc", "tcb", "bcb", "ccx", "btb"]


@pytest.fixture
def researcher(site: Site, person: BrowserContext) -> Page:
    """A tab of somebody who has opened the link that the server printed."""
    page = person.new_page()
    page.goto(site.server.researcher)
    return page


def rated(site: Site, *, comparisons: int = 16, **settings: object) -> Batch:
    """A batch of two candidates on eight prompts, with votes on so many of its sixteen comparisons."""
    outputs = {name: [f"**{name[::-1]}** says {number}\n\n- so\n- there" for number in range(8)] for name in NAMES}
    batch = site.launch(prompts=8, outputs=outputs, analysis=LADDER, **settings)
    with site.database.transaction() as session:
        for place in range(comparisons):
            voted.vote(session, batch, place, VOTES[place % 8], comment="Well put." if place == 0 else "")
    return batch


@pytest.mark.parametrize("path", ["results", "comparisons", "comparisons?outcome=split", "comparisons/0"])
def test_each_page_is_accessible_and_as_wide_as_its_window(site: Site, researcher: Page, path: str) -> None:
    researcher.goto(f"/batches/{rated(site).id}/{path}")
    assert_accessible(researcher)
    for width in WIDTHS:
        researcher.set_viewport_size({"width": width, "height": 900})
        assert_no_sideways_scrolling(researcher)


@pytest.mark.parametrize("settings", [{"analysis": {"sealed": True}}, {}])
def test_results_before_the_first_vote_are_accessible(
    site: Site, researcher: Page, settings: dict[str, object]
) -> None:
    researcher.goto(f"/batches/{site.launch(**settings).id}/results")
    assert_accessible(researcher)


def test_what_was_unfolded_stays_so_when_votes_arrive(site: Site, researcher: Page) -> None:
    batch = rated(site, comparisons=14)
    researcher.goto(f"/batches/{batch.id}/results")
    fold = researcher.locator("#numbers details").filter(has_text="Missing votes").first
    fold.locator("summary").click()
    expect(fold).to_have_attribute("open", "")
    with site.database.transaction() as session:
        voted.vote(session, batch, 14, "ccc")
    expect(researcher.locator("#numbers")).to_contain_text("45 ratings", timeout=10_000)
    expect(fold).to_have_attribute("open", "")


def test_a_page_stops_asking_when_its_batch_is_over(site: Site, researcher: Page) -> None:
    batch = rated(site, comparisons=15)
    researcher.clock.install()
    researcher.goto(f"/batches/{batch.id}/results")
    with researcher.expect_response(re.compile("seen=")) as unchanged:
        researcher.clock.run_for(3_500)
    assert unchanged.value.status == 204
    with site.database.transaction() as session:
        batches.close(session, batches.get(session, batch.id))
    with researcher.expect_response(re.compile("seen=")) as closed:
        researcher.clock.run_for(3_500)
    assert closed.value.status == 200
    expect(researcher.locator("#numbers .tag").first).to_have_text("closed")
    asked: list[str] = []
    researcher.on("request", lambda request: asked.append(request.url))
    researcher.clock.run_for(20_000)
    assert asked == []


def test_from_a_split_to_its_votes_and_on_to_the_next_without_a_script(site: Site, researcher: Page) -> None:
    batch = rated(site)
    plain = researcher.context.browser.new_context(
        base_url=site.server.base_url, java_script_enabled=False, storage_state=researcher.context.storage_state()
    )
    page = plain.new_page()
    page.goto(f"/batches/{batch.id}/results")
    page.get_by_role("link", name="All comparisons").click()
    page.get_by_label("Outcome").select_option("split")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("table.listing tbody tr")).to_have_count(4)
    page.locator("table.listing tbody a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Comparison 1")
    expect(page.locator("table.visits tbody tr")).to_have_count(3)
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Comparison 4")
    plain.close()


def test_on_a_phone_the_words_that_name_a_row_stay_in_sight(site: Site, researcher: Page) -> None:
    researcher.set_viewport_size({"width": 390, "height": 844})
    researcher.goto(f"/batches/{rated(site).id}/results")
    table = researcher.get_by_role("group", name="Style")
    name = table.get_by_role("rowheader", name="large", exact=True)
    before = name.bounding_box()
    table.evaluate("one => { one.scrollLeft = one.scrollWidth; }")
    assert table.evaluate("one => one.scrollLeft") > 100
    assert name.bounding_box() == before


def test_on_a_phone_the_list_shows_its_outcomes_without_scrolling(site: Site, researcher: Page) -> None:
    researcher.set_viewport_size({"width": 390, "height": 844})
    researcher.goto(f"/batches/{rated(site).id}/comparisons")
    listing = researcher.get_by_role("region", name="Comparisons")
    assert listing.evaluate("one => one.scrollWidth <= one.clientWidth + 12")
    expect(listing.get_by_role("columnheader", name="Candidate")).to_be_hidden()
    expect(listing.get_by_role("rowheader").first).to_contain_text(re.compile("small|large"))


def test_a_printed_page_has_everything_unfolded_and_no_controls(site: Site, researcher: Page) -> None:
    researcher.goto(f"/batches/{rated(site).id}/results")
    researcher.emulate_media(media="print")
    expect(researcher.get_by_text("Pigeonhole bootstrap").first).to_be_visible()
    expect(researcher.get_by_role("navigation", name="On this page")).to_be_hidden()
    expect(researcher.locator(".downloads")).to_be_hidden()


def test_on_a_laptop_no_column_of_the_raters_is_cut_though_vendors_ids_are_long(site: Site, researcher: Page) -> None:
    batch = site.launch(prompts=20, seats=1, checks={"attention": 0.2, "repeat": 0.2})
    with site.database.transaction() as session:
        link = ways.rater(session, batch, Channel.PROLIFIC, external_id=f"{batch.id:024}")
    path = f"{site.server.base_url}/r/{site.house.tokens.sign('link', link)}"
    for _ in range(24):
        html = researcher.request.post(f"{path}/next").text()
        held = re.search(r'name="assignment" value="([^"]+)"', html)
        if held:
            form = {"assignment": held[1], "choice": "first", "active_ms": "9000"}
            researcher.request.post(f"{path}/ratings", form=form, headers={"X-Part": "main"})
    researcher.goto(f"/batches/{batch.id}/results")
    table = researcher.get_by_role("region", name="Every rater")
    expect(table).to_contain_text("repeats alike")
    assert table.evaluate("one => one.scrollWidth <= one.clientWidth")
