"""Offers what is missing on a channel. Knows no vendor by name.

Each call lies between two transactions, as in money.payments: the intent with its token is stored before, what came
of it after. Whoever is killed in between leaves an intent; the next run asks with the same token and gets the same
posting. What was offered and is wanted no more, steering takes back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from backend.config import Settings
from backend.crowd import protocol
from backend.crowd.protocol import Crowd, CrowdError, Qualifications, Refused
from backend.db.channels import BatchChannel, Posting, PostingState
from backend.db.raters import Channel
from backend.db.session import Database
from backend.domain.channels import PAYS_ITSELF
from backend.domain.money import Money
from backend.errors import AppError, Conflict, Invalid
from backend.services.crowd import offering, postings, steering
from backend.services.crowd.steering import Published, Wish
from backend.services.keys import secret_key
from backend.services.money import vendor_calls
from backend.services.studies import batches, channels
from backend.services.tokens import Tokens

log = structlog.get_logger()
Clock = Callable[[], datetime]
# Mechanical Turk forgets our tokens after 24 hours; an hour less, for its clock and ours.
REMEMBERED = timedelta(hours=23)


@dataclass(frozen=True, slots=True)
class Door:
    """Where raters come in: the server's public address, and what signs the way."""

    tokens: Tokens
    public_url: str

    def of(self, posting: Posting) -> str:
        """The address that the vendor sends raters of a posting to."""
        if posting.comparison_id is not None:
            return f"{self.base}/hit/{self.tokens.sign('posting', posting.id)}"
        return self.into(posting.channel_id)

    def into(self, channel_id: int) -> str:
        """The address for all raters of a channel, such as a panel's."""
        return f"{self.base}/in/{self.tokens.sign('channel', channel_id)}"

    @property
    def base(self) -> str:
        """The public address without a slash at its end. Invalid where there is none."""
        if not self.public_url:
            raise Invalid("Raters have to find this server: give its address with --public-url or ASSAY_PUBLIC_URL.")
        return self.public_url.rstrip("/")


def door_of(settings: Settings) -> Door:
    """The way in to the server that has these settings."""
    return Door(Tokens(secret_key(settings)), settings.public_url)


def asked_of(session: Session, batch_id: int) -> Qualifications:
    """Whom the vendor may show a batch to, as its settings declare it. What our own records know, our pages ask."""
    wanted = batches.settings_of(session, batches.get(session, batch_id)).qualifying
    return Qualifications(
        min_approval=wanted.min_approval,
        min_approved=wanted.min_approved,
        countries=wanted.countries,
        languages=wanted.languages,
        masters=wanted.masters,
    )


def publish(
    database: Database,
    crowd: Crowd,
    channel_id: int,
    *,
    door: Door,
    clock: Clock,
    step: Callable[[], None] = lambda: None,
) -> Published:
    """Offer everything that is missing. May be killed at any point and run again, or run twice at once.

    step: called after each posting. Stops at the first refusal, with what the vendor said; nothing is published then.
    """
    done = Published()
    with database.reading() as session:
        channel = channels.by_id(session, channel_id)
        left = [one.id for one in postings.in_state(session, channel_id, PostingState.INTENDED)]
    if channel.channel not in PAYS_ITSELF:
        return done
    door.into(channel_id)  # Invalid, before anything is intended, where raters could not find this server
    for number in left:
        if not offer(database, crowd, number, done, door=door, clock=clock, is_new=False):
            return done
        step()
    with database.reading() as session:
        if steering.wish_of(session, channel) != Wish.OPEN:
            return done
    intents = by_comparison if channel.channel == Channel.MTURK else whole_batch
    try:
        intents(database, crowd, channel, done, door=door, clock=clock, step=step)
    except AppError as error:
        done.troubles.append(str(error))
    return done


def by_comparison(
    database: Database,
    crowd: Crowd,
    channel: BatchChannel,
    done: Published,
    *,
    door: Door,
    clock: Clock,
    step: Callable[[], None],
) -> None:
    """One posting for each comparison with open seats."""
    with database.reading() as session:
        comparisons = offering.lacking(session, channel)
    for comparison in comparisons:
        with database.transaction() as session:
            made = offering.intend_comparison(session, channel, comparison, now=clock())
        if made is not None and not offer(database, crowd, made.id, done, door=door, clock=clock, is_new=True):
            return
        step()


def whole_batch(
    database: Database,
    crowd: Crowd,
    channel: BatchChannel,
    done: Published,
    *,
    door: Door,
    clock: Clock,
    step: Callable[[], None],
) -> None:
    """One posting for all that is open, and more places on it where raters left early."""
    with database.transaction() as session:
        made = offering.intend_batch(session, channel, now=clock())
    if made is not None:
        offer(database, crowd, made.id, done, door=door, clock=clock, is_new=True)
        step()
        return
    with database.transaction() as session:
        offering.intend_more(session, channel, now=clock())
    extend(database, crowd, channel.id, done)


def offer(
    database: Database, crowd: Crowd, posting_id: int, done: Published, *, door: Door, clock: Clock, is_new: bool
) -> bool:
    """Ask the vendor to offer one posting, and write down what came of it; whether to go on.

    is_new: nobody has asked for it before, so after a refusal there surely is none, and the intent is withdrawn.
    """
    with database.reading() as session:
        posting = session.get_one(Posting, posting_id)
        channel = channels.by_id(session, posting.channel_id)
        wanted = terms(session, channel, posting, door)
    if channel.channel == Channel.MTURK and posting.intended_at <= clock() - REMEMBERED:
        done.troubles.append(
            f"Posting {posting_id} was asked for at {posting.intended_at:%Y-%m-%d %H:%M} UTC and never answered, and "
            f"Mechanical Turk has forgotten its token. Please look there for a HIT whose annotation begins with "
            f"{posting.token}, then run `assay crowd found {posting_id} HIT-ID` or `assay crowd lost {posting_id}`."
        )
        return True
    try:
        posted = crowd.publish(wanted)
    except CrowdError as error:
        done.troubles.append(str(error))
        if is_new and isinstance(error, Refused):
            with database.transaction() as session:
                postings.close(session, posting_id, now=clock())
        return False
    done.ignored |= set(posted.ignored)
    settle(database, crowd, posting_id, posted.id, done, clock=clock)
    return True


def settle(database: Database, crowd: Crowd, posting_id: int, vendor_id: str, done: Published, *, clock: Clock) -> None:
    """Write down that the vendor offers it. One that was given up meanwhile is closed there at once."""
    with database.transaction() as session:
        is_wanted = postings.publish(session, posting_id, vendor_id, now=clock())
    if is_wanted:
        done.published.append(posting_id)
        log.info("posting.published", posting=posting_id, vendor_id=vendor_id)
        return
    try:
        steering.close_given_up(database, crowd, posting_id, vendor_id, clock=clock)
    except CrowdError as error:
        done.troubles.append(f"{vendor_id} is offered and should not be; the next round closes it. {error}")


def terms(session: Session, channel: BatchChannel, posting: Posting, door: Door) -> protocol.Posting:
    """A posting in the vendor's terms."""
    settings = channels.settings_of(channel)
    return protocol.Posting(
        token=posting.token,
        title=settings.title,
        description=settings.description,
        url=door.of(posting),
        places=posting.places,
        reward=Money(posting.reward, posting.currency),
        time_allowed=settings.time_allowed,
        open_for=settings.open_for,
        qualifications=asked_of(session, channel.batch_id),
        codes=() if settings.codes is None else settings.codes.pairs,
    )


def extend(database: Database, crowd: Crowd, channel_id: int, done: Published) -> None:
    """Ask for the places that were intended and are not confirmed."""
    with database.reading() as session:
        live = postings.in_state(session, channel_id, PostingState.PUBLISHED)
        waiting = [(one, call) for one in live if (call := offering.unfinished(session, one)) is not None]
    for posting, call in waiting:
        assert posting.vendor_id is not None
        try:
            # A token of the adapter's own journal, which lies in the same table as our call.
            crowd.extend(posting.vendor_id, places=call.amount - call.before, token=f"{call.token} at the vendor")
        except CrowdError as error:
            done.troubles.append(str(error))
            continue
        with database.transaction() as session:
            vendor_calls.finish(session, call.token)
        done.extended.append(posting.id)


def found(database: Database, posting_id: int, vendor_id: str, *, now: datetime) -> None:
    """A person has looked: the vendor has this posting, under this id."""
    with database.transaction() as session:
        if postings.get(session, posting_id).state != PostingState.INTENDED:
            raise Conflict(f"Posting {posting_id} is not waiting for an answer.")
        postings.publish(session, posting_id, vendor_id, now=now)


def lost(database: Database, posting_id: int, *, now: datetime) -> None:
    """A person has looked: the vendor has no such posting. Its seats are offered again by another one."""
    with database.transaction() as session:
        if postings.get(session, posting_id).state != PostingState.INTENDED:
            raise Conflict(f"Posting {posting_id} is not waiting for an answer.")
        postings.close(session, posting_id, now=now)
