"""What a paid launch costs before it is made: from a pilot's times, the pay and the channels' fees. Knows no vendor.

Whoever comes first takes a seat, on whichever channel, so the worst case is all of the work on the dearest one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.batches import Batch
from backend.db.comparisons import Comparison
from backend.db.outputs import Output
from backend.db.raters import Channel
from backend.db.ratings import Rating
from backend.db.studies import Study
from backend.domain.channels import PAYS_ITSELF, ChannelSettings
from backend.domain.money import Money
from backend.domain.pay import MS_PER_HOUR, Offer, PayRule, Preview, most_checks, pilot_median, preview
from backend.domain.settings import StudySettings
from backend.errors import Conflict
from backend.services.money import budgets, by_hand
from backend.services.studies import batches, channels, studies
from backend.services.studies.studies import Size

MOST_TIMES = 10_000


@dataclass(frozen=True, slots=True)
class Pilot:
    """How long a comparison takes. ratings, batch_id: of an earlier batch; 0 and None where texts' lengths say it."""

    median_ms: int
    ratings: int
    batch_id: int | None


def pilot(session: Session, study: Study) -> Pilot:
    """From the study's newest batch with times (ten thousand of them), else from the lengths of its texts."""
    newest = session.scalar(
        select(func.max(Batch.id))
        .join(Assignment, Assignment.batch_id == Batch.id)
        .join(Rating, Rating.assignment_id == Assignment.id)
        .where(Batch.study_id == study.id, Rating.active_ms > 0)
    )
    if newest is None:
        return Pilot(max(1, round(1000 * studies.estimate(session, study).seconds_a_vote)), 0, None)
    times = session.scalars(
        select(Rating.active_ms)
        .join(Assignment, Assignment.id == Rating.assignment_id)
        .where(Assignment.batch_id == newest, Rating.active_ms > 0)
        .order_by(Rating.assignment_id)
        .limit(MOST_TIMES)
    ).all()
    return Pilot(pilot_median([one for one in times if one is not None]), len(times), newest)


@dataclass(frozen=True, slots=True)
class Quote(Size):
    """What a launch asks and costs. dearest: the channel of which the preview is.

    aside: what all channels set aside while they are open, each for its own worst case.
    expected: rewards and fees if nothing splits, no check is met and every rater takes the pilot's median.
    """

    rule: PayRule
    dearest: str
    expected: Money
    worst: Preview
    aside: Money

    @property
    def hours(self) -> float:
        """Raters' time for so many ratings."""
        return self.ratings * self.rule.median_ms / MS_PER_HOUR


def quote(settings: StudySettings, paid: Mapping[Channel, ChannelSettings], *, comparisons: int) -> Quote | None:
    """The cost of so many comparisons under these settings; None where no channel pays."""
    most_seats = settings.seats_launched
    found, aside = list[Quote](), 0
    for channel, one in paid.items():
        if one.pay is not None:
            worst = preview(one.pay, offer(settings, one, channel, pieces=comparisons * most_seats))
            expected = preview(one.pay, plain(settings, one, channel, pieces=comparisons * settings.seats)).certain
            aside += worst.total.minor
            found.append(Quote(comparisons, settings.seats, most_seats, one.pay, channel, expected, worst, worst.total))
    dearest = max(found, key=lambda one: one.worst.total.minor, default=None)
    return None if dearest is None else replace(dearest, aside=Money(aside, dearest.aside.currency))


def plain(settings: StudySettings, one: ChannelSettings, channel: str, *, pieces: int) -> Offer:
    """So many seats on a channel."""
    is_masters = settings.qualifying.masters and channel == Channel.MTURK
    return Offer(pieces, fees=one.fees, places=places(channel, settings.seats_launched), masters=is_masters)


def offer(settings: StudySettings, one: ChannelSettings, channel: str, *, pieces: int) -> Offer:
    """So many seats on a channel, with the most checks that its raters may meet."""
    if channel == Channel.PROLIFIC:  # it is offered whole places, the last of them perhaps for less work
        most = settings.rater_cap or settings.session_size
        place = max(1, min(settings.session_size, most, pieces // settings.seats_launched))
        pieces = place * ceil(pieces / place)
    rates = settings.checks
    raters = pieces if one.places is None else one.places
    checks = most_checks(pieces, (rates.gold, rates.attention, rates.repeat), raters=raters)
    return replace(plain(settings, one, channel, pieces=pieces), checks=checks)


def places(channel: str, seats: int) -> int:
    """Places of one posting, which Mechanical Turk's fee asks: its postings are comparisons."""
    return seats if channel == Channel.MTURK else 1


def comparisons(
    session: Session, study: Study, *, baseline: str, candidates: Sequence[str], prompts: int | None
) -> int:
    """How many comparisons a launch makes at most; exactly so many where the systems answered the same prompts."""
    systems = batches.systems_of(session, study.id)
    wanted = [systems[name] for name in candidates or systems if name in systems and name != baseline]
    answered = select(Output.prompt_id).where(Output.system_id == systems.get(baseline))
    counts = session.scalars(
        select(func.count())
        .where(Output.system_id.in_(wanted), Output.prompt_id.in_(answered))
        .group_by(Output.system_id)
    ).all()
    return sum(count if prompts is None else min(count, max(prompts, 0)) for count in counts)


def of_batch(session: Session, batch: Batch) -> Quote | None:
    """What a launched batch costs on the channels that it declared; None where none of them pays."""
    count = session.scalar(select(func.count()).select_from(Comparison).where(Comparison.batch_id == batch.id)) or 0
    paid = {Channel(one.channel): channels.settings_of(one) for one in channels.of_batch(session, batch.id)}
    return quote(batches.settings_of(session, batch), paid, comparisons=count)


def declare(
    session: Session, batch: Batch, paid: Mapping[Channel, ChannelSettings], *, budget: Money | None, now: datetime
) -> None:
    """Open the channels of a batch that was just launched, with this budget or one that is enough.

    Conflict, with what is missing, where the budget is below the worst case, or can't be set aside: nobody is invited
    to work that can't be paid.
    """
    for channel, settings in paid.items():
        channels.declare(session, batch.id, channel, settings, now=now)
    found = of_batch(session, batch)
    if found is not None:
        budgets.set_budget(session, batch.id, allowed=enough(found, budget))
        set_aside(session, batch, comparisons=found.comparisons, now=now)


def set_aside(session: Session, batch: Batch, *, comparisons: int, now: datetime) -> None:
    """Set aside at once what raters may cost whom no vendor brings: their links can be given away from now on.

    Conflict, with what is missing, where the budget is too small for all of these channels.
    """
    asked = batches.settings_of(session, batch)
    for row in channels.of_batch(session, batch.id):
        one = channels.settings_of(row)
        if one.pay is not None and row.channel not in PAYS_ITSELF:
            pieces = comparisons * asked.seats_launched
            worst = preview(one.pay, offer(asked, one, row.channel, pieces=pieces)).total
            by_hand.set_aside(session, row, worst=worst, now=now)


def enough(found: Quote, budget: Money | None) -> Money:
    """The budget, or without one what the channels set aside. Conflict where it is less, or in another currency."""
    worst = found.worst.total
    if budget is None:
        return found.aside
    if budget.currency != worst.currency:
        raise Conflict(f"The pay is in {worst.currency} and the budget in {budget.currency}.")
    if budget.minor < worst.minor:
        missing = Money(worst.minor - budget.minor, worst.currency)
        raise Conflict(
            f"This launch can cost {worst} at most, and the budget is {budget}: {missing} are missing, so nothing was"
            " launched. Raise the budget, launch fewer prompts, or pay less."
        )
    return budget
