"""The pages that Mechanical Turk frames, over HTTP on both databases: what is shown, stored, handed in and refused."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select, update
from starlette.testclient import TestClient

from backend.config import Settings
from backend.crowd.mturk_frame import PREVIEW
from backend.db.assignments import Assignment, AssignmentState
from backend.db.batches import Batch
from backend.db.comparisons import Comparison
from backend.db.journeys import Consent
from backend.db.raters import Channel, Link, Rater
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.db.submissions import Submission
from backend.domain.submissions import SubmissionState
from backend.services.rating import raters
from backend.services.studies import batches
from backend.web.app import create_app
from tests import factories
from tests.crowd.test_mturk_frame import OPEN_REDIRECTS
from tests.entrances import at_once, comparison_of, declared, posted

VENDOR = "https://www.mturk.com"
LOCAL = "http://127.0.0.1:8080"
PART = {"X-Part": "main"}


class Market:
    """A server, a batch on Mechanical Turk, and HITs of its comparisons."""

    def __init__(self, database: Database, *, seats: tuple[int, ...] = (1, 2, 3), **options: object) -> None:
        self.database, self.house = database, factories.house(database)
        given = {**self.house.settings.model_dump(), "mturk_submit_hosts": LOCAL}
        self.client = TestClient(create_app(Settings(**given), database), follow_redirects=False)
        with database.transaction() as session:
            self.batch = factories.launched(session, **options)
            self.channel = declared(session, self.batch, Channel.MTURK, time_allowed_minutes=90)
            self.postings = [
                posted(
                    session, self.channel, f"HIT{at}", comparison=comparison_of(session, self.batch, at), seats=seats
                )
                for at in range(3)
            ]

    def path(self, hit: int = 0) -> str:
        return f"/hit/{self.house.tokens.sign('posting', self.postings[hit].id)}"

    def open(self, *, hit: int = 0, **changes: str | None):
        """What the frame shows who has accepted a HIT."""
        ids = {"assignmentId": "3A1", "hitId": f"HIT{hit}", "workerId": "AADA", "turkSubmitTo": VENDOR} | changes
        return self.client.get(
            f"{self.path(hit)}?{urlencode({name: one for name, one in ids.items() if one is not None})}"
        )

    def begin(self, *, hit: int = 0, **changes: str | None):
        """Open it and press Begin."""
        ticket = field("ticket", self.open(hit=hit, **changes).text)
        return self.client.post(f"{self.path(hit)}/begin", data={"ticket": ticket})

    def begun(self, **changes: str | None) -> str:
        """The address of the task that a rater has begun."""
        answer = self.begin(**changes)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def rate(self, here: str, choice: str = "first", *, assignment: str = "", **headers: str):
        form = {"assignment": assignment or field("assignment", self.client.get(here).text), "choice": choice}
        return self.client.post(f"{here}/ratings", data=form, headers=headers)

    def count(self, what: type[object], *conditions: object) -> int:
        with self.database.reading() as session:
            return session.execute(select(func.count()).select_from(what).where(*conditions)).scalar_one()

    def assignments(self) -> list[Assignment]:
        with self.database.reading() as session:
            return list(session.scalars(select(Assignment).order_by(Assignment.id)))

    def lapse(self) -> None:
        """The vendor's deadline passes."""
        with self.database.transaction() as session:
            session.execute(update(Assignment).values(lease_expires_at=datetime.now(UTC) - timedelta(seconds=1)))


def field(name: str, html: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    return unescape(found[1]) if found else ""


def text_of(html: str) -> str:
    """The words of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


def handed_in(html: str) -> tuple[str, str, str]:
    """Where the last form goes, and its two fields."""
    action = re.search(r'<form method="post" action="([^"]+)"', html)
    return (action[1] if action else "", field("assignmentId", html), field("receipt", html))


@pytest.mark.parametrize("assignment", [None, PREVIEW])
def test_a_preview_shows_the_task_and_claims_nothing(database: Database, assignment: str | None) -> None:
    market = Market(database)
    answer = market.open(assignmentId=assignment, workerId=None, turkSubmitTo=None)
    assert answer.status_code == 200
    assert "Accept the HIT to begin" in answer.text
    assert "before your first comparison" not in answer.text
    assert "Question" in answer.text
    assert answer.text.count("<button disabled>") == 3
    assert "<form" not in answer.text
    assert [market.count(what) for what in (Rater, Submission, Assignment)] == [0, 0, 0]


def test_opening_an_accepted_hit_claims_nothing_either(database: Database) -> None:
    market = Market(database)
    assert "Begin" in market.open().text
    assert [market.count(what) for what in (Rater, Submission, Assignment)] == [0, 0, 0]


def test_nothing_before_the_task_shows_an_output(database: Database) -> None:
    market = Market(database)
    for page in (market.open(), market.open(assignmentId=PREVIEW)):
        assert "answer to number" not in page.text


def test_begin_seats_the_rater_until_the_vendors_deadline(database: Database) -> None:
    market = Market(database)
    page = market.client.get(market.begun())
    assert "answer to number" in page.text
    (held,) = market.assignments()
    assert (held.state, held.comparison_id) == (AssignmentState.HELD, market.postings[0].comparison_id)
    assert timedelta(minutes=89) < held.lease_expires_at - datetime.now(UTC) <= timedelta(minutes=90)
    with database.reading() as session:
        (submission,) = session.scalars(select(Submission))
        rater = session.get_one(Rater, submission.rater_id)
    assert (rater.channel, rater.external_id, submission.vendor_id) == ("mturk", "AADA", "3A1")
    assert submission.confirmed_at is None


def test_a_vote_is_stored_and_the_last_form_goes_to_the_vendor_with_the_receipt(database: Database) -> None:
    market = Market(database)
    here = market.begun()
    answer = market.rate(here)
    assert (answer.status_code, answer.headers["location"]) == (303, here)
    with database.reading() as session:
        receipt = session.scalars(select(Rating.receipt)).one()
    assert handed_in(market.client.get(here).text) == (f"{VENDOR}/mturk/externalSubmit", "3A1", receipt)


def test_the_pages_script_gets_the_last_form_at_once(database: Database) -> None:
    market = Market(database)
    answer = market.rate(market.begun(turkSubmitTo=f"{LOCAL}/"), **PART)
    assert answer.headers["x-part"] == "main"
    assert answer.headers["x-receipt"] == handed_in(answer.text)[2]
    assert handed_in(answer.text)[0] == f"{LOCAL}/mturk/externalSubmit"
    assert "<html" not in answer.text


def test_voting_twice_or_opening_the_hit_again_shows_the_same_last_form(database: Database) -> None:
    market = Market(database)
    here = market.begun()
    token = field("assignment", market.client.get(here).text)
    last = {handed_in(market.rate(here, choice, assignment=token, **PART).text) for choice in ("first", "second")}
    assert len(last) == 1
    again = market.open()
    assert (again.status_code, again.headers["location"]) == (303, here)
    assert {handed_in(market.client.get(here).text)} == last
    assert market.count(Rating) == 1


def test_what_cant_be_judged_is_handed_in_and_paid_as_well(database: Database) -> None:
    market = Market(database)
    here = market.begun()
    token = field("assignment", market.client.get(here).text)
    market.client.post(f"{here}/skips", data={"assignment": token, "reason": "unreadable"})
    assert handed_in(market.client.get(here).text) == (f"{VENDOR}/mturk/externalSubmit", "3A1", "skipped")


def test_a_form_without_a_choice_leads_back_to_the_comparison(database: Database) -> None:
    market = Market(database)
    here = market.begun()
    answer = market.rate(here, "")
    assert answer.status_code == 422
    assert f'href="{here}"' in answer.text


def test_beginning_twice_takes_one_seat(database: Database) -> None:
    market = Market(database)
    ticket = field("ticket", market.open().text)
    for _ in range(2):
        assert market.client.post(f"{market.path()}/begin", data={"ticket": ticket}).status_code == 303
    assert market.count(Assignment) == 1


def test_two_tabs_at_one_moment_take_one_seat(database: Database) -> None:
    market = Market(database)
    ticket = field("ticket", market.open().text)

    def press(_: int) -> int:
        client = TestClient(market.client.app, follow_redirects=False)
        return client.post(f"{market.path()}/begin", data={"ticket": ticket}).status_code

    assert at_once(press, 6) == [303] * 6
    assert [market.count(what) for what in (Rater, Link, Submission, Assignment)] == [1, 1, 1, 1]


def test_a_hit_whose_seats_are_taken_asks_to_be_returned(database: Database) -> None:
    market = Market(database, seats=(1,))
    market.begun()
    answer = market.begin(workerId="ABEN", assignmentId="3A2")
    assert answer.status_code == 409
    assert "nothing left to do" in answer.text
    assert "Please return this HIT" in answer.text
    assert "study@example.org" in answer.text
    assert market.count(Rater) == 1


def test_who_has_judged_as_much_as_one_person_may_is_told_that(database: Database) -> None:
    market = Market(database, rater_cap=1)
    market.rate(market.begun())
    answer = market.begin(hit=1, assignmentId="3A2")
    assert answer.status_code == 409
    assert "as many comparisons as one person may" in answer.text
    assert "taken" not in answer.text


def test_who_has_withdrawn_is_told_that(database: Database) -> None:
    market = Market(database)
    market.rate(market.begun())
    with database.transaction() as session:
        raters.withdraw(session, link_id=session.scalars(select(Link.id)).one(), now=factories.NOW)
    answer = market.begin(hit=1, assignmentId="3A2")
    assert answer.status_code == 409
    assert "You have withdrawn" in answer.text


def test_whose_time_at_the_vendor_was_over_before_the_seat_is_told_that(database: Database) -> None:
    market = Market(database, journey={"training": [EXERCISE]})
    here = market.begun()
    market.client.post(f"{here}/practice", data={"exercise": "0", "choice": "first"})
    with database.transaction() as session:
        session.execute(update(Submission).values(state=SubmissionState.TIMED_OUT, confirmed_at=factories.NOW))
    answer = market.client.post(f"{here}/next")
    assert (answer.status_code, "Your time for this HIT is over" in answer.text) == (409, True)


def test_asking_for_the_seat_again_after_the_vote_leads_to_the_last_form(database: Database) -> None:
    market = Market(database)
    here = market.begun()
    market.rate(here)
    answer = market.client.post(f"{here}/next")
    assert (answer.status_code, answer.headers["location"]) == (303, here)
    assert handed_in(market.client.get(here).text)[2]


def test_what_others_could_not_judge_is_said(database: Database) -> None:
    market = Market(database)
    with database.transaction() as session:
        session.execute(update(Comparison).values(unjudgeable=True))
    answer = market.begin()
    assert (answer.status_code, "can’t be judged" in answer.text) == (409, True)


def test_raters_at_one_moment_never_share_a_seat(database: Database) -> None:
    market = Market(database, seats=(1, 2))
    tickets = [field("ticket", market.open(workerId=f"AW{at}", assignmentId=f"3A{at}").text) for at in range(6)]

    def press(at: int) -> int:
        client = TestClient(market.client.app, follow_redirects=False)
        return client.post(f"{market.path()}/begin", data={"ticket": tickets[at]}).status_code

    assert sorted(at_once(press, 6)) == [303] * 2 + [409] * 4
    assert market.count(Assignment) == 2


def test_another_hit_of_the_same_comparison_asks_to_be_returned(database: Database) -> None:
    market = Market(database, seats=(1,))
    here = market.begun()
    with database.transaction() as session:
        comparison = comparison_of(session, session.get_one(Batch, market.batch.id))
        market.postings.append(posted(session, market.channel, "HIT3", comparison=comparison, seats=(2,)))
    for _ in range(2):
        answer = market.begin(hit=3, assignmentId="3A2")
        assert answer.status_code == 409
        assert "met this comparison before" in answer.text
        market.rate(here)
    assert market.count(Submission) == 1


def test_a_hit_that_was_returned_and_accepted_again_goes_on_where_it_was(database: Database) -> None:
    market = Market(database)
    first = market.begun()
    second = market.begun(assignmentId="3A2")
    assert first != second
    assert market.count(Assignment) == 1
    market.rate(second)
    assert handed_in(market.client.get(second).text)[1] == "3A2"
    third = market.begun(assignmentId="3A3")
    assert handed_in(market.client.get(third).text)[1:] == ("3A3", handed_in(market.client.get(second).text)[2])


def test_whose_time_is_over_may_still_vote(database: Database) -> None:
    market = Market(database, seats=(1,))
    here = market.begun()
    market.lapse()
    market.begun(workerId="ABEN", assignmentId="3A2")
    market.rate(here)
    with database.reading() as session:
        assert session.scalars(select(Rating.state)).all() == [AssignmentState.LATE]
    assert handed_in(market.client.get(here).text)[2]


def test_a_hit_that_was_left_does_not_keep_its_rater_from_the_next(database: Database) -> None:
    market = Market(database)
    left = market.begun()
    other = market.begun(hit=1, assignmentId="3A2")
    for here in (other, left):
        market.rate(here)
    assert [one.state for one in market.assignments()] == [AssignmentState.RATED] * 2


def test_a_paused_or_closed_batch_is_not_begun(database: Database) -> None:
    market = Market(database)
    begun = market.begun()
    for steer, words in ((batches.pause, "paused this study"), (batches.close, "has ended")):
        with database.transaction() as session:
            steer(session, session.get_one(Batch, market.batch.id))
        answer = market.begin(workerId="ABEN", assignmentId="3A2")
        assert (answer.status_code, words in answer.text) == (409, True)
    market.rate(begun)
    assert handed_in(market.client.get(begun).text)[2]


@pytest.mark.parametrize("address", OPEN_REDIRECTS)
def test_the_last_form_can_be_sent_nowhere_else(database: Database, address: str) -> None:
    market = Market(database)
    answer = market.open(turkSubmitTo=address)
    assert answer.status_code == 422
    assert "ticket" not in answer.text


def test_a_place_that_is_taken_off_the_list_is_refused_in_old_tickets_too(database: Database) -> None:
    market = Market(database)
    here = market.begun(turkSubmitTo=LOCAL)
    stricter = TestClient(create_app(market.house.settings, database), follow_redirects=False)
    assert stricter.get(here).status_code == 422


def test_the_id_of_another_hit_is_refused(database: Database) -> None:
    market = Market(database)
    assert market.open(hitId="HIT1").status_code == 403
    assert market.open(hitId="NONE").status_code == 403


def test_a_hit_that_the_vendor_has_not_named_yet_asks_for_a_minute(database: Database) -> None:
    market = Market(database, prompts=4)
    with database.transaction() as session:
        comparison = comparison_of(session, session.get_one(Batch, market.batch.id), 3)
        market.postings.append(posted(session, market.channel, None, comparison=comparison))
    answer = market.open(hit=3)
    assert (answer.status_code, "in a minute" in answer.text) == (503, True)
    assert market.open(hit=3, assignmentId=PREVIEW).status_code == 200


def test_an_assignment_of_somebody_elses_is_refused(database: Database) -> None:
    market = Market(database)
    ticket = field("ticket", market.open(workerId="AEVE").text)
    market.begun()
    with database.transaction() as session:
        session.execute(update(Submission).values(state=SubmissionState.SUBMITTED, confirmed_at=factories.NOW))
    assert market.client.post(f"{market.path()}/begin", data={"ticket": ticket}).status_code == 403
    assert market.open(workerId="AEVE").status_code == 403
    assert market.count(Rater) == 1


def test_who_comes_with_an_assignment_that_may_have_been_returned_gets_a_seat_of_their_own(database: Database) -> None:
    market = Market(database)
    ada = market.begun()
    token = field("assignment", market.client.get(ada).text)
    eve = market.begun(workerId="AEVE")
    assert eve != ada
    assert market.rate(eve, assignment=token).status_code == 404
    assert [one.state for one in market.assignments()] == [AssignmentState.HELD] * 2
    assert len({one.seat for one in market.assignments()}) == 2
    market.rate(eve)
    market.rate(ada)
    assert handed_in(market.client.get(ada).text)[2] != handed_in(market.client.get(eve).text)[2]


def test_where_every_seat_is_taken_who_comes_with_the_same_assignment_takes_nobodys(database: Database) -> None:
    market = Market(database, seats=(1,))
    ada, eve = market.begun(), market.begun(workerId="AEVE")
    assert [one.state for one in market.assignments()] == [AssignmentState.HELD, AssignmentState.LAPSED]
    assert market.open(workerId="AEVE").headers["location"] == eve
    market.rate(eve)
    market.rate(ada)
    with database.reading() as session:
        states = select(Rating.state).join(Assignment).order_by(Assignment.id)
        assert session.scalars(states).all() == [AssignmentState.RATED, AssignmentState.LATE]
    answer = market.begin(workerId="ABEN", assignmentId="3A2")
    assert (answer.status_code, "nothing left to do" in answer.text) == (409, True)


def test_who_waits_at_the_seat_of_work_that_was_returned_gets_it_once_that_is_known(database: Database) -> None:
    market = Market(database, seats=(1,))
    market.begun()
    ben = market.begun(workerId="ABEN")
    market.lapse()
    with database.transaction() as session:
        held = Assignment.state == AssignmentState.HELD
        session.execute(update(Assignment).where(held).values(state=AssignmentState.LAPSED))
    market.rate(ben)
    with database.reading() as session:
        assert session.scalars(select(Rating.state)).all() == [AssignmentState.RATED]


def test_a_rater_who_changes_between_begin_and_vote_is_refused(database: Database) -> None:
    market = Market(database)
    forged = field("ticket", market.open(workerId="AEVE").text)
    here = market.begun()
    token = field("assignment", market.client.get(here).text)
    another = f"{market.path(1)}/r/{here.rpartition('/')[2]}"
    for path, status in ((f"{market.path()}/r/{forged}", 409), (another, 403)):
        assert market.client.get(path).status_code == status
        assert market.rate(path, assignment=token).status_code == status
        assert market.client.post(f"{path}/skips", data={"assignment": token}).status_code == status
    assert market.count(Rating) == 0


def test_a_rater_votes_on_the_comparison_of_their_hit_alone(database: Database) -> None:
    market = Market(database)
    ada, ben = market.begun(), market.begun(workerId="ABEN", assignmentId="3A2")
    other = market.begun(hit=1, assignmentId="3A3")
    for theirs in (ben, other):
        token = field("assignment", market.client.get(theirs).text)
        assert market.rate(ada, assignment=token).status_code == 404
        answer = market.client.post(f"{ada}/skips", data={"assignment": token, "reason": "offensive"})
        assert answer.status_code == 404
    assert market.count(Rating) == 0


def test_tokens_that_were_changed_or_are_of_another_kind_open_nothing(database: Database) -> None:
    market = Market(database)
    here, tokens = market.begun(), market.house.tokens
    ticket = here.rpartition("/")[2]
    number = market.postings[0].id
    for kind in ("channel", "link", "open", "assignment", "researcher"):
        assert market.client.get(f"/hit/{tokens.sign(kind, number)}").status_code == 404
    bad = [ticket[:-1] + ("A" if ticket[-1] != "A" else "B"), ticket[1:], tokens.sign("hit", number), "x"]
    bad.append(tokens.sign_fields("claim", {"posting": str(number)}))
    for one in bad:
        assert market.client.get(f"{market.path()}/r/{one}").status_code == 404
        assert market.client.post(f"{market.path()}/begin", data={"ticket": one}).status_code == 404
    assert market.client.get(f"/r/{ticket}").status_code == 404
    assert market.client.get(f"/r/{tokens.sign('posting', number)}").status_code == 404


def test_no_framed_page_names_the_raters_own_link(database: Database) -> None:
    market = Market(database)
    here = market.begun()
    with database.reading() as session:
        link = session.scalars(select(Link.id)).one()
    for page in (market.open(), market.client.get(here), market.rate(here, **PART)):
        assert market.house.tokens.sign("link", link) not in page.text + page.headers.get("location", "")
        assert "set-cookie" not in page.headers


def test_a_link_that_the_researcher_has_closed_begins_no_more_hits(database: Database) -> None:
    market = Market(database)
    market.begun()
    with database.transaction() as session:
        session.execute(update(Link).values(revoked_at=datetime.now(UTC)))
    assert market.begin(hit=1, assignmentId="3A2").status_code == 403


def test_the_framed_pages_alone_may_be_framed_by_the_vendor_alone(database: Database) -> None:
    market = Market(database)
    sites = f"https://www.mturk.com https://workersandbox.mturk.com {LOCAL} https://worker.mturk.com"
    here = market.begun()
    refused = market.open(hitId="NONE")
    for framed in (market.open(assignmentId=PREVIEW), market.client.get(here), refused):
        policy = framed.headers["content-security-policy"].split("; ")
        assert f"frame-ancestors {sites}" in policy
        assert f"form-action 'self' {sites}" in policy
        assert "default-src 'none'" in policy
        assert "x-frame-options" not in framed.headers
        assert "cross-origin-opener-policy" not in framed.headers
        assert framed.headers["x-content-type-options"] == "nosniff"
    (link,) = links_of(database)
    for path in (
        "/",
        "/login",
        f"/r/{market.house.tokens.sign('link', link)}",
        "/hit",
        "/hitx/",
        "/in/x",
        "/static/app.css",
    ):
        headers = market.client.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert "form-action 'self';" in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["cross-origin-opener-policy"] == "same-origin"


def links_of(database: Database) -> list[int]:
    with database.reading() as session:
        return list(session.scalars(select(Link.id)))


def test_a_posting_that_is_no_comparison_leads_nowhere(database: Database) -> None:
    market = Market(database)
    with database.transaction() as session:
        market.postings.append(posted(session, market.channel, "HIT3"))
    assert market.open(hit=3).status_code == 404


EXERCISE = {
    "prompt": "Two and two?",
    "first": "Four.",
    "second": "Five.",
    "right": "first",
    "explanation": "Arithmetic.",
}
WAY = {"consent": "I am an adult.", "training": [EXERCISE], "test": [EXERCISE], "pass_mark": 1}


def test_consent_training_and_test_come_before_the_seat_in_the_frame_as_well(database: Database) -> None:
    market = Market(database, journey=WAY)
    here = market.begun()
    assert "I am an adult." in market.client.get(here).text
    assert market.count(Assignment) == 0
    for verb, form, words in (
        ("consent", {"agreed": "yes"}, "Practice 1 of 1"),
        ("practice", {"exercise": "0", "choice": "second"}, "We expect another answer here"),
        ("test", {"choice.0": "first"}, "answer to number"),
    ):
        answer = market.client.post(f"{here}/{verb}", data=form)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(here)
        assert words in market.client.get(answer.headers["location"]).text, verb
    market.rate(here)
    assert handed_in(market.client.get(here).text)[2]
    # The next HIT goes straight to its comparison.
    assert "answer to number" in market.client.get(market.begun(hit=1, assignmentId="3A2")).text


def test_after_a_training_alone_a_button_takes_the_seat(database: Database) -> None:
    market = Market(database, journey={"training": [EXERCISE]})
    here = market.begun()
    market.client.post(f"{here}/practice", data={"exercise": "0", "choice": "first"})
    assert f'action="{here}/next"' in market.client.get(here).text
    assert market.count(Assignment) == 0
    market.client.post(f"{here}/next")
    assert "answer to number" in market.client.get(here).text


def test_who_does_not_agree_is_asked_to_return_the_hit(database: Database) -> None:
    market = Market(database, journey={"consent": "I am an adult."})
    here = market.begun()
    market.client.post(f"{here}/consent", data={"agreed": "no"})
    assert "Please return this HIT" in market.client.get(here).text
    assert market.client.post(f"{here}/next").status_code == 303
    assert market.count(Assignment) == 0
    assert market.client.post(f"{here}/consent", data={"agreed": ""}).status_code == 422


def test_who_fails_the_test_hands_the_hit_in_and_is_paid(database: Database) -> None:
    market = Market(database, journey={"test": [EXERCISE], "pass_mark": 1})
    here = market.begun()
    market.client.post(f"{here}/test", data={"choice.0": "second"})
    page = market.client.get(here).text
    assert "the test is paid" in page
    assert handed_in(page) == (f"{VENDOR}/mturk/externalSubmit", "3A1", "screened_out")
    assert market.count(Assignment) == 0


def test_a_step_stays_stored_where_no_seat_is_left_after_it(database: Database) -> None:
    market = Market(database, seats=(1,), journey={"consent": "I am an adult."})
    ada, ben = market.begun(), market.begun(workerId="ABEN", assignmentId="3A2")
    market.client.post(f"{ben}/consent", data={"agreed": "yes"})
    answer = market.client.post(f"{ada}/consent", data={"agreed": "yes"})
    assert (answer.status_code, "nothing left to do" in answer.text) == (409, True)
    assert market.count(Consent) == 2


def test_no_step_is_taken_without_a_ticket_of_ones_own(database: Database) -> None:
    market = Market(database, journey=WAY)
    ticket = field("ticket", market.open(assignmentId="3A9").text)
    market.begun()
    for verb in ("consent", "practice", "test", "next"):
        assert market.client.post(f"{market.path()}/r/{ticket}/{verb}", data={"agreed": "yes"}).status_code == 409
        assert market.client.post(f"{market.path()}/r/x/{verb}", data={"agreed": "yes"}).status_code == 404
    assert market.count(Consent) == 0


def test_who_has_not_accepted_yet_reads_what_the_hit_pays_and_what_comes_before_it(database: Database) -> None:
    page = text_of(Market(database, journey=WAY).open(assignmentId=PREVIEW).text)
    assert "This HIT pays $0.25." in page
    assert "less than $15.00 an hour" in page
    assert "a text to agree to; 1 exercise for practice; an entry test of 1 exercise, paid whether you pass" in page
    assert page.index("Question") < page.index("Instructions")


def test_the_framed_pages_say_what_the_hit_pays_and_what_was_earned_so_far(database: Database) -> None:
    market = Market(database, journey={"test": [EXERCISE], "pass_mark": 1})
    here = market.begun()
    assert "It is paid, whether you pass or not." in text_of(market.client.get(here).text)
    market.client.post(f"{here}/test", data={"choice.0": "first"})
    assert "$0.25 for this HIT · $0.25 earned so far" in text_of(market.client.get(here).text)
    market.rate(here)
    page = text_of(market.client.get(here).text)
    assert "you are paid $0.25 for it" in page
    assert "you have earned $0.50 so far, this HIT included" in page


def test_who_fails_a_longer_test_reads_which_part_of_its_pay_is_a_bonus(database: Database) -> None:
    market = Market(database, journey={"test": [EXERCISE, EXERCISE], "pass_mark": 2})
    here = market.begun()
    market.client.post(f"{here}/test", data={"choice.0": "second", "choice.1": "second"})
    page = text_of(market.client.get(here).text)
    assert "you have earned $0.50: $0.25 of it as the reward of this HIT, the rest as a bonus" in page


def test_the_instructions_are_folded_once_they_have_been_on_a_page_before(database: Database) -> None:
    market = Market(database)
    assert '<h2 id="instructions">Instructions</h2>' in market.open().text
    assert '<details class="guide">' in market.client.get(market.begun()).text
