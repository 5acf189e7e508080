"""A batch on a vendor's channel and the raters who come through it, without pages. Knows no test.

What the pages of arrivals do is done here by the services alone: rater, link and submission rows, a claim, a rating.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.crowd.mturk import MTurk, connect
from backend.crowd.mturk_account import Account
from backend.crowd.notices import Notices
from backend.crowd.prolific import Prolific
from backend.crowd.protocol import Crowd
from backend.db.budgets import Budget
from backend.db.channels import BatchChannel, Posting
from backend.db.journeys import Completion
from backend.db.raters import Channel, Link
from backend.db.session import Database
from backend.db.submissions import Submission
from backend.domain.channels import ChannelSettings, defaults
from backend.domain.choices import Choice
from backend.domain.money import Money
from backend.domain.pay import PayRule
from backend.services.approval import rounds
from backend.services.approval.rounds import Kept
from backend.services.crowd import bound, holders, submissions
from backend.services.crowd.publishing import Door
from backend.services.money import budgets
from backend.services.money.vendor_calls import StoredJournal
from backend.services.rating import assignments, ratings, visitors
from backend.services.rating.ratings import Vote
from backend.services.studies import channels
from backend.services.tokens import Tokens
from backend.simulator.mturk import passing, workers
from backend.simulator.mturk.market import Market, Worker
from backend.simulator.mturk.server import Server
from backend.simulator.prolific import Account as ProlificAccount
from backend.simulator.prolific import Person, Simulator
from tests import factories
from tests.prolific import Clock as ProlificClock

DOOR = Door(Tokens("a key for tests"), "https://rate.example.org")
# 43.2 seconds at $15 an hour are 18 cents; the fees on it and on its multiples are whole cents at 20 %.
RULE = PayRule(median_ms=43_200, minimum=Money(1))
IN_POUNDS = PayRule(median_ms=43_200, per_hour=Money(1_500, "GBP"), minimum=Money(1, "GBP"))


@dataclass
class Moving:
    """A clock that tests move, from now on: signatures of requests have to be fresh."""

    passed: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.passed


def declared(
    database: Database,
    channel: Channel,
    *,
    prompts: int = 2,
    allowed: int = 100_000,
    study: Mapping[str, object] | None = None,
    **changes: object,
) -> tuple[int, int]:
    """(batch, channel) of a small study on a channel, with a budget. study: its settings. changes: the channel's."""
    rule = IN_POUNDS if channel == Channel.PROLIFIC else RULE
    settings: ChannelSettings = replace(defaults(channel), **({"pay": rule} | changes))
    with database.transaction() as session:
        batch = factories.launched(session, prompts=prompts, session_size=prompts, **(study or {}))
        budgets.set_budget(session, batch.id, allowed=Money(allowed, rule.per_hour.currency))
        row = channels.declare(session, batch.id, channel, settings, now=factories.NOW)
        return batch.id, row.id


@dataclass
class OnMTurk:
    """A batch on the simulated Mechanical Turk."""

    database: Database
    market: Market
    crowd: MTurk
    clock: Moving
    batch: int
    channel: int
    url: str

    def keep(self, crowd: Crowd | None = None, *, compare: bool = True, queue: Notices | None = None) -> Kept:
        return rounds.keep(
            self.database,
            crowd or self.crowd,
            self.batch,
            Channel.MTURK,
            door=DOOR,
            clock=self.clock,
            queue=queue,
            compare=compare,
        )

    def hits(self) -> list[str]:
        """The ids of our postings there, oldest first."""
        with self.database.reading() as session:
            return [one for one in session.scalars(select(Posting.vendor_id).order_by(Posting.id)) if one]

    def advance(self, **by: float) -> None:
        self.clock.passed += timedelta(**by)
        passing.advance(self.market, timedelta(**by))

    def arrive(self, worker: str, hit: str) -> tuple[str, int | None]:
        """Accept a HIT and open our page; the vendor's id of the assignment, and ours if there was a seat."""
        made = workers.accept(self.market, worker, hit)
        with self.database.transaction() as session:
            posting = session.scalars(select(Posting).where(Posting.vendor_id == hit)).one()
            link = arrived(session, posting, worker, made.id, accepted=self.clock(), until=made.deadline)
            who = visitors.visitor(session, link_id=link.id)
            return made.id, bound.claim_bound(session, who, posting.id, now=self.clock())

    def rate(self, worker: str, assignment: int, *, active_ms: int | None = 43_200, choice: Choice = Choice.TIE) -> str:
        return rate(self.database, worker, assignment, active_ms=active_ms, now=self.clock(), choice=choice)

    def hand_in(self, vendor_id: str, receipt: str) -> None:
        workers.submit(self.market, vendor_id, [("assignmentId", vendor_id), ("receipt", receipt)])

    def work(self, worker: str, hit: str, *, active_ms: int | None = 43_200) -> str:
        """Accept, rate and hand in; the vendor's id of it."""
        vendor_id, assignment = self.arrive(worker, hit)
        assert assignment is not None
        self.hand_in(vendor_id, self.rate(worker, assignment, active_ms=active_ms))
        return vendor_id

    def everybody(self, *, active_ms: int = 43_200) -> None:
        """Three raters do everything that is offered."""
        for hit in self.hits():
            for number in range(3):
                self.work(f"AWORKER{number}", hit, active_ms=active_ms)

    @property
    def spent(self) -> int:
        """Cents that left the account."""
        return 100_000 - self.market.balance


@contextmanager
def on_mturk(database: Database, *, prompts: int = 2, allowed: int = 100_000, **changes: object) -> Iterator[OnMTurk]:
    """A batch on a simulated Mechanical Turk, at which nothing was published yet."""
    clock = Moving()
    market = Market(balance=100_000)
    for number in range(12):
        workers.enrol(market, Worker(f"AWORKER{number}"))
    batch, channel = declared(database, Channel.MTURK, prompts=prompts, allowed=allowed, **changes)
    with Server(market) as server:
        account = Account(market.access_key, market.secret_key, endpoint_url=server.url, sandbox=market.sandbox)
        made = connect(account, attempts=1)
        crowd = MTurk(made.client, made.masters, timedelta(days=30), lambda seconds: None)
        try:
            yield OnMTurk(database, market, crowd, clock, batch, channel, server.url)
        finally:
            made.client.close()


@dataclass
class OnProlific:
    """A batch on the simulated Prolific."""

    database: Database
    vendor: Simulator
    crowd: Prolific
    clock: ProlificClock
    batch: int
    channel: int
    started: int = field(default=0)

    def keep(self, crowd: Crowd | None = None, *, compare: bool = True) -> Kept:
        return rounds.keep(
            self.database,
            crowd or self.crowd,
            self.batch,
            Channel.PROLIFIC,
            door=DOOR,
            clock=self.clock,
            compare=compare,
        )

    def another_process(self) -> Prolific:
        """The same account in another process, with the journal that both have."""
        return adapter(self.database, self.vendor, self.clock)

    @property
    def study(self) -> str:
        with self.database.reading() as session:
            found = session.scalars(select(Posting.vendor_id).order_by(Posting.id.desc())).first()
            assert found is not None
            return found

    def arrive(self, name: str) -> tuple[str, Link]:
        """Take a place and open our page; the vendor's id of the submission, and the rater's link."""
        self.vendor.participants.sign_up(Person(name))
        work = self.vendor.participants.reserve(name, self.study)
        self.vendor.participants.start(work.id)
        with self.database.transaction() as session:
            posting = session.scalars(select(Posting).where(Posting.vendor_id == self.study)).one()
            now = self.clock()
            return work.id, arrived(session, posting, name, work.id, accepted=now, until=now + timedelta(hours=1))

    def claim(self, link: Link) -> int | None:
        with self.database.transaction() as session:
            return assignments.claim(session, visitors.visitor(session, link_id=link.id), now=self.clock())

    def rate(self, name: str, link: Link, *, pieces: int, active_ms: int = 43_200) -> int:
        """Rate so many, as far as there are seats; how many there were."""
        for done in range(pieces):
            assignment = self.claim(link)
            if assignment is None:
                return done
            self.clock.advance(minutes=1)
            rate(self.database, name, assignment, active_ms=active_ms, now=self.clock(), channel=Channel.PROLIFIC)
        return pieces

    def finish(self, link: Link) -> None:
        """Our pages tell the rater that they have finished."""
        self.clock.advance(minutes=1)
        with self.database.transaction() as session:
            session.add(Completion(link_id=link.id, outcome="completed", code="DONE", completed_at=self.clock()))

    def work(self, name: str, *, pieces: int, active_ms: int = 43_200, finished: bool = True) -> str:
        """Come, rate, be told that it is finished, and hand in; the vendor's id of the submission."""
        vendor_id, link = self.arrive(name)
        self.rate(name, link, pieces=pieces, active_ms=active_ms)
        if finished:
            self.finish(link)
        self.vendor.participants.submit(vendor_id, "DONE")
        return vendor_id

    @property
    def spent(self) -> int:
        """Pence that left the account."""
        return 100_000 - self.vendor.account.balance


def adapter(database: Database, vendor: Simulator, clock: ProlificClock) -> Prolific:
    return Prolific(
        "a token", "a-project", vendor.base_url, StoredJournal(database), sleep=clock.sleep, now=clock, timeout=10
    )


@contextmanager
def on_prolific(
    database: Database, *, prompts: int = 2, allowed: int = 100_000, **changes: object
) -> Iterator[OnProlific]:
    """A batch on a simulated Prolific, at which nothing was published yet."""
    clock = ProlificClock()
    batch, channel = declared(database, Channel.PROLIFIC, prompts=prompts, allowed=allowed, **changes)
    with Simulator(ProlificAccount(100_000, clock)) as vendor:
        yield OnProlific(database, vendor, adapter(database, vendor, clock), clock, batch, channel)


def arrived(
    session: Session, posting: Posting, name: str, vendor_id: str, *, accepted: datetime, until: datetime
) -> Link:
    """A rater with a link, and the submission that their address told of, as yet unconfirmed."""
    channel = session.get_one(BatchChannel, posting.channel_id)
    number = submissions.rater(session, channel.channel, name, now=accepted)
    link = session.scalars(select(Link).where(Link.batch_id == posting.batch_id, Link.rater_id == number)).one_or_none()
    if link is None:
        link = Link(batch_id=posting.batch_id, rater_id=number, created_at=accepted)
        session.add(link)
    if name not in holders.known(session, posting.id, vendor_id):
        session.add(
            Submission(
                posting_id=posting.id,
                batch_id=posting.batch_id,
                rater_id=number,
                vendor_id=vendor_id,
                accepted_at=accepted,
                deadline=until,
            )
        )
    session.flush()
    return link


def rate(
    database: Database,
    name: str,
    assignment: int,
    *,
    active_ms: int | None,
    now: datetime,
    channel: Channel = Channel.MTURK,
    choice: Choice = Choice.TIE,
) -> str:
    """Choose; the receipt."""
    with database.transaction() as session:
        number = submissions.rater(session, channel, name, now=now)
        vote = Vote(choice, active_ms=active_ms)
        return ratings.submit(session, rater_id=number, assignment_id=assignment, vote=vote, now=now).number


def budget(database: Database, batch: int) -> Budget:
    """The counters of a batch's money."""
    with database.reading() as session:
        return session.get_one(Budget, batch)
