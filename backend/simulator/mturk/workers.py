"""What workers do: look for HITs, accept, return, submit; abandoning is letting the time pass."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from backend.simulator.mturk import notifications, qualifications
from backend.simulator.mturk.market import Assignment, Hit, Market, State, Worker
from backend.simulator.mturk.passing import settle

ANSWERS = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2005-10-01/QuestionFormAnswers.xsd"
RESERVED = frozenset({"assignmentId", "hitId", "turkSubmitTo", "workerId"})


class Turned(Exception):
    """MTurk turns a worker away; the message is a sentence for them."""


def enrol(market: Market, worker: Worker) -> Worker:
    """Somebody new looks for work."""
    with market.lock:
        return market.workers.setdefault(worker.id, worker)


def offers(market: Market, worker_id: str) -> list[Hit]:
    """The HITs that this worker could accept now."""
    with market.lock:
        settle(market)
        return [hit for hit in market.hits.values() if not reason_against(market, market.workers[worker_id], hit)]


def reason_against(market: Market, worker: Worker, hit: Hit) -> str:
    """Why a worker can't accept a HIT now; empty if they can."""
    if hit.is_deleted or hit.expires <= market.now():
        return "This HIT has expired."
    if worker.id in market.blocks:
        return "You can't work for this requester."
    if lacking := qualifications.unmet(market, worker, hit):
        return f"You lack a qualification: {', '.join(one.type_id for one in lacking)}."
    taken = market.of_hit(hit, State.WORKING, State.SUBMITTED, State.APPROVED, State.REJECTED)
    if any(one.worker_id == worker.id for one in taken):
        return "You have accepted this HIT already."
    return "" if len(taken) < hit.places else "There are no more of these HITs."


def accept(market: Market, worker_id: str, hit_id: str) -> Assignment:
    """Take a place. In a second tab the assignment of the first comes back. Raises Turned."""
    with market.lock:
        settle(market)
        worker, hit = known(market, worker_id), market.hits.get(hit_id)
        if hit is None:
            raise Turned("There is no such HIT.")
        for one in market.of_hit(hit, State.WORKING):
            if one.worker_id == worker_id:
                return one
        if reason := reason_against(market, worker, hit):
            raise Turned(reason)
        now = market.now()
        made = Assignment(next_id(market, hit), hit, worker_id, now, now + hit.type.time_allowed)
        market.assignments[made.id] = made
        hit.assignments.append(made)
        notifications.tell(market, "AssignmentAccepted", hit, made.id)
        return made


def next_id(market: Market, hit: Hit) -> str:
    """The id of an assignment that was left and that nobody has got since, or a new one."""
    left = (one for one in market.of_hit(hit, State.RETURNED, State.ABANDONED) if market.assignments[one.id] is one)
    return next((one.id for one in left), "") or market.new_id("assignment")


def may_preview(market: Market, worker_id: str, hit: Hit) -> None:
    """Raises Turned where the preview is guarded by a qualification that this worker, or a stranger, lacks."""
    worker = market.workers.get(worker_id)
    guarded = [one for one in hit.type.requirements if one.guards != "Accept"]
    lacking = [one for one in guarded if worker is None or not qualifications.is_met(market, worker, one)]
    if lacking:
        raise Turned(f"You lack a qualification: {', '.join(one.type_id for one in lacking)}.")


def known(market: Market, worker_id: str) -> Worker:
    if worker_id not in market.workers:
        raise Turned("Please sign in.")
    return market.workers[worker_id]


def working(market: Market, assignment_id: str) -> Assignment:
    """An assignment that somebody is at work on, within its time. Raises Turned."""
    settle(market)
    one = market.assignments.get(assignment_id)
    if one is None:
        raise Turned("There is no such assignment.")
    if one.state is not State.WORKING:
        raise Turned(f"This assignment is {one.state.lower()}; it can't be submitted or returned any more.")
    return one


def give_back(market: Market, assignment_id: str) -> None:
    """Return it: the place is free again. Raises Turned."""
    with market.lock:
        one = working(market, assignment_id)
        one.state = State.RETURNED
        notifications.tell(market, "AssignmentReturned", one.hit, one.id)


def submit(market: Market, assignment_id: str, fields: Sequence[tuple[str, str]]) -> Assignment:
    """Hand it in, as the form at externalSubmit does. Raises Turned if it is over, or was handed in before."""
    with market.lock:
        one = working(market, assignment_id)
        one.state, one.submitted, one.answer = State.SUBMITTED, market.now(), answers(fields)
        notifications.tell(market, "AssignmentSubmitted", one.hit, one.id)
        if not market.places_left(one.hit) and not market.of_hit(one.hit, State.WORKING):
            notifications.tell(market, "HITReviewable", one.hit)
        return one


def answers(fields: Sequence[tuple[str, str]]) -> str:
    """A form's fields as a QuestionFormAnswers document; the reserved names are not among them."""
    rows = "".join(
        f"<Answer><QuestionIdentifier>{escape(written(name))}</QuestionIdentifier><FreeText>{escape(written(text))}</FreeText></Answer>"
        for name, text in fields
        if name not in RESERVED
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><QuestionFormAnswers xmlns="{ANSWERS}">{rows}</QuestionFormAnswers>'


def written(text: str) -> str:
    """A text without the control characters that XML can't hold."""
    return "".join(letter for letter in text if letter.isprintable() or letter in "\t\n\r")
