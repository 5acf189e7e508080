"""A rater's way in Chromium: by keyboard alone, on another device, without JavaScript, accessible on every screen."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from backend.db.batches import Batch
from backend.db.raters import Channel
from backend.services.rating import listed
from tests import ways
from tests.browser.visits import (
    FIRST,
    TIE,
    Site,
    Visits,
    assert_accessible,
    assert_no_sideways_scrolling,
    expect_number,
)
from tests.factories import NOW
from tests.ways import JOURNEY

pytestmark = [pytest.mark.browser, pytest.mark.long]

WIDTHS = (360, 390, 768, 1280, 2560, 3840)
PRACTICE = "Practice {} of 2: Which response is better?"


def launched(site: Site, **options: object) -> Batch:
    """A batch with a journey, whose raters come from Prolific and are paid."""
    batch = site.launch(**{"journey": JOURNEY, **options})
    with site.database.transaction() as session:
        ways.channel(session, batch, Channel.PROLIFIC)
    return batch


def rater(site: Site, batch: Batch, name: str) -> str:
    """The address of a rater from Prolific."""
    with site.database.transaction() as session:
        link = ways.rater(session, batch, Channel.PROLIFIC, external_id=f"{name}-{batch.id}")
    return f"/r/{site.house.tokens.sign('link', link)}"


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def tab_to(page: Page, words: str) -> None:
    """Press Tab until what says this has the focus, and Enter."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if words in page.evaluate("document.activeElement.textContent"):
            return page.keyboard.press("Enter")
    raise AssertionError(f"“{words}” can't be reached by Tab")


def practise(page: Page, number: int, key: str, onward: str) -> None:
    """Answer an exercise by a key, hear whether that is expected, and go on."""
    heading(page, PRACTICE.format(number))
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.keyboard.press(key)
    page.wait_for_url(f"**practised={number - 1}")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    tab_to(page, onward)


def take_test(page: Page, *downs: int) -> None:
    """Take the test by the keys that radio buttons have: so many steps down from the first choice at each exercise."""
    heading(page, "Entry test: Which response is better?")
    for number, steps in enumerate(downs):
        page.locator(f"input[name='choice.{number}']").first.focus()
        page.keyboard.press("Space")
        for _ in range(steps):
            page.keyboard.press("ArrowDown")
    tab_to(page, "Hand in the test")


def test_a_whole_way_by_keyboard_begun_on_one_device_and_finished_on_another(site: Site, visits: Visits) -> None:
    batch = launched(site, prompts=3, seats=1)
    path, page = rater(site, batch, "whole"), visits.person().new_page()
    page.goto(path)
    heading(page, "Before you begin")
    tab_to(page, "I agree")
    practise(page, 1, "2", "Next exercise")
    heading(page, PRACTICE.format(2))
    page.goto(f"{path}/address")
    address = page.locator("#own-address").inner_text()

    other = visits.person(viewport={"width": 390, "height": 844}).new_page()
    other.goto(address)
    practise(other, 2, "3", "Go on")
    take_test(other, 1, 0)
    heading(other, "Which response is better?")
    tab_to(other, "Start")
    for number in range(1, 4):
        expect_number(other, number)
        other.keyboard.press("1")
    heading(other, "Thank you, you are done")
    expect(other.locator("#completion-code")).to_have_text("DONE1")
    expect(other.get_by_role("link", name="Return to Prolific")).to_have_attribute(
        "href", "https://app.prolific.com/submissions/complete?cc=DONE1"
    )
    assert site.choices(batch) == ["first"] * 3
    page.goto(path)
    heading(page, "Thank you, you are done")
    page.goto(f"{path}/work")
    expect(page.locator("table.own-work tbody tr")).to_have_count(3)
    expect(page.get_by_text("$1.25")).to_be_visible()  # three comparisons and two exercises of the test


def test_one_fails_the_test_and_is_thanked_and_one_declines(site: Site, visits: Visits) -> None:
    batch = launched(site)
    page = visits.person().new_page()
    page.goto(rater(site, batch, "fails"))
    tab_to(page, "I agree")
    practise(page, 1, "1", "Next exercise")
    practise(page, 2, "1", "Go on")
    take_test(page, 0, 1)
    heading(page, "Thank you for taking the test")
    expect(page.get_by_text("the test is paid")).to_be_visible()
    expect(page.locator("#completion-code")).to_have_text("SCREEN")
    page.goto(rater(site, batch, "declines"))
    heading(page, "Before you begin")
    tab_to(page, "No, I don’t want to take part")
    heading(page, "That is all right")
    expect(page.locator("#completion-code")).to_have_text("NOCON")


def test_the_whole_way_works_without_javascript(site: Site, visits: Visits) -> None:
    page = visits.person(java_script_enabled=False).new_page()
    page.goto(rater(site, launched(site, prompts=1, seats=1), "plain"))
    page.get_by_role("button", name="I agree").click()
    for onward in ("Next exercise", "Go on"):
        page.get_by_role("button", name="I can’t judge this").click()
        page.get_by_role("link", name=onward, exact=True).click()
    page.locator("input[name='choice.0'][value=second]").check()
    page.locator("input[name='choice.1'][value=first]").check()
    page.get_by_role("button", name="Hand in the test").click()
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name=TIE, exact=True).click()
    heading(page, "Thank you, you are done")


def consented(page: Page) -> None:
    page.get_by_role("button", name="I agree").click()


def fed_back(page: Page) -> None:
    consented(page)
    page.get_by_role("button", name=FIRST, exact=True).click()


def at_the_test(page: Page) -> None:
    fed_back(page)
    page.get_by_role("link", name="Next exercise").click()
    page.get_by_role("button", name=FIRST, exact=True).click()
    page.get_by_role("link", name="Go on", exact=True).click()


def failed(page: Page) -> None:
    at_the_test(page)
    for number in range(2):
        page.locator(f"input[name='choice.{number}'][value=tie]").check()
    page.get_by_role("button", name="Hand in the test").click()


def finished(page: Page) -> None:
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name=FIRST, exact=True).click()
    heading(page, "Thank you, you are done")


def own_work(page: Page) -> None:
    finished(page)
    page.get_by_role("link", name="Your work", exact=True).click()
    page.get_by_label("About your pay").fill("It took longer.")
    page.get_by_role("button", name="Send to the researcher").click()


PAGES: dict[str, tuple[dict[str, object], Callable[[Page], None]]] = {
    "Before you begin": ({}, lambda page: None),
    "That is all right": ({}, lambda page: page.get_by_role("button", name="No, I").click()),
    PRACTICE.format(1): ({}, consented),
    "Yes: that is what we expect": ({}, fed_back),
    "Entry test: Which response is better?": ({}, at_the_test),
    "Thank you for taking the test": ({}, failed),
    "Thank you for coming": ({"qualifying": {"include_batches": [99_999]}}, lambda page: None),
    "Thank you, you are done": ({"journey": {}, "prompts": 1, "seats": 1}, finished),
    "Your work": ({"journey": {}, "prompts": 1, "seats": 1}, own_work),
    "Continue on another device": (
        {},
        lambda page: page.get_by_role("link", name="Continue on another device").click(),
    ),
}


@pytest.mark.parametrize("name", PAGES)
def test_each_page_of_the_way_is_accessible_and_as_wide_as_its_window(site: Site, page: Page, name: str) -> None:
    options, act = PAGES[name]
    page.goto(rater(site, launched(site, **options), "page"))
    act(page)
    heading(page, name)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert_no_sideways_scrolling(page)
    page.set_viewport_size({"width": 390, "height": 844})
    assert_accessible(page)


def test_a_rater_who_is_turned_away_reads_the_researchers_reason(site: Site, page: Page) -> None:
    batch = launched(site)
    path = rater(site, batch, "listed")
    with site.database.transaction() as session:
        listed.put(
            session,
            batch.id,
            channel=Channel.PROLIFIC,
            external_id=f"listed-{batch.id}",
            may_enter=False,
            reason="You helped to write these texts.",
            now=NOW,
        )
    page.goto(path)
    heading(page, "Thank you for coming")
    expect(page.get_by_text("You helped to write these texts.")).to_be_visible()


def test_a_code_and_an_own_address_are_copied_by_their_buttons(site: Site, visits: Visits) -> None:
    page = visits.person(permissions=["clipboard-read", "clipboard-write"]).new_page()
    path = rater(site, launched(site, journey={}, prompts=1, seats=1), "copies")
    page.goto(f"{path}/address")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{site.server.base_url}{path}"
    page.goto(path)
    finished(page)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "DONE1"


DOWN = "The network is down. Nothing is lost: press it again once you are back."


def pressed_twice(page: Page, visits: Visits, name: str) -> None:
    """Press it without a network, read that nothing is lost, and press it again with one."""
    visits.expect("ERR_INTERNET_DISCONNECTED")
    button = page.get_by_role("button", name=name, exact=True).or_(page.get_by_role("link", name=name, exact=True))
    page.context.set_offline(True)
    button.click()
    expect(page.get_by_role("alert")).to_have_text(DOWN)
    page.context.set_offline(False)
    button.click()


def test_no_step_of_the_way_is_lost_when_the_network_is_down(site: Site, visits: Visits) -> None:
    batch = launched(site, prompts=2, seats=1, session_size=1)
    page = visits.person(viewport={"width": 390, "height": 844}).new_page()
    page.goto(rater(site, batch, "offline"))
    pressed_twice(page, visits, "I agree")
    for number, onward in ((1, "Next exercise"), (2, "Go on")):
        heading(page, PRACTICE.format(number))
        pressed_twice(page, visits, FIRST)
        page.wait_for_url(f"**practised={number - 1}")
        pressed_twice(page, visits, onward)
    page.locator("input[name='choice.0'][value=second]").check()
    page.locator("input[name='choice.1'][value=first]").check()
    pressed_twice(page, visits, "Hand in the test")
    heading(page, "Which response is better?")
    expect(page.get_by_text("You have passed the entry test.")).to_be_visible()
    pressed_twice(page, visits, "Start")
    page.get_by_role("button", name=FIRST, exact=True).click()
    heading(page, "Time for a pause")
    pressed_twice(page, visits, "Go on")
    page.get_by_role("button", name=FIRST, exact=True).click()
    heading(page, "Time for a pause")
    pressed_twice(page, visits, "Finish here")
    expect(page.locator("#completion-code")).to_have_text("DONE1")
    assert site.choices(batch) == ["first", "first"]


def test_each_step_takes_the_focus_to_its_heading_and_names_the_page_after_it(site: Site, page: Page) -> None:
    page.goto(rater(site, launched(site, prompts=1, seats=1), "titles"))
    expect(page).to_have_title("Before you begin")
    consented(page)
    expect(page).to_have_title(PRACTICE.format(1))
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.get_by_role("button", name=FIRST, exact=True).click()
    expect(page).to_have_title("Yes: that is what we expect")
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_a_step_that_is_refused_says_why_beside_its_button(site: Site, visits: Visits, page: Page) -> None:
    visits.expect("422")
    page.goto(rater(site, launched(site), "refused"))
    at_the_test(page)
    page.locator("form.test").evaluate("(form) => { form.noValidate = true; }")
    page.locator("input[name='choice.0'][value=second]").check()
    page.get_by_role("button", name="Hand in the test").click()
    expect(page.get_by_role("alert")).to_contain_text("exercise")
    expect(page.locator("input[name='choice.0'][value=second]")).to_be_checked()


def test_what_takes_long_is_said_to_be_under_way(site: Site, page: Page) -> None:
    page.goto(rater(site, launched(site, journey={}), "slow"))
    cdp = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 2_000, "downloadThroughput": -1, "uploadThroughput": -1}
    cdp.send("Network.emulateNetworkConditions", slow)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("status")).to_have_text("Sending…")
    expect(page.locator("form.task")).to_be_visible(timeout=20_000)  # there and back twice
    expect(page.get_by_role("status")).to_be_empty()


def test_on_a_phone_own_work_is_a_list_with_the_pay_in_sight(site: Site, visits: Visits) -> None:
    page = visits.person(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True).new_page()
    path = rater(site, launched(site, journey={}, prompts=1, seats=1), "own")
    page.goto(path)
    finished(page)
    page.goto(f"{path}/work")
    box = page.get_by_role("cell").filter(has_text="$0.25").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    expect(page.get_by_role("row")).to_have_count(2)
    assert_no_sideways_scrolling(page)
