"""Raters on their way to the task: what is stored, what is refused, and that each step is taken once."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.journeys import Completion, Consent, EntryTest, Listed, Practice
from backend.db.raters import Channel, Link, Rater
from backend.db.session import Database
from backend.domain.choices import Choice
from backend.domain.journey import JourneyEnd, Reply, Step
from backend.domain.qualifications import NO_SCORE, WAS_NOT_THERE, WAS_THERE, Qualifying
from backend.errors import Conflict, Forbidden, Invalid
from backend.services.rating import assignments, handover, journeys, links, listed, ratings, visitors
from backend.services.rating.ratings import Vote
from backend.services.rating.visitors import Visitor
from tests import factories, ways
from tests.factories import NOW
from tests.ways import CONSENT, FAILING, JOURNEY, PASSING

THEM = {"channel": Channel.PROLIFIC, "external_id": "p1"}


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


class Way:
    """One rater of a batch with a journey, on Prolific."""

    def __init__(self, session: Session, **settings: object) -> None:
        self.session = session
        self.batch: Batch = factories.launched(session, **{"journey": JOURNEY, **settings})
        ways.channel(session, self.batch, Channel.PROLIFIC)
        self.link = ways.rater(session, self.batch, Channel.PROLIFIC, external_id="p1")

    @property
    def who(self) -> Visitor:
        return visitors.visitor(self.session, link_id=self.link)

    @property
    def step(self) -> Step:
        return journeys.step(self.session, self.who, link_id=self.link)

    def agree(self, agreed: bool = True) -> None:
        journeys.agree(self.session, self.who, link_id=self.link, agreed=agreed, now=NOW)

    def practise(self, exercise: int, reply: Reply = Reply.FIRST) -> Reply:
        return journeys.practise(self.session, self.who, link_id=self.link, exercise=exercise, reply=reply, now=NOW)

    def test(self, replies: Sequence[str]) -> bool:
        given = [Reply(reply) for reply in replies]
        return journeys.take_test(self.session, self.who, link_id=self.link, replies=given, active_ms=9_000, now=NOW)

    def through(self, replies: Sequence[str] = PASSING) -> bool:
        self.agree()
        self.practise(0)
        self.practise(1)
        return self.test(replies)

    def rate(self) -> None:
        number = assignments.claim(self.session, self.who, now=NOW)
        assert number is not None
        ratings.submit(self.session, rater_id=self.who.rater_id, assignment_id=number, vote=Vote(Choice.TIE), now=NOW)

    def completion(self) -> tuple[str, str | None] | None:
        row = self.session.execute(select(Completion.outcome, Completion.code)).one_or_none()
        return None if row is None else (row.outcome, row.code)


def test_a_rater_goes_from_consent_over_training_and_test_to_the_task(session: Session) -> None:
    way = Way(session)
    seen = [way.step]
    way.agree()
    seen.append(way.step)
    assert way.practise(0) == Reply.FIRST
    seen.append(way.step)
    way.practise(1)
    seen.append(way.step)
    assert way.test(PASSING)
    seen.append(way.step)
    assert seen == [Step.CONSENT, Step.TRAINING, Step.TRAINING, Step.TEST, Step.TASK]
    consent = session.scalars(select(Consent)).one()
    assert (consent.agreed, consent.text_hash) == (True, sha256(CONSENT.encode()).hexdigest())
    test = session.scalars(select(EntryTest)).one()
    assert (test.answers, test.score, test.out_of, test.passed, test.active_ms) == (
        ["second", "first"],
        2,
        2,
        True,
        9000,
    )
    assert way.completion() is None


def test_each_step_that_is_sent_twice_is_the_one_that_was_sent_first(session: Session) -> None:
    way = Way(session)
    way.agree()
    way.agree(False)
    assert way.practise(0, Reply.SECOND) == Reply.SECOND
    assert way.practise(0, Reply.FIRST) == Reply.SECOND
    way.practise(1)
    assert way.test(PASSING)
    assert way.test(FAILING)
    way.rate()
    assert way.practise(0, Reply.TIE) == Reply.SECOND
    assert way.test(FAILING)
    counts = [session.scalar(select(func.count()).select_from(table)) for table in (Consent, Practice, EntryTest)]
    assert (counts, way.completion()) == ([1, 2, 1], None)


def test_no_step_can_be_skipped(session: Session) -> None:
    way = Way(session)
    for act in (lambda: way.practise(0), lambda: way.test(PASSING)):
        with pytest.raises(Conflict, match="before you"):
            act()
    way.agree()
    with pytest.raises(Conflict, match="not the one before you"):
        way.practise(1)
    with pytest.raises(Conflict, match="no entry test before you"):
        way.test(PASSING)
    assert session.scalar(select(func.count()).select_from(EntryTest)) == 0


def test_a_no_ends_the_way_with_its_own_code(session: Session) -> None:
    way = Way(session)
    way.agree(False)
    way.agree(True)
    assert (way.step, way.completion()) == (Step.NO_CONSENT, ("no_consent", "NOCON"))
    with pytest.raises(Conflict):
        way.practise(0)


def test_who_fails_the_test_is_screened_out_and_the_test_is_kept_to_be_paid(session: Session) -> None:
    way = Way(session)
    assert not way.through(FAILING)
    assert not way.test(PASSING)
    assert (way.step, way.completion()) == (Step.SCREENED_OUT, ("screened_out", "SCREEN"))
    test = session.scalars(select(EntryTest)).one()
    assert (test.name, test.score, test.passed) == (journeys.TEST, 1, False)


def test_replies_that_are_missing_or_not_offered_are_refused(session: Session) -> None:
    way = Way(session)
    way.agree()
    with pytest.raises(Invalid, match="one of the buttons"):
        way.practise(0, Reply.BOTH_BAD)
    way.practise(0)
    way.practise(1)
    with pytest.raises(Invalid, match="answer all 2 exercises"):
        way.test(("first",))
    with pytest.raises(Invalid, match="one of the buttons"):
        way.test(("first", "both_bad"))
    assert way.step == Step.TEST


def test_a_study_that_asks_for_no_consent_takes_none(session: Session) -> None:
    way = Way(session, journey={"training": ways.TRAINING})
    with pytest.raises(Conflict, match="asks for no consent"):
        way.agree()
    assert way.step == Step.TRAINING


def test_a_study_without_steps_asks_its_list_alone(database: Database) -> None:
    with database.transaction() as session:
        batch = factories.launched(session)
        (link,) = links.create_personal(session, batch.id, count=1, now=NOW)
        who, seen = visitors.visitor(session, link_id=link.id), list[str]()
        event.listen(database.engine, "before_cursor_execute", lambda _connection, _cursor, said, *_: seen.append(said))
        assert journeys.step(session, who, link_id=link.id) == Step.TASK
    assert sum("listed_raters" in said for said in seen) == len(seen) == 1


def test_the_list_is_kept_in_a_study_without_steps_as_well(session: Session) -> None:
    way = Way(session, journey={})
    listed.put(session, way.batch.id, may_enter=False, reason="You wrote these texts.", now=NOW, **THEM)
    standing = journeys.at_step(session, way.who, link_id=way.link)
    assert (standing.step, standing.why) == (Step.TURNED_AWAY, "You wrote these texts.")
    other = ways.rater(session, way.batch, Channel.PANEL, external_id="p1")
    who = visitors.visitor(session, link_id=other)
    assert journeys.step(session, who, link_id=other) == Step.TASK, "the same id on another channel is somebody else"
    listed.put(session, way.batch.id, may_enter=True, reason="", now=NOW, **THEM)
    assert way.step == Step.TASK
    assert [(one.external_id, one.may_enter) for one in listed.of_batch(session, way.batch.id)] == [("p1", True)]


@pytest.mark.parametrize("settings", [{}, {"journey": {}}])
def test_whoever_has_judged_something_is_asked_nothing_more(session: Session, settings: dict[str, object]) -> None:
    way = Way(session, **settings)
    if not settings:
        way.through()
    way.rate()
    with Session() as nowhere:  # it has no database: any statement would fail
        assert journeys.step(nowhere, way.who, link_id=way.link) == Step.TASK


def test_a_rater_hands_over_what_they_judged_though_more_may_come(session: Session) -> None:
    way = Way(session)
    way.through()
    with pytest.raises(Conflict, match="judged nothing yet"):
        journeys.stop_here(session, way.who, link_id=way.link, now=NOW)
    way.rate()
    assert handover.of(session, link_id=way.link).can_finish
    assignments.claim(session, way.who, now=NOW)
    with pytest.raises(Conflict, match="A comparison is before you"):
        journeys.stop_here(session, way.who, link_id=way.link, now=NOW)
    ratings.skip(session, rater_id=way.who.rater_id, assignment_id=way.who.held or 0, reason="offensive")
    for _ in range(2):
        journeys.stop_here(session, way.who, link_id=way.link, now=NOW)
    end = handover.of(session, link_id=way.link)
    assert (end.outcome, end.code, end.to, end.can_finish) == ("completed", "DONE1", "Prolific", False)
    assert end.back == "https://app.prolific.com/submissions/complete?cc=DONE1"


@pytest.mark.parametrize(
    ("panel", "code", "back"),
    [
        ({"parameter": "id", "code": "P 1"}, "P 1", None),
        (
            {"parameter": "id", "back": "https://lab.example/end?who={id}", "hosts": ["lab.example"]},
            None,
            "https://lab.example/end?who=s%2F7",
        ),
        ({"parameter": "id", "code": "P1", "back": "https://evil.example/", "hosts": ["lab.example"]}, "P1", None),
    ],
)
def test_a_panel_takes_back_a_code_or_its_rater_and_nobody_is_sent_elsewhere(
    session: Session, panel: dict[str, object], code: str | None, back: str | None
) -> None:
    batch = factories.launched(session)
    ways.channel(session, batch, Channel.PANEL, title="t", description="d", panel=panel)
    link = ways.rater(session, batch, Channel.PANEL, external_id="s/7")
    who = visitors.visitor(session, link_id=link)
    assert handover.of(session, link_id=link).back is None
    journeys.complete(session, who, link_id=link, outcome=JourneyEnd.COMPLETED, now=NOW)
    end = handover.of(session, link_id=link)
    assert (end.code, end.back, end.to) == (code, back, "your panel")


def test_a_link_without_a_channel_of_its_own_has_nothing_to_hand_over(session: Session) -> None:
    batch = factories.launched(session)
    (link,) = links.create_personal(session, batch.id, count=1, now=NOW)
    end = handover.of(session, link_id=link.id)
    assert (end.channel, end.code, end.back, end.can_finish) == ("link", None, None, False)


def test_two_requests_at_once_store_one_consent(database: Database) -> None:
    with database.transaction() as session:
        batch = factories.launched(session, journey=JOURNEY)
        (link,) = links.create_personal(session, batch.id, count=1, now=NOW)

    def agree(agreed: bool) -> None:
        with database.transaction() as session:
            who = visitors.visitor(session, link_id=link.id)
            journeys.agree(session, who, link_id=link.id, agreed=agreed, now=NOW)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(agree, [True, False] * 4))
    with database.reading() as session:
        agreed = session.scalars(select(Consent.agreed)).one()
        assert session.scalar(select(func.count()).select_from(Completion)) == (0 if agreed else 1)


def test_who_is_listed_is_let_in_or_turned_away_whatever_else_is_known(session: Session) -> None:
    way = Way(session, qualifying={"include_batches": [999]})
    assert journeys.at_step(session, way.who, link_id=way.link).why == WAS_NOT_THERE
    listing = {"now": NOW, "channel": THEM["channel"], "external_id": THEM["external_id"]}
    listed.put(session, way.batch.id, may_enter=True, reason="", **listing)
    assert way.step == Step.CONSENT
    listed.put(session, way.batch.id, may_enter=False, reason="You wrote these texts.", **listing)
    standing = journeys.at_step(session, way.who, link_id=way.link)
    assert (standing.step, standing.why) == (Step.TURNED_AWAY, "You wrote these texts.")
    with pytest.raises(Forbidden, match="You wrote these texts"):
        way.agree()
    assert session.scalar(select(func.count()).select_from(Listed)) == 1
    with pytest.raises(Invalid, match="a reason"):
        listed.put(session, way.batch.id, may_enter=False, reason=" ", **listing)
    with pytest.raises(Invalid, match="500 characters"):
        listed.put(session, way.batch.id, may_enter=False, reason="x" * 501, **listing)


def test_earlier_batches_and_their_entry_tests_let_in_and_turn_away(session: Session) -> None:
    way = Way(session)
    way.through()
    way.rate()
    first = way.batch.id

    def why(external_id: str, **asked: object) -> str | None:
        qualifying = factories.settings(qualifying=asked).qualifying
        return journeys.refusal(session, 0, channel=Channel.PROLIFIC, external_id=external_id, qualifying=qualifying)

    assert why("p1", exclude_batches=[first]) == WAS_THERE
    assert why("p2", exclude_batches=[first]) is None
    assert why("p1", include_batches=[first]) is None
    assert why("p2", include_batches=[first]) == WAS_NOT_THERE
    assert why("p1", scores=[{"batch": first, "score": 2}]) is None
    assert why("p1", scores=[{"batch": first, "score": 3}]) == NO_SCORE
    assert why("p2", scores=[{"batch": first, "score": 1}]) == NO_SCORE
    assert why("p2", min_approval=100, countries=["US"]) is None


def test_who_comes_to_a_batch_may_be_asked_about_before_they_are_a_rater(session: Session) -> None:
    asked = Qualifying(include_batches=(1,))
    with pytest.raises(Forbidden, match="no record of you"):
        journeys.qualify(session, 1, channel=Channel.PANEL, external_id="new", qualifying=asked)
    journeys.qualify(session, 1, channel=Channel.PANEL, external_id="new", qualifying=Qualifying())
    assert session.scalar(select(func.count()).select_from(Rater)) == 0


def test_nobody_is_turned_away_in_the_middle_of_their_work(session: Session) -> None:
    way = Way(session)
    way.through()
    way.rate()
    listed.put(session, way.batch.id, channel="prolific", external_id="p1", may_enter=False, reason="Late.", now=NOW)
    assert way.step == Step.TASK


def test_a_seat_that_a_vendor_holds_may_come_back(session: Session) -> None:
    batch = factories.launched(session, prompts=1, seats=1)
    (link,) = links.create_personal(session, batch.id, count=1, now=NOW)
    ways.channel(session, batch, Channel.MTURK)
    ways.bind(session, batch)
    who = visitors.visitor(session, link_id=link.id)
    assert assignments.claim(session, who, now=NOW) is None
    assert assignments.may_come_back(session, who)
    assert session.get_one(Link, link.id).withdrawn_at is None


def test_a_seat_of_a_vendor_that_was_rated_does_not_come_back(session: Session) -> None:
    batch = factories.launched(session, prompts=1, seats=1)
    (link,) = links.create_personal(session, batch.id, count=1, now=NOW)
    ways.channel(session, batch, Channel.MTURK)
    ways.bind(session, batch, rated_by=ways.rater(session, batch, Channel.MTURK, external_id="A1"))
    assert not assignments.may_come_back(session, visitors.visitor(session, link_id=link.id))
