"""A rehearsal: simulated people rate a batch through its channels, round after round, and are paid. Prints nothing.

The people are as they were declared and know nothing of the study; the rounds are those that `assay crowd run` makes.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random

from sqlalchemy.orm import Session

from backend.cli.launch import SEED
from backend.config import Settings
from backend.db.channels import PostingState
from backend.db.raters import Channel
from backend.db.session import Database
from backend.domain.channels import ChannelSettings, defaults
from backend.domain.pay import PayRule
from backend.services.approval import rounds
from backend.services.approval.rounds import Kept
from backend.services.crowd import postings
from backend.services.crowd.publishing import Door, door_of
from backend.services.crowd.vendors import crowd_of
from backend.services.money import quotes
from backend.services.rating import links
from backend.services.studies import batches, channels
from backend.simulator import visits
from backend.simulator.people import Character, Diary
from backend.simulator.rating import Sitting
from backend.simulator.stage import Stage, names
from backend.simulator.surfing import Surfer
from backend.simulator.visits import Turker

AT_ONCE = 8  # people who are at work in the same moment
MOST_ROUNDS = 60


@dataclass
class Cast:
    """Somebody of the cast: who they are, on which channel, and their browser."""

    channel: str
    sitting: Sitting
    refused: set[str] = field(default_factory=set)
    address: str = ""


@dataclass
class Rehearsal:
    """A batch, its channels and the people who will come. tick: told after each comparison that somebody judged."""

    database: Database
    settings: Settings
    stage: Stage
    batch_id: int
    rule: PayRule
    diary: Diary
    cast: list[Cast] = field(default_factory=list)
    kept: dict[str, Kept] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)

    @property
    def door(self) -> Door:
        return door_of(self.settings)

    def declare(self, chosen: Sequence[str]) -> None:
        """Declare the channels, and a budget that is enough at worst."""
        paid = {Channel(name): shared(replace(defaults(name), pay=self.rule), name, chosen) for name in chosen}
        with self.database.transaction() as session:
            quotes.declare(session, batches.get(session, self.batch_id), paid, budget=None, now=now())

    def invite(self, people: Sequence[Character], chosen: Sequence[str]) -> None:
        """Give each of these people a channel, in turn, and a browser."""
        known = {name: iter(names(name, len(people))) for name in chosen}
        for number, who in enumerate(people):
            channel = chosen[number % len(chosen)]
            sitting = Sitting(next(known[channel]), who, Random(SEED + number), self.diary, Surfer())
            self.cast.append(Cast(channel, sitting))
        with self.database.transaction() as session:
            self.send_addresses(session)

    def send_addresses(self, session: Session) -> None:
        """Where those go whom no vendor sends: a personal link, or the panel's address with their id."""
        rows = {row.channel: row for row in channels.of_batch(session, self.batch_id)}
        for one in self.cast:
            if one.channel == Channel.LINK:
                (link,) = links.create_personal(session, self.batch_id, count=1, now=now())
                one.address = f"{self.door.base}/r/{self.door.tokens.sign('link', link.id)}"
            elif one.channel == Channel.PANEL:
                one.address = f"{self.door.into(rows[Channel.PANEL].id)}?id={one.sitting.name}"

    def run(self, *, on_round: Callable[[], None] = lambda: None) -> None:
        """Rounds until the batch is complete and everybody is paid, or nothing moves any more."""
        for _ in range(MOST_ROUNDS):
            before = len(self.diary.answers)
            is_over = self.keep()
            on_round()
            if is_over:
                return
            self.work()
            if len(self.diary.answers) == before and not self.moved():
                said = dict.fromkeys(trouble for done in self.kept.values() for trouble in done.troubles)
                self.troubles = ["Nobody had anything more to do, and the batch is not complete.", *said]
                return

    def keep(self) -> bool:
        """A round of every channel; whether all of them are over and nothing was left to pay."""
        with self.database.reading() as session:
            rows = channels.of_batch(session, self.batch_id)
        for row in rows:
            crowd = crowd_of(self.database, row.channel, self.settings, clock=now)
            self.kept[row.channel] = rounds.keep(
                self.database, crowd, self.batch_id, row.channel, door=self.door, clock=now
            )
        return all(done.is_over for done in self.kept.values()) and not self.moved()

    def moved(self) -> bool:
        """Whether the last round did anything."""
        return any(done.published or done.extended or done.closed or done.paid for done in self.kept.values())

    def work(self) -> None:
        """Everybody does what there is for them, some at once."""
        studies = self.open_studies()
        fair = self.fair_share()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(self.act, one, studies, fair) for one in self.cast]:
                done.result()

    def act(self, one: Cast, studies: Sequence[str], fair: int) -> None:
        """One person's part of a round."""
        with one.sitting.surfer:
            self.take_part(one, studies, fair)

    def take_part(self, one: Cast, studies: Sequence[str], fair: int) -> None:
        """Come the way that leads here from one's channel, and do what there is."""
        if one.channel == Channel.MTURK and self.stage.mturk is not None:
            Turker(one.sitting, self.stage.mturk.url, one.refused).run(most=fair)
        elif one.channel == Channel.PROLIFIC and self.stage.prolific is not None:
            for study in studies:
                visits.from_prolific(one.sitting, self.stage.prolific.participants, study)
        elif one.address:
            visits.by_link(one.sitting, one.address)

    def open_studies(self) -> list[str]:
        """The studies that Prolific shows."""
        with self.database.reading() as session:
            row = channels.find(session, self.batch_id, Channel.PROLIFIC)
            live = postings.in_state(session, row.id, PostingState.PUBLISHED) if row is not None else []
            return [one.vendor_id for one in live if one.vendor_id is not None]

    def fair_share(self) -> int:
        """What each of MTurk's people does in a round, so that the work is shared."""
        with self.database.reading() as session:
            left = batches.progress(session, self.batch_id).open
        turkers = sum(one.channel == Channel.MTURK for one in self.cast)
        return max(1, left // max(turkers, 1))


def shared(offered: ChannelSettings, name: str, chosen: Sequence[str]) -> ChannelSettings:
    """One channel among several: Mechanical Turk gets one seat of each comparison, so that the others get theirs."""
    return replace(offered, seats=1) if name == Channel.MTURK and len(chosen) > 1 else offered


def now() -> datetime:
    return datetime.now(UTC)
