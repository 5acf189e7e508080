"""Rating in Chromium: by mouse and keys, without network or JavaScript, on every screen, with hostile outputs."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from backend.services.rating import raters
from tests.browser.visits import (
    DESK,
    FIRST,
    FOUR,
    HARD,
    RECEIPT,
    SECOND,
    TIE,
    Site,
    Visits,
    assert_accessible,
    assert_no_sideways_scrolling,
    expect_number,
    started,
    texts,
    vote,
)

pytestmark = [pytest.mark.browser, pytest.mark.long]

# The last two are a screen of 1280 × 720 and one of 768 × 1024 at a zoom of 200 %.
SIZES = [(360, 640), (390, 844), (768, 1024), (1280, 720), (2560, 1440), (3840, 2160), (640, 360), (384, 512)]
SET_VISIBILITY = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
# Whether the focus shows, and some part of what has it is in sight and under nothing else.
FOCUS = """() => {
  const here = document.activeElement, box = here.getBoundingClientRect(), style = getComputedStyle(here);
  const inside = [0.1, 0.5, 0.9].flatMap((x) => [0.1, 0.5, 0.9].map((y) =>
    document.elementFromPoint(box.left + x * box.width, box.top + y * box.height)));
  return {
    name: here.outerHTML.slice(0, 80),
    ringed: style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 2,
    visible: inside.some((found) => found && (here === found || here.contains(found))),
    isChoice: here.matches(".options button"),
  };
}"""


class Trial:
    """`assay try` with the demo study, in a process of its own; running once it has printed its links."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", "from backend.cli.main import main; main()", "try", "--port", "0"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")}
        self.process = subprocess.Popen(
            [*command, "--data-dir", str(folder)], env=environment, stdout=subprocess.PIPE, text=True
        )
        printed = "".join(iter(self.line, ""))
        self.raters = re.findall(r"http://\S+/r/\S+", printed)
        self.researcher = re.search(r"http://\S+/enter/\S+", printed)[0]
        self.results = re.search(r"http://\S+/results", printed)[0]
        self.base_url = self.researcher.split("/enter/")[0]

    def line(self) -> str:
        """The next line, or nothing after the last one of the announcement."""
        line = self.process.stdout.readline()
        return "" if line.startswith("Stop with") else line

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    """The demo study, being tried."""
    made = Trial(tmp_path)
    yield made
    made.stop()


def demo(name: str, field: str) -> dict[str, str]:
    """One of the demo's files: id -> text."""
    lines = files("backend.demo").joinpath(f"{name}.jsonl").read_text("utf-8").splitlines()
    return {row["id"]: row[field] for row in map(json.loads, lines)}


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def likeness(shown: str, written: str) -> float:
    """How many of the words of either text are in both."""
    return len(words(shown) & words(written)) / len(words(shown) | words(written))


def prefer_the_plain_speaker(page: Page) -> None:
    """Find out by their words which output is the plain speaker's, and vote for it."""
    asked = page.locator(".prompt-text").inner_text()
    known = demo("plain-speaker", "output")[{text: key for key, text in demo("prompts", "prompt").items()}[asked]]
    first, second = (likeness(text, known) for text in texts(page))
    assert first != second
    vote(page, FIRST if first > second else SECOND)


def test_three_people_finish_the_demo_that_assay_try_serves_and_the_researcher_reads_the_verdict(
    browser: Browser, trial: Trial
) -> None:
    visits = Visits(browser, trial.base_url)
    people = [started(visits.person().new_page(), link) for link in trial.raters]
    assert len(people) == 3
    for number in range(1, 15):
        for page in people:
            expect_number(page, number)
            prefer_the_plain_speaker(page)
    for page in people:
        expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, you are done")
        expect(page.locator("main")).to_contain_text("You have judged 14 comparisons")
    researcher = visits.person().new_page()
    researcher.goto(trial.researcher)
    researcher.goto(trial.results)
    expect(researcher.locator(".verdict")).to_have_text("These 3 raters prefer plain-speaker.")
    expect(researcher.locator("#numbers")).to_contain_text("14 of 14 comparisons settled · 42 ratings · 3 raters")
    expect(researcher.locator(".legend").first).to_contain_text("100.0 % worse")
    expect(researcher.locator(".legend").last).to_contain_text("14 worse")
    visits.leave()
    assert visits.trouble == []


def test_the_keys_1_2_and_3_vote(site: Site, page: Page) -> None:
    batch = site.launch(prompts=4)
    started(page, site.rater(batch))
    for number, key in enumerate("123", start=2):
        page.keyboard.press(key)
        expect_number(page, number)
    assert site.choices(batch) == ["first", "second", "tie"]


def test_the_key_4_votes_where_there_is_a_fourth_option_and_only_there(site: Site, page: Page) -> None:
    three, four = site.launch(), site.launch(options=FOUR)
    started(page, site.rater(four))
    page.keyboard.press("4")
    expect_number(page, 2)
    started(page, site.rater(three))
    page.keyboard.press("4")
    page.keyboard.press("1")
    expect_number(page, 2)
    assert (site.choices(four), site.choices(three)) == (["both_bad"], ["first"])


def test_a_held_key_votes_once(site: Site, page: Page) -> None:
    batch = site.launch(prompts=4)
    started(page, site.rater(batch))
    page.keyboard.down("1")
    expect_number(page, 2)
    for _ in range(5):
        page.keyboard.down("1")
    page.keyboard.up("1")
    page.keyboard.press("2")
    expect_number(page, 3)
    assert site.choices(batch) == ["first", "second"]


def test_keys_that_were_switched_off_stay_off(site: Site, page: Page) -> None:
    batch = site.launch()
    started(page, site.rater(batch))
    page.get_by_role("button", name="Keys 1–3: on").click()
    page.reload()
    expect(page.get_by_role("button", name="Keys 1–3: off")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("1")
    vote(page, SECOND)
    expect_number(page, 2)
    page.keyboard.press("1")
    page.get_by_role("button", name="Keys 1–3: off").click()
    page.keyboard.press("3")
    expect_number(page, 3)
    assert site.choices(batch) == ["second", "tie"]


def test_a_digit_in_the_comment_is_no_vote_and_the_comment_is_stored(site: Site, page: Page) -> None:
    batch = site.launch()
    started(page, site.rater(batch))
    page.get_by_text("Comment (optional)").click()
    page.get_by_label("It is stored with your choice.").press_sequentially("1 and 2 are alike, ünd <b>so</b> on")
    vote(page, TIE)
    expect_number(page, 2)
    assert [(rating.choice, rating.comment) for rating in site.ratings(batch)] == [
        ("tie", "1 and 2 are alike, ünd <b>so</b> on")
    ]
    expect(page.locator("#comment")).to_have_value("")


def test_a_digit_with_control_alt_or_meta_is_no_vote(site: Site, page: Page) -> None:
    batch = site.launch()
    started(page, site.rater(batch))
    for chord in ("Control+1", "Alt+1", "Meta+1", "Shift+1"):
        page.keyboard.press(chord)
    page.keyboard.press("2")
    expect_number(page, 2)
    assert site.choices(batch) == ["second"]


def test_after_a_vote_the_next_heading_has_the_focus_at_the_top_and_the_receipt_is_announced(
    site: Site, page: Page
) -> None:
    page.set_viewport_size({"width": 390, "height": 500})
    batch = site.launch_hard()
    started(page, site.rater(batch))
    page.evaluate("scrollTo(0, 300)")
    vote(page)
    expect_number(page, 2)
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert page.evaluate("scrollY") == 0
    expect(page.get_by_role("status")).to_have_text(RECEIPT)
    assert site.ratings(batch)[0].receipt in page.get_by_role("status").inner_text()


def test_a_double_click_votes_once(site: Site, page: Page) -> None:
    batch = site.launch()
    started(page, site.rater(batch))
    page.get_by_role("button", name=FIRST).dblclick()
    expect_number(page, 2)
    vote(page, SECOND)
    expect_number(page, 3)
    assert site.choices(batch) == ["first", "second"]


def test_the_second_click_of_a_slow_double_click_does_not_vote_on_what_has_just_appeared(
    site: Site, page: Page
) -> None:
    page.clock.install()
    batch = site.launch()
    started(page, site.rater(batch))
    button = page.get_by_role("button", name=FIRST).bounding_box()
    at = (button["x"] + button["width"] / 2, button["y"] + button["height"] / 2)
    page.clock.pause_at(page.evaluate("Date.now()") + 1_000)
    page.mouse.click(*at)
    expect_number(page, 2)
    page.mouse.click(*at)
    page.clock.run_for(300)
    page.mouse.click(*at)
    expect_number(page, 3)
    assert site.choices(batch) == ["first", "first"]


def test_a_reload_keeps_the_comparison(site: Site, page: Page) -> None:
    started(page, site.rater(site.launch(prompts=5)))
    vote(page)
    expect_number(page, 2)
    before = texts(page)
    page.reload()
    expect_number(page, 2)
    assert texts(page) == before


def test_the_back_button_leads_to_no_second_vote(site: Site, page: Page) -> None:
    batch = site.launch(prompts=4)
    path = site.rater(batch)
    started(page, path)
    vote(page, FIRST)
    expect_number(page, 2)
    page.goto("/login")
    page.go_back()
    expect_number(page, 2)
    vote(page, SECOND)
    expect_number(page, 3)
    assert site.choices(batch) == ["first", "second"]


def test_without_javascript_going_back_and_voting_again_changes_nothing(site: Site, visits: Visits) -> None:
    batch = site.launch(prompts=4)
    page = visits.person(java_script_enabled=False).new_page()
    started(page, site.rater(batch))
    vote(page, FIRST)
    expect_number(page, 2)
    page.go_back()
    vote(page, SECOND)
    expect(page.get_by_role("status")).to_have_text(RECEIPT)
    assert site.choices(batch) == ["first", "second"]
    assert len({rating.assignment_id for rating in site.ratings(batch)}) == 2


def test_a_vote_in_a_tab_left_behind_changes_nothing_and_leads_on(
    site: Site, person: BrowserContext, page: Page
) -> None:
    batch = site.launch(prompts=4)
    path = site.rater(batch)
    started(page, path)
    behind = person.new_page()
    behind.goto(path)
    vote(page, FIRST)
    expect_number(page, 2)
    vote(behind, SECOND)
    expect_number(behind, 2)
    assert texts(behind) == texts(page)
    assert site.choices(batch) == ["first"]
    receipt = site.ratings(batch)[0].receipt
    expect(behind.get_by_role("status")).to_have_text(f"Your first answer stands, no. {receipt}")


def test_a_vote_without_network_is_kept_and_sent_once_when_it_is_back(
    site: Site, visits: Visits, person: BrowserContext, page: Page
) -> None:
    visits.expect("ERR_INTERNET_DISCONNECTED")
    batch = site.launch()
    started(page, site.rater(batch))
    person.set_offline(True)
    vote(page, SECOND)
    expect(page.get_by_role("alert")).to_have_text("Kept on this device. Sending again…")
    expect(page.get_by_role("button", name=FIRST)).to_be_disabled()
    page.keyboard.press("1")
    assert site.choices(batch) == []
    person.set_offline(False)
    expect_number(page, 2)
    expect(page.get_by_role("status")).to_have_text(RECEIPT)
    assert site.choices(batch) == ["second"]


def test_a_vote_without_network_outlives_its_tab(
    site: Site, visits: Visits, person: BrowserContext, page: Page
) -> None:
    visits.expect("ERR_INTERNET_DISCONNECTED")
    batch = site.launch()
    path = site.rater(batch)
    started(page, path)
    person.set_offline(True)
    vote(page, TIE)
    expect(page.get_by_role("alert")).to_contain_text("Kept on this device")
    page.close()
    person.set_offline(False)
    sent: list[str] = []
    person.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page = person.new_page()
    page.goto(path)
    expect_number(page, 2)
    page.reload()
    expect_number(page, 2)
    vote(page, FIRST)
    expect_number(page, 3)
    assert site.choices(batch) == ["tie", "first"]
    assert len(sent) == 2


def test_a_vote_whose_answer_was_lost_is_sent_again_and_stored_once(site: Site, visits: Visits, page: Page) -> None:
    visits.expect("ERR_CONNECTION_RESET")
    batch = site.launch()
    started(page, site.rater(batch))

    def lose(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    page.route("**/ratings", lose, times=1)
    vote(page)
    expect_number(page, 2)
    assert site.choices(batch) == ["first"]
    expect(page.get_by_role("status")).to_have_text(f"Saved, no. {site.ratings(batch)[0].receipt}")


def test_a_vote_that_can_not_be_stored_says_why_and_leads_on(site: Site, visits: Visits, page: Page) -> None:
    visits.expect("status of 409")
    batch = site.launch()
    path = site.rater(batch)
    started(page, path)
    with site.database.transaction() as session:
        link = site.house.tokens.read("link", path.removeprefix("/r/"))
        raters.withdraw(session, link_id=link, now=batch.created_at)
    vote(page)
    expect(page.get_by_role("alert")).to_contain_text("You gave this comparison back, so no rating was stored for it.")
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have withdrawn")
    assert site.choices(batch) == []


def test_without_javascript_a_rater_votes_gives_back_and_withdraws(site: Site, visits: Visits) -> None:
    batch = site.launch()
    page = visits.person(java_script_enabled=False).new_page()
    started(page, site.rater(batch))
    vote(page, SECOND)
    expect(page.get_by_role("status")).to_have_text(RECEIPT)
    expect_number(page, 2)
    page.get_by_text("I can’t judge this").click()
    page.get_by_role("button", name="It is unreadable").click()
    expect(page.locator("form.task")).to_be_visible()
    page.get_by_text("Withdraw from this study").click()
    page.get_by_role("button", name="Withdraw for good").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have withdrawn")
    assert (site.choices(batch), site.skip_reasons(batch)) == (["second"], ["unreadable"])


def test_somebody_who_can_not_judge_says_why_and_gets_another_comparison(site: Site, page: Page) -> None:
    batch = site.launch()
    started(page, site.rater(batch))
    before = texts(page)
    page.get_by_text("I can’t judge this").click()
    page.get_by_role("button", name="Not my language").click()
    expect(page.get_by_role("status")).to_have_text("Noted: it goes to somebody else.")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert texts(page) != before
    assert (site.skip_reasons(batch), site.choices(batch)) == (["not_my_language"], [])


def test_the_plain_text_switch_keeps_a_comment_that_was_begun(site: Site, page: Page) -> None:
    batch = site.launch(prompts=1, outputs={"one": ["**bold**"], "two": ["*slanted*"]})
    started(page, site.rater(batch))
    page.get_by_text("Comment (optional)").click()
    page.locator("#comment").fill("not done yet")
    page.get_by_role("link", name="Show as plain text").click()
    expect(page.get_by_role("link", name="Show formatted text")).to_be_visible()
    assert sorted(texts(page)) == ["**bold**", "*slanted*"]
    expect(page.locator("#comment")).to_have_value("not done yet")
    page.get_by_role("link", name="Show formatted text").click()
    expect(page.get_by_role("link", name="Show as plain text")).to_be_visible()
    assert sorted(texts(page)) == ["bold", "slanted"]
    vote(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, you are done")
    assert [rating.comment for rating in site.ratings(batch)] == ["not done yet"]


def test_only_the_time_in_which_the_page_was_visible_counts(site: Site, page: Page) -> None:
    page.clock.install()
    batch = site.launch()
    started(page, site.rater(batch))
    page.clock.fast_forward(5_000)
    page.evaluate(SET_VISIBILITY, "hidden")
    page.clock.fast_forward(600_000)
    page.evaluate(SET_VISIBILITY, "visible")
    page.clock.fast_forward(2_000)
    vote(page)
    expect_number(page, 2)
    assert 7_000 <= site.ratings(batch)[0].active_ms < 60_000


def test_the_active_time_goes_on_after_a_reload(site: Site, page: Page) -> None:
    page.clock.install()
    batch = site.launch()
    started(page, site.rater(batch))
    page.clock.fast_forward(50_000)
    page.reload()
    page.clock.fast_forward(20_000)
    vote(page)
    expect_number(page, 2)
    assert 70_000 <= site.ratings(batch)[0].active_ms < 130_000


def test_hard_and_hostile_outputs_stay_in_their_sheets_and_do_nothing(site: Site, page: Page) -> None:
    started(page, site.rater(site.launch_hard()))
    for number in range(1, len(HARD) + 1):
        expect_number(page, number)
        boxes = [output.bounding_box() for output in page.locator("[data-output]").all()]
        assert len({(box["y"], box["width"], box["height"]) for box in boxes}) == 1
        assert_no_sideways_scrolling(page)
        assert_choices_in_sight(page)
        assert page.locator("h1").count() == page.locator("form").filter(visible=True).count() == 1
        page.mouse.move(boxes[0]["x"] + 50, boxes[0]["y"] + 50)
        vote(page, (FIRST, SECOND, TIE)[number % 3])
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, you are done")


def test_a_rater_gets_from_the_top_of_the_page_to_a_vote_by_the_tab_key(site: Site, page: Page) -> None:
    batch = site.launch_hard()
    path = site.rater(batch)
    started(page, path)
    page.goto(path)
    for _ in range(30):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        assert focus["ringed"], focus
        assert focus["visible"], focus
        if focus["isChoice"]:
            break
    page.keyboard.press("Enter")
    expect_number(page, 2)
    assert site.choices(batch) == ["first"]


def test_what_has_the_focus_is_never_hidden_under_the_choices(site: Site, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    questions = [{"key": f"q{number}", "text": "How sure are you?", "answers": ["very", "not"]} for number in range(5)]
    started(page, site.rater(site.launch_hard(questions=questions)))
    page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    expect(page.locator("main.settling")).to_have_count(
        0
    )  # till then nothing can be clicked there, or found by a point
    for key in ["Tab"] * 24 + ["Shift+Tab"] * 20:
        page.keyboard.press(key)
        focus = page.evaluate(FOCUS)
        assert focus["ringed"], focus
        assert focus["visible"], focus


def assert_choices_in_sight(page: Page) -> None:
    """Every choice is in the window before anybody scrolls."""
    height = page.viewport_size["height"]
    assert page.evaluate("scrollY") == 0
    for button in page.locator(".options button").all():
        box = button.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height, f"a choice ends at {box['y'] + box['height']} px of {height}"


def assert_fits(page: Page) -> None:
    """On every size of screen: nothing is cut off sideways, and a task's choices are in sight."""
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.reload()
        assert_no_sideways_scrolling(page)
        if page.locator("form.task").count():
            assert_choices_in_sight(page)
    page.set_viewport_size(DESK)


def test_a_task_fits_every_screen_with_its_choices_in_sight(site: Site, page: Page) -> None:
    started(page, site.rater(site.launch_hard()))
    for number in range(2, 4):
        assert_fits(page)
        vote(page)
        expect_number(page, number)


def test_four_options_fit_every_screen(site: Site, page: Page) -> None:
    started(page, site.rater(site.launch_hard(options=FOUR)))
    assert_fits(page)


def test_on_a_phone_at_a_zoom_of_200_per_cent_the_choices_leave_the_window_to_the_texts(site: Site, page: Page) -> None:
    page.set_viewport_size({"width": 195, "height": 422})
    started(page, site.rater(site.launch_hard()))
    assert_no_sideways_scrolling(page)
    page.locator("[data-output]").first.scroll_into_view_if_needed()
    assert page.locator(".choices").evaluate("(one) => getComputedStyle(one).position") == "static"
    page.get_by_role("button", name=FIRST, exact=True).click()
    expect_number(page, 2)


def test_a_phone_shows_a_task_with_its_choices_in_sight_and_no_keys(site: Site, visits: Visits) -> None:
    phone = visits.person(viewport={"width": 360, "height": 640}, is_mobile=True, has_touch=True)
    page = started(phone.new_page(), site.rater(site.launch_hard(options=FOUR)))
    for number in range(2, 5):
        assert_no_sideways_scrolling(page)
        assert_choices_in_sight(page)
        assert page.evaluate("innerWidth") == 360
        page.get_by_role("button", name=FIRST, exact=True).tap()
        expect_number(page, number)
    expect(page.locator("button.keys")).to_be_hidden()
    expect(page.locator(".options kbd").first).to_be_hidden()
    assert_accessible(page)


def test_the_pages_before_between_and_after_tasks_fit_every_screen(site: Site, page: Page) -> None:
    page.goto(site.rater(site.launch(prompts=2, session_size=1)))
    assert_fits(page)
    page.get_by_role("button", name="Start").click()
    vote(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Time for a pause")
    assert_fits(page)
    page.get_by_role("button", name="Go on").click()
    vote(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Time for a pause")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, you are done")
    assert_fits(page)
