"""Sorting queries in Chromium: by keys and by touch, back again, resumed in another tab, accessible at every width."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from backend.services.data import categories
from tests.browser.visits import Site, Visits, assert_accessible, assert_no_sideways_scrolling
from tests.factories import NOW

pytestmark = [pytest.mark.browser, pytest.mark.long]


def drawn(site: Site, name: str, number: int = 4) -> str:
    """A sample's page."""
    texts = [f"Query of {name} {place}: " + "what is it? " * (60 * place) for place in range(number)]
    with site.database.transaction() as session:
        review = categories.draw(session, name, texts, source="a file", size=number, seed=0, now=NOW)
        return f"/data/categories/{review.id}"


@pytest.fixture
def researcher(site: Site, person: BrowserContext) -> Page:
    """A tab of somebody who has opened the link that the server printed."""
    page = person.new_page()
    page.goto(site.server.researcher)
    return page


def test_nine_keys_sort_and_the_page_resumes_where_it_was(site: Site, researcher: Page, person: BrowserContext) -> None:
    researcher.goto(drawn(site, "keys"))
    expect(researcher.get_by_role("heading", name="Query 1")).to_be_visible()
    researcher.keyboard.press("3")
    expect(researcher.get_by_role("heading", name="Query 2")).to_be_visible()
    researcher.keyboard.press("9")
    expect(researcher.get_by_role("heading", name="Query 3")).to_be_visible()
    researcher.keyboard.press("0")
    researcher.keyboard.press("Control+3")
    another = person.new_page()
    another.goto(researcher.url)
    expect(another.get_by_role("heading", name="Query 3")).to_be_visible()
    expect(another.get_by_role("row", name="Coding 1 50.0 %")).to_be_visible()
    another.keyboard.press("Backspace")
    expect(another.get_by_role("heading", name="Query 2 sorted as Invalid")).to_be_visible()
    another.keyboard.press("1")
    expect(another.get_by_role("heading", name="Query 3")).to_be_visible()
    expect(another.get_by_role("row", name="Generation 1 50.0 %")).to_be_visible()


def test_it_is_sorted_by_touch_and_fits(site: Site, researcher: Page) -> None:
    researcher.goto("/data/categories")
    assert_fits(researcher)
    researcher.goto(drawn(site, "touch", 1))
    assert_fits(researcher)
    researcher.set_viewport_size({"width": 390, "height": 700})
    button = researcher.get_by_role("button", name="Brainstorming")
    expect(button).to_be_in_viewport()
    assert (button.bounding_box() or {"height": 0})["height"] >= 44
    button.click()
    expect(researcher.get_by_text("Every query is sorted.")).to_be_visible()
    assert_fits(researcher)


def test_it_is_sorted_without_javascript(site: Site, visits: Visits) -> None:
    page = visits.person(java_script_enabled=False).new_page()
    page.goto(site.server.researcher)
    page.goto(drawn(site, "plain", 1))
    page.get_by_role("button", name="Chat").click()
    expect(page.get_by_text("Every query is sorted.")).to_be_visible()


def assert_fits(page: Page) -> None:
    """Accessible, and never wider than its window."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert_accessible(page)
        assert_no_sideways_scrolling(page)
