"""The channels of a batch: declared once, then as they are. Knows no vendor; what is posted: crowd.postings."""

import secrets
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.crowd import panel
from backend.db.batches import Batch, BatchState
from backend.db.channels import BatchChannel
from backend.db.comparisons import Comparison
from backend.db.raters import Channel
from backend.domain.channels import PAYS_ITSELF, ChannelSettings, Codes, from_json
from backend.errors import Conflict, Invalid, NotFound

# As the receipts' alphabet: no letters that are read for digits.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
WITH_CODES = (Channel.PROLIFIC, Channel.PANEL)


def declare(
    session: Session, batch_id: int, channel: Channel, settings: ChannelSettings, *, now: datetime
) -> BatchChannel:
    """Open a channel of a batch with these settings, which never change afterwards.

    The same settings again are the same channel. Conflict for others, or where the batch has ended; Invalid where the
    channel can't run the batch, with the reason. Codes are made up where the channel needs some and none are given.
    """
    batch = session.get(Batch, batch_id)
    if batch is None:
        raise NotFound(f"There is no batch {batch_id}.")
    refuse_unless_possible(session, batch, channel, settings)
    earlier = find(session, batch_id, channel)
    if earlier is not None:
        return the_same(earlier, settings)
    if batch.state == BatchState.CLOSED:
        raise Conflict(f"Batch {batch_id} is closed, so nobody can come to it any more.")
    if channel in WITH_CODES and settings.codes is None:
        settings = replace(settings, codes=new_codes())
    made = BatchChannel(batch_id=batch_id, channel=channel, settings=settings.to_json(), created_at=now)
    session.add(made)
    session.flush()
    return made


def refuse_unless_possible(session: Session, batch: Batch, channel: Channel, settings: ChannelSettings) -> None:
    """Invalid, with the reason, where this channel can't run this batch."""
    if channel == Channel.IMPORTED:
        raise Invalid("“imported” brings ratings and no raters; use `assay import-ratings`.")
    if channel in PAYS_ITSELF and settings.pay is None:
        raise Invalid(f"{channel} pays its raters, so it has to be said how much: pay is missing.")
    if channel in PAYS_ITSELF and settings.pay is not None and settings.pay.reward.minor < 1:
        raise Invalid(f"{channel} pays nothing below one minor unit, and the reward would be {settings.pay.reward}.")
    if (channel == Channel.PANEL) != (settings.panel is not None):
        raise Invalid("A panel's settings are for the channel “panel”, which needs them, and for no other.")
    if settings.panel is not None:
        panel.way_back(settings.panel, rater="id", code="code")  # Invalid for an address that nobody may be sent to
    candidates = session.execute(
        select(func.count(Comparison.candidate_id.distinct())).where(Comparison.batch_id == batch.id)
    ).scalar_one()
    if channel == Channel.MTURK and candidates != 1:
        raise Invalid(
            f"Mechanical Turk offers comparisons one by one, and a rater there could accept two of one prompt. Batch "
            f"{batch.id} has {candidates} candidates; launch a batch with one candidate for this channel."
        )


def the_same(earlier: BatchChannel, settings: ChannelSettings) -> BatchChannel:
    """The channel as it was declared. Conflict for other settings; codes that were made up are no difference."""
    there = settings_of(earlier)
    if replace(settings, codes=settings.codes or there.codes) != there:
        raise Conflict(f"Batch {earlier.batch_id} has this channel already, and a channel stays as it was declared.")
    return earlier


def new_codes() -> Codes:
    """Three codes that nobody can guess."""
    return Codes(*("".join(secrets.choice(ALPHABET) for _ in range(8)) for _ in range(3)))


def find(session: Session, batch_id: int, channel: str) -> BatchChannel | None:
    """This channel of a batch, if it was declared."""
    return session.scalars(
        select(BatchChannel).where(BatchChannel.batch_id == batch_id, BatchChannel.channel == channel)
    ).one_or_none()


def get(session: Session, batch_id: int, channel: str) -> BatchChannel:
    """This channel of a batch. NotFound where it was not declared."""
    found = find(session, batch_id, channel)
    if found is None:
        raise NotFound(f"Batch {batch_id} has no channel “{channel}” yet; `assay channel add` declares it.")
    return found


def by_id(session: Session, channel_id: int) -> BatchChannel:
    """A channel by its number. NotFound where there is none."""
    found = session.get(BatchChannel, channel_id)
    if found is None:
        raise NotFound("There is no such way into a study.")
    return found


def of_batch(session: Session, batch_id: int) -> list[BatchChannel]:
    """Every channel of a batch, in the order in which they were declared."""
    return list(
        session.scalars(select(BatchChannel).where(BatchChannel.batch_id == batch_id).order_by(BatchChannel.id))
    )


def settings_of(channel: BatchChannel) -> ChannelSettings:
    """What it offers and pays."""
    return from_json(channel.settings)
