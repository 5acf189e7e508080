"""Who comes through a channel: one rater and one link for an id, and nobody else's for anybody."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.journeys import Listed
from backend.db.raters import Channel, Link, Rater
from backend.db.session import Database
from backend.db.submissions import Submission
from backend.errors import Conflict, Forbidden, NotFound, Unavailable
from backend.services.crowd import arrivals
from backend.services.crowd.arrivals import Proof, Work
from backend.services.rating import links
from backend.services.studies import batches
from tests import factories
from tests.db.test_channel_constraints import sitting
from tests.entrances import at_once, comparison_of, declared, posted
from tests.factories import NOW

LATER = NOW + timedelta(hours=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def batch(session: Session) -> Batch:
    return factories.launched(session)


class Panel:
    """A panel's way into a batch."""

    def __init__(self, session: Session, batch: Batch) -> None:
        self.session, self.channel = session, declared(session, batch, Channel.PANEL)

    def join(self, rater: str = "p1", **proof: object) -> Link:
        return arrivals.join(self.session, self.channel, rater, proof=Proof(**proof), now=LATER)


class Prolific:
    """Two studies on Prolific that lead into a batch."""

    def __init__(self, session: Session, batch: Batch) -> None:
        self.session, self.channel = session, declared(session, batch, Channel.PROLIFIC)
        self.studies = [posted(session, self.channel, f"study{number}") for number in (1, 2)]

    def arrive(self, rater: str = "ada", submission: str = "s1", study: int = 0, browser: int | None = None) -> Link:
        work = Work(self.studies[study], submission, HOUR)
        return arrivals.arrive(self.session, self.channel, rater, work, browser=browser, now=LATER)

    def confirm(self, submission: str) -> None:
        found = update(Submission).where(Submission.vendor_id == submission)
        self.session.execute(found.values(confirmed_at=LATER).execution_options(synchronize_session=False))


def count(session: Session, what: type[object]) -> int:
    return session.execute(select(func.count()).select_from(what)).scalar_one()


def test_who_comes_from_a_panel_is_a_rater_with_the_panels_id_and_a_link_of_their_own(
    session: Session, batch: Batch
) -> None:
    link = Panel(session, batch).join("p1")
    rater = session.get_one(Rater, link.rater_id)
    assert (rater.channel, rater.external_id, link.batch_id) == (Channel.PANEL, "p1", batch.id)


def test_an_id_that_has_begun_is_not_let_in_again_by_being_typed(session: Session, batch: Batch) -> None:
    panel = Panel(session, batch)
    link = panel.join("p1")
    other = panel.join("p2")
    for proof in ({}, {"browser": other.id}, {"seen": LATER + timedelta(seconds=1)}):
        with pytest.raises(Conflict, match="has begun already"):
            panel.join("p1", **proof)
    assert panel.join("p1", browser=link.id).id == link.id


def test_whoever_presses_twice_has_begun_once(session: Session, batch: Batch) -> None:
    panel = Panel(session, batch)
    assert panel.join(seen=NOW).id == panel.join(seen=NOW).id
    assert count(session, Rater) == count(session, Link) == 1


def test_an_invitation_that_was_open_before_somebody_began_proves_nothing_later(session: Session, batch: Batch) -> None:
    panel = Panel(session, batch)
    panel.join(seen=NOW)
    with pytest.raises(Conflict, match="has begun already"):
        arrivals.join(session, panel.channel, "p1", proof=Proof(seen=NOW), now=LATER + timedelta(minutes=1))


def test_a_rater_is_the_same_in_another_batch_and_not_on_another_channel(session: Session, batch: Batch) -> None:
    here = Panel(session, batch).join("p1")
    there = Panel(session, factories.launched(session)).join("p1")
    elsewhere = Prolific(session, batch).arrive("p1")
    assert here.rater_id == there.rater_id != elsewhere.rater_id
    assert len({here.id, there.id, elsewhere.id}) == 3


def test_an_arrival_with_a_submission_stores_it_unconfirmed_with_its_deadline(session: Session, batch: Batch) -> None:
    link = Prolific(session, batch).arrive()
    (stored,) = session.scalars(select(Submission))
    assert (stored.rater_id, stored.vendor_id, stored.state) == (link.rater_id, "s1", "active")
    assert (stored.accepted_at, stored.deadline, stored.confirmed_at) == (LATER, LATER + HOUR, None)


def test_the_same_pair_of_ids_comes_back_to_the_same_link(session: Session, batch: Batch) -> None:
    prolific = Prolific(session, batch)
    assert prolific.arrive().id == prolific.arrive().id
    assert count(session, Submission) == 1


def test_an_id_with_another_submission_is_refused_even_in_its_own_browser(session: Session, batch: Batch) -> None:
    prolific = Prolific(session, batch)
    link = prolific.arrive("ada", "s1")
    for browser in (None, link.id):
        with pytest.raises(Conflict, match="with another submission"):
            prolific.arrive("ada", "s2", browser=browser)


def test_a_submission_of_somebody_elses_is_refused(session: Session, batch: Batch) -> None:
    prolific = Prolific(session, batch)
    prolific.arrive("ada", "s1")
    with pytest.raises(Forbidden, match="somebody else"):
        prolific.arrive("eve", "s1")


def test_another_study_of_the_batch_gives_nobody_a_link_that_is_there(session: Session, batch: Batch) -> None:
    prolific = Prolific(session, batch)
    link = prolific.arrive("ada", "s1")
    with pytest.raises(Conflict, match="has begun already"):
        prolific.arrive("ada", "made up", study=1)
    assert prolific.arrive("ada", "s2", study=1, browser=link.id).id == link.id


def test_a_made_up_submission_opens_nothing_once_the_vendor_knows_the_true_one(session: Session, batch: Batch) -> None:
    prolific = Prolific(session, batch)
    link = prolific.arrive("ada", "made up")
    row = {"posting_id": prolific.studies[0].id, "batch_id": batch.id, "rater_id": link.rater_id, "accepted_at": NOW}
    session.add(Submission(vendor_id="true", state="active", confirmed_at=NOW, **row))
    session.flush()
    assert prolific.arrive("ada", "true").id == link.id
    with pytest.raises(Conflict, match="with another submission"):
        prolific.arrive("ada", "made up")
    prolific.confirm("made up")
    assert prolific.arrive("ada", "made up").id == link.id


def test_a_study_is_known_by_the_vendors_name_once_there_is_one(session: Session, batch: Batch) -> None:
    prolific = Prolific(session, batch)
    assert arrivals.posting_called(session, prolific.channel, "study2").id == prolific.studies[1].id
    with pytest.raises(NotFound, match="another study"):
        arrivals.posting_called(session, prolific.channel, "study3")
    posted(session, prolific.channel, None)
    with pytest.raises(Unavailable, match="few minutes"):
        arrivals.posting_called(session, prolific.channel, "study3")


def test_accepted_work_that_was_returned_is_accepted_again_by_anybody_under_any_id(
    session: Session, batch: Batch
) -> None:
    channel = declared(session, batch, Channel.MTURK)
    hit = posted(session, channel, "HIT1", comparison=comparison_of(session, batch))
    for name in ("A1", "A2", "A2"):
        arrivals.accept(session, channel, "AWORKER", Work(hit, name, HOUR), now=LATER)
    assert [count(session, what) for what in (Rater, Link, Submission)] == [1, 1, 2]
    eve, is_first = arrivals.accept(session, channel, "AEVE", Work(hit, "A1", HOUR), now=LATER)
    assert is_first
    session.execute(update(Submission).where(Submission.rater_id == eve.rater_id).values(confirmed_at=LATER))
    with pytest.raises(Forbidden, match="somebody else"):
        arrivals.accept(session, channel, "AWORKER", Work(hit, "A1", HOUR), now=LATER)


def test_nobody_new_comes_to_a_closed_batch_and_who_was_there_comes_back(session: Session, batch: Batch) -> None:
    panel, prolific = Panel(session, batch), Prolific(session, batch)
    link = prolific.arrive()
    batches.close(session, batch)
    for arrive in (lambda: panel.join("new"), lambda: prolific.arrive("new", "new")):
        with pytest.raises(Conflict, match="has ended"):
            arrive()
    assert prolific.arrive().id == link.id


def test_a_listed_rater_reads_why_they_are_turned_away(session: Session, batch: Batch) -> None:
    listed = {"batch_id": batch.id, "channel": "panel", "listed_at": NOW}
    session.add(Listed(external_id="p1", may_enter=False, reason="You took part in the pilot.", **listed))
    session.add(Listed(external_id="p3", may_enter=True, reason="Asked for.", **listed))
    session.flush()
    panel = Panel(session, batch)
    with pytest.raises(Forbidden, match="You took part in the pilot"):
        panel.join("p1")
    assert panel.join("p3")
    assert Panel(session, factories.launched(session)).join("p1")


def test_who_was_in_an_earlier_batch_that_is_excluded_reads_why(session: Session, batch: Batch) -> None:
    rater = Panel(session, batch).join("p1").rater_id
    session.execute(sitting(comparison_of(session, batch), rater))
    next_batch = factories.launched(session, qualifying={"exclude_batches": [batch.id]})
    panel = Panel(session, next_batch)
    with pytest.raises(Forbidden, match="taken part in an earlier part"):
        panel.join("p1")
    assert panel.join("p2")


def test_a_link_that_the_researcher_has_closed_stays_closed(session: Session, batch: Batch) -> None:
    prolific = Prolific(session, batch)
    links.revoke(session, prolific.arrive().id, now=LATER)
    session.expire_all()
    with pytest.raises(Forbidden, match="closed your way"):
        prolific.arrive()


def test_a_token_of_a_channel_leads_to_a_channel_of_that_kind(session: Session, batch: Batch) -> None:
    panel = Panel(session, batch).channel
    assert arrivals.channel(session, panel.id, Channel.PANEL, Channel.PROLIFIC).id == panel.id
    for number, kind in ((panel.id, Channel.PROLIFIC), (panel.id + 99, Channel.PANEL)):
        with pytest.raises(NotFound):
            arrivals.channel(session, number, kind)
    with pytest.raises(NotFound):
        arrivals.posting(session, 1, Channel.MTURK)


def test_many_tabs_at_one_moment_make_one_rater_with_one_submission(database: Database) -> None:
    with database.transaction() as session:
        batch = factories.launched(session)
        channel, study = (made := Prolific(session, batch)).channel, made.studies[0]

    def arrive(_: int) -> int:
        with database.transaction() as session:
            return arrivals.arrive(session, channel, "ada", Work(study, "s1", HOUR), browser=None, now=LATER).id

    assert len(set(at_once(arrive, 8))) == 1
    with database.reading() as session:
        assert [count(session, what) for what in (Rater, Link, Submission)] == [1, 1, 1]


def test_of_two_submissions_of_one_id_at_one_moment_one_is_let_in(database: Database) -> None:
    with database.transaction() as session:
        batch = factories.launched(session)
        channel, study = (made := Prolific(session, batch)).channel, made.studies[0]

    def arrive(number: int) -> int:
        with database.transaction() as session:
            work = Work(study, f"s{number}", HOUR)
            return arrivals.arrive(session, channel, "ada", work, browser=None, now=LATER).id

    assert sum(isinstance(got, Conflict) for got in at_once(arrive, 6)) == 5
    with database.reading() as session:
        assert count(session, Submission) == 1


def test_of_two_ids_with_one_submission_at_one_moment_one_is_let_in(database: Database) -> None:
    with database.transaction() as session:
        batch = factories.launched(session)
        channel, study = (made := Prolific(session, batch)).channel, made.studies[0]

    def arrive(number: int) -> int:
        with database.transaction() as session:
            work = Work(study, "s1", HOUR)
            return arrivals.arrive(session, channel, f"rater{number}", work, browser=None, now=LATER).id

    assert sum(isinstance(got, Forbidden) for got in at_once(arrive, 6)) == 5
    with database.reading() as session:
        assert [count(session, what) for what in (Rater, Link, Submission)] == [1, 1, 1]


@pytest.mark.parametrize("kind", [Channel.PANEL, Channel.MTURK])
def test_no_more_people_come_than_the_channel_has_places(database: Database, kind: Channel) -> None:
    with database.transaction() as session:
        batch = factories.launched(session)
        made = declared(session, batch, kind, places=2)
        work = Work(posted(session, made, "p1"), "s", HOUR)

    def come(name: str) -> Link:
        with database.transaction() as session:
            if kind == Channel.PANEL:
                return arrivals.join(session, made, name, proof=Proof(seen=LATER), now=NOW)
            link, _ = arrivals.accept(session, made, name, replace(work, submission=f"s of {name}"), now=NOW)
            return link

    first = come("a")
    come("b")
    with pytest.raises(Conflict, match="As many people"):
        come("c")
    if kind == Channel.MTURK:
        assert come("a").id == first.id
    with database.reading() as session:
        assert session.scalar(select(func.count(Link.id))) == 2
