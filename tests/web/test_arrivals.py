"""Coming in from a panel and from Prolific, over HTTP on both databases: one page an id, and nobody else's."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from backend.crowd.prolific.studies import PLACEHOLDERS
from backend.db.assignments import Assignment
from backend.db.batches import Batch
from backend.db.journeys import Listed
from backend.db.raters import Channel, Link, Rater
from backend.db.session import Database
from backend.db.submissions import Submission
from backend.services.studies import batches
from backend.web.app import create_app
from tests import factories
from tests.entrances import at_once, declared, posted
from tests.factories import NOW

ADA = {"PROLIFIC_PID": "ada", "STUDY_ID": "study1", "SESSION_ID": "s1"}


class Door:
    """A server with a batch that people come to from a panel and from Prolific, each with a browser of their own."""

    def __init__(self, database: Database) -> None:
        self.database, self.house = database, factories.house(database)
        self.app = create_app(self.house.settings, database)
        with database.transaction() as session:
            self.batch = factories.launched(session)
            self.channels = {
                name: declared(session, self.batch, name, title="Compare answers", time_allowed_minutes=45)
                for name in (Channel.PANEL, Channel.PROLIFIC, Channel.MTURK, Channel.LINK)
            }
            for study in ("study1", "study2"):
                posted(session, self.channels[Channel.PROLIFIC], study)

    def browser(self) -> TestClient:
        return TestClient(self.app, follow_redirects=False)

    def path(self, channel: Channel = Channel.PANEL) -> str:
        return f"/in/{self.house.tokens.sign('channel', self.channels[channel].id)}"

    def panel(self, browser: TestClient, rater: str = "p1"):
        """Open the panel's link and press Begin."""
        return self.begin(browser, self.path(), {"pid": rater})

    def prolific(self, browser: TestClient, **changes: str):
        """Open the study on Prolific and press Begin."""
        return self.begin(browser, self.path(Channel.PROLIFIC), ADA | changes)

    def begin(self, browser: TestClient, path: str, ids: dict[str, str]):
        return browser.post(path, data={"claim": claim(browser.get(f"{path}?{urlencode(ids)}").text)})

    def count(self, what: type[object]) -> int:
        with self.database.reading() as session:
            return session.execute(select(func.count()).select_from(what)).scalar_one()


@pytest.fixture
def door(database: Database) -> Door:
    return Door(database)


def claim(html: str) -> str:
    found = re.search(r'name="claim" value="([^"]*)"', html)
    assert found, html
    return unescape(found[1])


def test_an_invitation_says_what_is_asked_and_makes_nobody(door: Door) -> None:
    for path, ids in ((door.path(), {"pid": "p1"}), (door.path(Channel.PROLIFIC), ADA)):
        answer = door.browser().get(f"{path}?{urlencode(ids)}")
        assert answer.status_code == 200
        for words in ("Compare answers", "Begin", "study@example.org"):
            assert words in answer.text
        assert "set-cookie" not in answer.headers
    assert "45 minutes" in answer.text
    assert [door.count(what) for what in (Rater, Link, Submission, Assignment)] == [0, 0, 0, 0]


def test_begin_leads_to_a_page_of_ones_own(door: Door) -> None:
    browser = door.browser()
    answer = door.panel(browser)
    assert answer.status_code == 303
    assert re.fullmatch(r"/r/\S+", answer.headers["location"])
    assert browser.get(answer.headers["location"]).status_code == 200
    assert [door.count(what) for what in (Rater, Link, Submission, Assignment)] == [1, 1, 0, 0]


def test_the_browser_that_began_is_led_back_and_no_other(door: Door) -> None:
    mine = door.browser()
    first = door.panel(mine).headers["location"]
    assert door.panel(mine).headers["location"] == first
    other = door.browser()
    door.panel(other, "p2")
    for browser in (door.browser(), other):
        answer = door.panel(browser)
        # Who came a moment after somebody began has not pressed twice: their invitation is newer than the link.
        assert answer.status_code == 409
        assert "has begun already" in answer.text
        assert "study@example.org" in answer.text
    assert other.get(first).status_code == 200
    assert door.count(Rater) == 2


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_holds_no_address(door: Door) -> None:
    browser = door.browser()
    answer = door.panel(browser)
    said = answer.headers["set-cookie"]
    assert re.match(rf"assay_rater_{door.batch.id}=", said)
    assert {"HttpOnly", "Path=/in", "SameSite=lax"} <= set(said.split("; "))
    value = said.split(";")[0].partition("=")[2]
    assert browser.get(f"/r/{value}").status_code == 404
    assert answer.headers["location"].removeprefix("/r/") not in said


@pytest.mark.parametrize("kind", ["link", "browser2", "session"])
def test_a_forged_cookie_leads_nowhere(door: Door, kind: str) -> None:
    door.panel(door.browser())
    with door.database.reading() as session:
        link = session.scalars(select(Link.id)).one()
    forger = door.browser()
    forger.cookies.set(f"assay_rater_{door.batch.id}", door.house.tokens.sign(kind, link))
    assert door.panel(forger).status_code == 409


def test_pressing_twice_leads_to_one_page(door: Door) -> None:
    asked = claim(door.browser().get(f"{door.path()}?pid=p1").text)

    def press(_: int) -> str:
        return door.browser().post(door.path(), data={"claim": asked}).headers["location"]

    assert len(set(at_once(press, 6))) == 1
    assert door.count(Rater) == 1


def test_prolific_leads_back_from_any_device_by_the_submission(door: Door) -> None:
    first = door.prolific(door.browser()).headers["location"]
    assert door.prolific(door.browser()).headers["location"] == first
    assert [door.count(what) for what in (Rater, Link, Submission)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("ids", "status"),
    [
        ({"SESSION_ID": "s2"}, 409),
        ({"STUDY_ID": "study2"}, 409),
        ({"STUDY_ID": "study2", "SESSION_ID": "s2"}, 409),
        ({"PROLIFIC_PID": "eve"}, 403),
        ({"STUDY_ID": "study3"}, 404),
    ],
)
def test_ids_that_do_not_belong_together_open_nobodys_page(door: Door, ids: dict[str, str], status: int) -> None:
    door.prolific(door.browser())
    answer = door.prolific(door.browser(), **ids)
    assert answer.status_code == status
    assert "study@example.org" in answer.text
    assert "location" not in answer.headers
    assert [door.count(what) for what in (Rater, Link, Submission)] == [1, 1, 1]


def test_an_address_that_lacks_its_ids_says_so(door: Door) -> None:
    prolific = door.path(Channel.PROLIFIC)
    for path, query, words in (
        (door.path(), "", "lacks your id (pid)"),
        (door.path(), "pid=%7B%7Bid%7D%7D", "lacks your id (pid)"),
        (door.path(), "pid=a&pid=b", "names two raters"),
        (prolific, "", "PROLIFIC_PID"),
        (prolific, PLACEHOLDERS, "has not filled"),
        (prolific, "PROLIFIC_PID=ada&STUDY_ID=study1", "SESSION_ID"),
    ):
        answer = door.browser().get(f"{path}?{query}")
        assert answer.status_code == 422
        assert words in answer.text


def test_a_claim_that_was_changed_made_up_or_made_for_another_channel_is_refused(door: Door) -> None:
    asked = claim(door.browser().get(f"{door.path()}?pid=p1").text)
    tokens = door.house.tokens
    fields = {"channel": str(door.channels[Channel.PANEL].id), "rater": "p1", "seen": "2026-01-05T09:00:00+00:00"}
    for bad in ("", "x", asked[:-1], asked[1:], tokens.sign_fields("hit", fields), tokens.sign("claim", 1)):
        assert door.browser().post(door.path(), data={"claim": bad}).status_code == 404
    assert door.browser().post(door.path(Channel.PROLIFIC), data={"claim": asked}).status_code == 404
    assert door.count(Rater) == 0


def test_a_token_of_another_kind_or_channel_opens_no_invitation(door: Door) -> None:
    tokens, number = door.house.tokens, door.channels[Channel.PANEL].id
    paths = [f"/in/{tokens.sign(kind, number)}" for kind in ("link", "open", "posting", "researcher")]
    for path in (*paths, door.path(Channel.MTURK), door.path(Channel.LINK), "/in/x"):
        assert door.browser().get(f"{path}?pid=p1").status_code == 404
        asked = tokens.sign_fields(
            "claim", {"channel": str(number), "rater": "p1", "seen": "2026-01-05T09:00:00+00:00"}
        )
        assert door.browser().post(path, data={"claim": asked}).status_code == 404
    for path in ("/r/", "/o/", "/hit/", "/enter/"):
        assert door.browser().get(f"{path}{tokens.sign('channel', number)}").status_code == 404


def test_who_comes_too_late_or_is_listed_reads_why(door: Door) -> None:
    with door.database.transaction() as session:
        listed = Listed(batch_id=door.batch.id, channel="panel", external_id="p9", may_enter=False, listed_at=NOW)
        listed.reason = "You were in the pilot."
        session.add(listed)
    assert "You were in the pilot." in door.panel(door.browser(), "p9").text
    browser = door.browser()
    mine = door.panel(browser).headers["location"]
    with door.database.transaction() as session:
        batches.close(session, session.get_one(Batch, door.batch.id))
    assert "has ended" in door.panel(door.browser(), "p2").text
    assert door.panel(browser).headers["location"] == mine
