"""What a requester does with workers' assignments: list, approve, reject, pay a bonus."""

from datetime import timedelta

from backend.simulator.mturk import fees, notifications, tokens
from backend.simulator.mturk.hits import shown as shown_hit
from backend.simulator.mturk.market import Assignment, Bonus, Market, State, dollars
from backend.simulator.mturk.paging import paged
from backend.simulator.mturk.wire import Answer, Request, RequestError

JUDGED_OR_WAITING = (State.SUBMITTED, State.APPROVED, State.REJECTED)
LONGEST_FEEDBACK = 1024
OVERRULED_WITHIN = timedelta(days=30)


def shown(one: Assignment) -> dict[str, object]:
    """An assignment as the protocol shows it: only members that have a value."""
    fields: dict[str, object] = {
        "AssignmentId": one.id,
        "WorkerId": one.worker_id,
        "HITId": one.hit.id,
        "AssignmentStatus": one.state.value,
        "AcceptTime": one.accepted,
        "Deadline": one.deadline,
        "SubmitTime": one.submitted,
        "Answer": one.answer,
        "RequesterFeedback": one.feedback or None,
        "AutoApprovalTime": one.submitted + one.hit.type.approved_after if one.submitted else None,
        "ApprovalTime": one.judged if one.state is State.APPROVED else None,
        "RejectionTime": one.judged if one.state is State.REJECTED else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def listed(market: Market, request: Request) -> Answer:
    hit = market.hit(request.text("HITId"))
    wanted = set(request.texts("AssignmentStatuses")) or set(JUDGED_OR_WAITING)
    found = [one for one in market.of_hit(hit, *JUDGED_OR_WAITING) if one.state in wanted]
    return paged(request, "Assignments", [shown(one) for one in found])


def get(market: Market, request: Request) -> Answer:
    one = market.assignment(request.text("AssignmentId"))
    return {"Assignment": shown(one), "HIT": shown_hit(market, one.hit)}


def approve(market: Market, request: Request) -> Answer:
    """Pay reward and fee; a rejection is overruled only when asked for, within thirty days."""
    one = market.assignment(request.text("AssignmentId"))
    overrules = request.fields.get("OverrideRejection") is True and one.state is State.REJECTED
    if overrules and one.judged and market.now() - one.judged <= OVERRULED_WITHIN:
        market.needs(one.hit.cost)
        market.workers[one.worker_id].rejected -= 1
    elif one.state is not State.SUBMITTED:
        raise invalid_state(one)
    pay(market, one, request.text("RequesterFeedback"))
    return {}


def invalid_state(one: Assignment) -> RequestError:
    return RequestError(
        "InvalidAssignmentState",
        f"This operation can be called with a status of: Submitted. Assignment {one.id} is {one.state}.",
    )


def pay(market: Market, one: Assignment, feedback: str = "") -> None:
    """Reward and fee leave the account; both were held since the HIT was offered."""
    if one.hit.cost > market.balance:
        raise RequestError("InsufficientFunds", f"The account holds {dollars(market.balance)}.")
    market.balance -= one.hit.cost
    one.state, one.judged, one.feedback = State.APPROVED, market.now(), feedback
    market.workers[one.worker_id].approved += 1
    notifications.tell(market, "AssignmentApproved", one.hit, one.id)


def reject(market: Market, request: Request) -> Answer:
    one = market.assignment(request.text("AssignmentId"))
    if one.state is not State.SUBMITTED:
        raise invalid_state(one)
    if len(request.text("RequesterFeedback")) > LONGEST_FEEDBACK:
        raise RequestError("ParameterValidationError", f"RequesterFeedback is longer than {LONGEST_FEEDBACK}.")
    one.state, one.judged, one.feedback = State.REJECTED, market.now(), request.text("RequesterFeedback")
    market.workers[one.worker_id].rejected += 1
    notifications.tell(market, "AssignmentRejected", one.hit, one.id)
    return {}


def send_bonus(market: Market, request: Request) -> Answer:
    tokens.refuse_repeat(market, "SendBonus", request)
    one, amount = market.assignment(request.text("AssignmentId")), request.cents("BonusAmount")
    if one.worker_id != request.text("WorkerId"):
        raise RequestError("ParameterValidationError", f"{request.text('WorkerId')} did not do assignment {one.id}.")
    if amount < 1:
        raise RequestError("ParameterValidationError", "A bonus is at least 0.01.")
    cost = amount + fees.of_bonus(amount)
    market.needs(cost)
    market.balance -= cost
    reason = request.text("Reason")
    market.bonuses.append(Bonus(one.worker_id, one.id, one.hit.id, amount, reason, market.now()))
    tokens.remember(market, "SendBonus", request, market.new_id("request"))
    return {}


def bonuses(market: Market, request: Request) -> Answer:
    hit_id, assignment_id = request.text("HITId"), request.text("AssignmentId")
    if not hit_id and not assignment_id:
        raise RequestError("ParameterValidationError", "HITId or AssignmentId is needed.")
    found = [one for one in market.bonuses if one.hit_id == hit_id or one.assignment_id == assignment_id]
    return paged(request, "BonusPayments", [shown_bonus(one) for one in found])


def shown_bonus(one: Bonus) -> dict[str, object]:
    return {
        "WorkerId": one.worker_id,
        "BonusAmount": dollars(one.amount),
        "AssignmentId": one.assignment_id,
        "Reason": one.reason,
        "GrantTime": one.granted,
    }


OPERATIONS = {
    "ListAssignmentsForHIT": listed,
    "GetAssignment": get,
    "ApproveAssignment": approve,
    "RejectAssignment": reject,
    "SendBonus": send_bonus,
    "ListBonusPayments": bonuses,
}
