"""How a rater hands their work over to the channel they came from: a code, and a way back. Asks no vendor."""

from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.crowd import panel
from backend.db.channels import BatchChannel
from backend.db.journeys import Completion
from backend.db.raters import Channel, Link, Rater
from backend.domain.channels import ChannelSettings, defaults, from_json
from backend.domain.journey import JourneyEnd
from backend.errors import Invalid

PROLIFIC = "https://app.prolific.com/submissions/complete?cc="
UNDECLARED = defaults(Channel.LINK)
NAMES = {Channel.PROLIFIC: "Prolific", Channel.PANEL: "your panel"}


@dataclass(frozen=True, slots=True)
class Handover:
    """rater: the id by which their channel knows them; of a link, the code that we gave. outcome, code: as they were
    told, None before. can_finish: there is something to hand over, so they may stop before there is nothing left."""

    channel: str
    rater: str
    outcome: str | None = None
    code: str | None = None
    back: str | None = None
    can_finish: bool = False

    @property
    def to(self) -> str:
        """Where a rater is sent back to, in words."""
        return NAMES.get(Channel(self.channel), "where you came from")


def offered(session: Session, *, batch_id: int, rater_id: int) -> ChannelSettings:
    """What this rater's channel offers in this batch; what is usual where it was not declared."""
    settings = session.execute(
        select(BatchChannel.settings)
        .join(Rater, Rater.channel == BatchChannel.channel)
        .where(BatchChannel.batch_id == batch_id, Rater.id == rater_id)
    ).scalar()
    return from_json(settings) if settings else UNDECLARED


def of(session: Session, *, link_id: int) -> Handover:
    """What a rater needs at the end, as far as they are at it."""
    found = session.execute(
        select(Rater.channel, Rater.external_id, BatchChannel.settings, Completion.outcome, Completion.code)
        .select_from(Link)
        .join(Rater, Rater.id == Link.rater_id)
        .outerjoin(BatchChannel, (BatchChannel.batch_id == Link.batch_id) & (BatchChannel.channel == Rater.channel))
        .outerjoin(Completion, Completion.link_id == Link.id)
        .where(Link.id == link_id)
    ).one()
    offer = from_json(found.settings) if found.settings else UNDECLARED
    return Handover(
        channel=found.channel,
        rater=found.external_id,
        outcome=found.outcome,
        code=found.code,
        back=way_back(offer, found.channel, rater=found.external_id, code=found.code) if found.outcome else None,
        can_finish=found.outcome is None
        and bool(offer.code(JourneyEnd.COMPLETED) or (offer.panel and offer.panel.back)),
    )


def way_back(offer: ChannelSettings, channel: str, *, rater: str, code: str | None) -> str | None:
    """The address that hands the code over; None where the code is all there is."""
    if channel == Channel.PROLIFIC:
        return f"{PROLIFIC}{quote(code, safe='')}" if code else None
    if offer.panel is None:
        return None
    try:
        return panel.way_back(offer.panel, rater=rater, code=code)
    except Invalid:  # in words for the researcher; a rater still has the code
        return None
