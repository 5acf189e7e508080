"""Our own page in the frame of a vendor of another site, in Chromium: previewed, accepted, judged and handed in."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect
from sqlalchemy import func, select, update

from backend.crowd import mturk_forms as forms
from backend.db.assignments import Assignment
from backend.db.channels import Posting, PostingState
from backend.db.migrate import upgrade
from backend.db.raters import Channel, Rater
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.services.tokens import Tokens
from backend.simulator.mturk import requester, wire, workers
from backend.simulator.mturk.market import Market, State, Worker
from backend.simulator.mturk.server import Server as Vendor
from tests import factories, ways
from tests.browser.visits import SECOND, Visits, assert_accessible, assert_no_sideways_scrolling, vote
from tests.entrances import comparison_of, declared, posted
from tests.factories import NOW
from tests.server import KEY, Server

pytestmark = [pytest.mark.browser, pytest.mark.long]

FIELDS = {
    "AssignmentDurationInSeconds": 1800,
    "Reward": "0.25",
    "Title": "Compare",
    "Description": "Choose.",
    "LifetimeInSeconds": 3600,
}


@dataclass(frozen=True, slots=True)
class Fair:
    """A vendor on 127.0.0.1 with one HIT, and our server on localhost, which is another site."""

    vendor: Vendor
    ours: str
    database: Database
    posting: int
    visits: Visits

    def hit(self) -> str:
        return f"{self.ours}/hit/{Tokens(KEY).sign('posting', self.posting)}"

    def offered(self, **options: object) -> Page:
        """A worker looks at the HIT."""
        page = self.visits.person(**options).new_page()
        page.goto(f"{self.vendor.url}/?workerId=AWORKER1")
        page.get_by_role("link", name="Compare").click()
        return page

    def count(self, what: type[object]) -> int:
        with self.database.reading() as session:
            return session.execute(select(func.count()).select_from(what)).scalar_one()

    def rating(self) -> Rating:
        with self.database.reading() as session:
            return session.scalars(select(Rating)).one()


@pytest.fixture
def fair(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Iterator[Fair]:
    """A test may give the study's settings as the fixture's parameter."""
    database = Database(f"sqlite:///{tmp_path / 'assay.db'}")
    upgrade(database)
    market = Market()
    workers.enrol(market, Worker("AWORKER1"))
    with (
        Vendor(market) as vendor,
        Server(
            str(database.engine.url), tmp_path, contact="study@example.org", mturk_submit_hosts=vendor.url
        ) as server,
    ):
        ours = server.base_url.replace("127.0.0.1", "localhost")
        visits = Visits(browser, vendor.url)
        visits.expect(f"request: {ours}/")
        visits.expect("404")  # the vendor has no icon
        visits.expect("can escape its sandboxing")  # nor a better sandbox; it is MTurk's
        made = Fair(vendor, ours, database, offer(database, market, ours, **getattr(request, "param", {})), visits)
        yield made
        visits.leave()
    database.engine.dispose()
    assert visits.trouble == []


def offer(database: Database, market: Market, ours: str, **changes: object) -> int:
    """Publish the first comparison of a batch."""
    with database.transaction() as session:
        batch = factories.launched(session, **changes)
        channel = declared(session, batch, Channel.MTURK)
        posting = posted(session, channel, None, comparison=comparison_of(session, batch))
    question = forms.question(f"{ours}/hit/{Tokens(KEY).sign('posting', posting.id)}")
    made = requester.OPERATIONS["CreateHIT"](market, wire.Request(FIELDS | {"Question": question}))
    with database.transaction() as session:
        named = {"vendor_id": made["HIT"]["HITId"], "state": PostingState.PUBLISHED, "published_at": NOW}
        session.execute(update(Posting).where(Posting.id == posting.id).values(named))
    return posting.id


def accepted(page: Page) -> FrameLocator:
    """The frame after the HIT was accepted."""
    page.get_by_role("button", name="Accept").click()
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Begin").wait_for()
    return frame


@pytest.mark.parametrize("scripts", [True, False])
def test_a_hit_is_previewed_accepted_judged_and_handed_in_without_a_cookie(fair: Fair, scripts: bool) -> None:
    page = fair.offered(java_script_enabled=scripts)
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Accept the HIT to begin")).to_be_visible()
    expect(frame.get_by_role("button", name=SECOND)).to_be_disabled()
    accepted(page)
    assert [fair.count(what) for what in (Rater, Assignment)] == [0, 0]
    frame.get_by_role("button", name="Begin").click()
    frame.get_by_role("button", name=SECOND).click()
    expect(frame.get_by_role("heading", name="One last step")).to_be_visible()
    frame.get_by_role("button", name="Submit to Mechanical Turk").click()
    expect(frame.get_by_role("heading", name="Submitted")).to_be_visible()
    rating = fair.rating()
    (one,) = fair.vendor.market.assignments.values()
    assert (one.state, one.worker_id, forms.receipt(one.answer)) == (State.SUBMITTED, "AWORKER1", rating.receipt)
    assert rating.choice == "second"
    assert (rating.active_ms is not None) == scripts
    assert page.context.cookies() == []


def test_a_reload_of_the_vendors_page_goes_on_where_the_worker_was(fair: Fair) -> None:
    page = fair.offered()
    frame = accepted(page)
    frame.get_by_role("button", name="Begin").click()
    frame.get_by_role("button", name=SECOND).wait_for()
    page.reload()
    frame.get_by_role("button", name=SECOND).click()
    frame.get_by_role("heading", name="One last step").wait_for()
    page.reload()
    expect(frame.get_by_role("button", name="Submit to Mechanical Turk")).to_be_visible()
    assert fair.count(Rating) == 1


def test_a_vote_that_was_made_without_a_network_is_sent_later(fair: Fair) -> None:
    fair.visits.expect("ERR_INTERNET_DISCONNECTED")
    page = fair.offered()
    frame = accepted(page)
    frame.get_by_role("button", name="Begin").click()
    frame.get_by_role("button", name=SECOND).wait_for()
    page.context.set_offline(True)
    frame.get_by_role("button", name=SECOND).click()
    expect(frame.get_by_role("alert")).to_contain_text("Kept on this device")
    page.context.set_offline(False)
    expect(frame.get_by_role("heading", name="One last step")).to_be_visible()
    assert fair.count(Rating) == 1


def pressed(page: Page, frame: FrameLocator, heading: str, *keys: str) -> None:
    """The framed heading has the focus, without a click; then press these."""
    expect(frame.get_by_role("heading", level=1, name=heading)).to_be_focused()
    for key in keys:
        page.keyboard.press(key)


@pytest.mark.parametrize("fair", [{"journey": ways.JOURNEY}], indirect=True)
def test_a_way_to_the_task_is_walked_in_the_frame_by_keys_alone(fair: Fair) -> None:
    fair.visits.expect("Blocked autofocusing")
    page = fair.offered()
    frame = accepted(page)
    frame.get_by_role("button", name="Begin").focus()
    page.keyboard.press("Enter")
    frame.get_by_role("button", name="I agree").focus()
    page.keyboard.press("Enter")
    pressed(page, frame, "Practice 1 of 2", "1")
    pressed(page, frame, "Yes: that is what we expect", "Tab", "Enter")
    pressed(page, frame, "Practice 2 of 2", "1")
    pressed(page, frame, "We expect another answer here", "Tab", "Enter")
    expect(frame.get_by_role("heading", name="Entry test")).to_be_focused()
    for number, choice in enumerate(ways.PASSING):
        frame.locator(f"input[name='choice.{number}'][value={choice}]").focus()
        page.keyboard.press("Space")
    frame.get_by_role("button", name="Hand in the test").focus()
    page.keyboard.press("Enter")
    expect(frame.get_by_text("$0.25 for this HIT · $0.50 earned so far")).to_be_visible()
    page.keyboard.press("2")
    pressed(page, frame, "One last step", "Tab", "Enter")
    expect(frame.get_by_role("heading", name="Submitted")).to_be_visible()
    assert fair.rating().choice == "second"


@pytest.mark.parametrize("fair", [{"journey": ways.JOURNEY}], indirect=True)
def test_every_step_before_the_task_is_accessible_and_as_wide_as_its_window(fair: Fair) -> None:
    (hit,) = fair.vendor.market.hits
    page = fair.visits.person(viewport={"width": 390, "height": 800}).new_page()
    page.goto(f"{fair.hit()}?assignmentId=3A1&hitId={hit}&workerId=AWORKER1&turkSubmitTo={fair.vendor.url}")
    for press in ("Begin", "I agree", SECOND, "Next exercise", SECOND, "Go on"):
        assert_no_sideways_scrolling(page)
        assert_accessible(page)
        page.locator("button, a.button").filter(has_text=press).click()
        page.wait_for_load_state()
    for number, choice in enumerate(ways.FAILING):
        page.locator(f"input[name='choice.{number}'][value={choice}]").check()
    assert_accessible(page)
    page.get_by_role("button", name="Hand in the test").click()
    expect(page.get_by_text("the rest as a bonus")).to_be_visible()
    assert_accessible(page)


def is_framed(page: Page, address: str) -> bool:
    """Whether this page may show that one in a frame."""
    page.evaluate(
        """(address) => new Promise((done) => {
          const frame = document.createElement("iframe");
          frame.name = "tried";
          frame.addEventListener("load", done);
          frame.src = address;
          document.body.append(frame);
        })""",
        address,
    )
    shown = page.frame_locator("iframe[name=tried]").locator("main").count() == 1
    page.evaluate("document.querySelector('iframe[name=tried]').remove()")
    return shown


def test_the_vendor_frames_the_hits_page_alone_and_nobody_else_frames_it(fair: Fair) -> None:
    fair.visits.expect("frame")  # what Chromium says of each that it refuses
    fair.visits.expect("403")  # and of the pages that are the researcher's
    page = fair.visits.person().new_page()
    page.goto(f"{fair.vendor.url}/?workerId=AWORKER1")
    assert is_framed(page, fair.hit())
    for path in ("/login", "/", "/r/nobody", "/o/nobody", "/in/nobody"):
        assert not is_framed(page, f"{fair.ours}{path}"), path
    with Vendor(Market()) as other:
        fair.visits.expect(f"request: {other.url}/")
        workers.enrol(other.market, Worker("AWORKER1"))
        page.goto(f"{other.url}/?workerId=AWORKER1")
        assert not is_framed(page, fair.hit())


@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_in_the_frame_is_accessible_and_as_wide_as_its_window(fair: Fair, width: int) -> None:
    market = fair.vendor.market
    (hit,) = market.hits
    ids = f"assignmentId=3A1&hitId={hit}&workerId=AWORKER1&turkSubmitTo={fair.vendor.url}"
    page = fair.visits.person(viewport={"width": width, "height": 800}).new_page()
    page.goto(fair.hit())
    for press in (None, f"{fair.hit()}?{ids}", "Begin", SECOND):
        if press is not None and press.startswith("http"):
            page.goto(press)
        elif press is not None:
            vote(page, press)
            page.wait_for_load_state()
        assert_no_sideways_scrolling(page)
        assert_accessible(page)
    fair.visits.expect("403")
    page.goto(f"{fair.hit()}?{ids.replace(hit, 'OTHER')}")
    assert_accessible(page)
