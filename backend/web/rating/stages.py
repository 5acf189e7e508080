"""What a rater is to see now: a step of their way, a task, a pause, an end. Knows no HTTP.

What a page needs is read inside the transaction and rendered after it: on SQLite nobody else can write meanwhile.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from backend.db.batches import BatchState
from backend.domain.journey import Exercise, JourneyEnd, Reply, Step
from backend.domain.money import Money
from backend.domain.pay import PayRule
from backend.services.money import earnings
from backend.services.rating import assignments, checks, handover, journeys, tasks
from backend.services.rating.facts import Facts, Remembered
from backend.services.rating.handover import Handover
from backend.services.rating.tasks import Task
from backend.services.rating.visitors import Visitor
from backend.web.rating.votes import Place

ENDS = ("done", "finished", "closed")


@dataclass(frozen=True, slots=True)
class View:
    """What a rater is to see now. `part` names the template; the handover is read only where it is shown.

    exercise, number, reply: of the training, and what was pressed there. why: they are turned away. earned: so far.
    rule: how their channel pays, where that is shown. ahead: how many comparisons there can still be, beside the one
    that is held.
    """

    part: str
    who: Visitor
    task: Task | None = None
    handover: Handover | None = None
    exercise: Exercise | None = None
    number: int = 0
    reply: Reply | None = None
    why: str = ""
    earned: Money | None = None
    rule: PayRule | None = None
    ahead: int = 0


def look(session: Session, who: Visitor, *, link_id: int, none_left: bool = False) -> View:
    """The page for where this rater stands; a seat that they hold comes before everything else."""
    if who.held_check is not None:
        return View("task", who, task=checks.task(session, who.held_check))
    if who.held is not None:
        return View("task", who, task=tasks.task(session, who.held))
    part = standing(who, none_left=none_left)
    if part in ("welcome", "none_left"):
        before = journeys.at_step(session, who, link_id=link_id)
        if before.step != Step.TASK:
            return on_the_way(session, who, before, link_id=link_id)
    end = handover.of(session, link_id=link_id)
    has_ended = part == "none_left" or (part == "pause" and end.outcome == JourneyEnd.COMPLETED)
    if has_ended and not assignments.may_come_back(session, who):
        part = "done"
    return View(part, who, handover=end)


def standing(who: Visitor, *, none_left: bool) -> str:
    """The name of the page for a rater who holds no seat."""
    if who.withdrawn:
        return "withdrawn"
    if who.has_reached_cap:
        return "finished"
    if who.batch_state != BatchState.OPEN:
        return who.batch_state
    if none_left:
        return "none_left"
    return "welcome" if who.judged == 0 else "pause"


def on_the_way(session: Session, who: Visitor, before: journeys.AtStep, *, link_id: int) -> View:
    """A step before the task, or the end that came before it."""
    view = View(before.step, who, handover=handover.of(session, link_id=link_id), why=before.why)
    if before.exercise is None:
        return view
    return replace(view, exercise=who.settings.journey.training[before.exercise], number=before.exercise)


def feedback(session: Session, who: Visitor, number: int, *, link_id: int) -> View | None:
    """An exercise of the training that this rater has answered, with what is right; None where it is none."""
    training = who.settings.journey.training
    reply = journeys.practised(session, link_id).get(number) if number < len(training) else None
    if reply is None:
        return None
    return View("feedback", who, exercise=training[number], number=number, reply=reply)


def onward(session: Session, who: Visitor, *, link_id: int, now: datetime) -> View:
    """The next comparison, or a pause where a session ends."""
    if not who.is_at_work and who.has_ended_session:
        return ended(session, look(session, who, link_id=link_id), link_id=link_id, now=now)
    return claimed(session, who, link_id=link_id, now=now)


def claimed(session: Session, who: Visitor, *, link_id: int, now: datetime) -> View:
    """The page after asking for a seat, whether there was one or not; a check where one is due, a step before all."""
    if journeys.step(session, who, link_id=link_id) != Step.TASK:
        return look(session, who, link_id=link_id)
    held_check = checks.claim(session, who, now=now) if who.settings.checks.any else None
    if held_check is not None:
        return look(session, replace(who, held_check=held_check), link_id=link_id)
    held = assignments.claim(session, who, now=now)
    who = replace(who, held=held, met=who.met + (held is not None and held != who.held))
    view = look(session, who, link_id=link_id, none_left=held is None)
    return ended(session, view, link_id=link_id, now=now)


def ended(session: Session, view: View, *, link_id: int, now: datetime) -> View:
    """The view, and stored that this rater was told they have finished, where it tells them."""
    if view.part not in ENDS or view.who.judged == 0:
        return view
    journeys.complete(session, view.who, link_id=link_id, outcome=JourneyEnd.COMPLETED, now=now)
    return replace(view, handover=handover.of(session, link_id=link_id))


def having_rated(session: Session, who: Visitor, place: Place, *, link_id: int) -> Visitor:
    """The rater after a new rating. The sides of a seat that was held are counted already; else they are read again."""
    if not place.is_check and place.number == who.held:
        return replace(who, judged=who.judged + 1, held=None)
    return checks.visitor(session, link_id=link_id)


def with_facts(session: Session, view: View, remembered: Remembered) -> View:
    """The view with what may lie ahead of this rater, and what they have earned so far, where their channel pays."""
    facts = remembered.of(session, view.who.batch_id)
    earned = earnings.so_far(session, view.who, facts.rules)
    rule = facts.rules.get(view.handover.channel) if view.handover else None
    return replace(view, ahead=ahead(view.who, facts), earned=earned, rule=rule)


def ahead(who: Visitor, facts: Facts) -> int:
    """How many comparisons there can still be; with checks among them nobody knows, so a whole session."""
    return who.session_size if who.settings.checks.any else max(0, facts.prompts - who.met)
