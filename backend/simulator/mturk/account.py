"""The requester's account: its balance, letters to workers, and workers it will not see again."""

from backend.simulator.mturk.market import Market, Message, dollars
from backend.simulator.mturk.paging import paged
from backend.simulator.mturk.wire import Answer, Request, RequestError

MOST_ADDRESSEES = 100
LONGEST_SUBJECT = 200
LONGEST_TEXT = 4096


def balance(market: Market, request: Request) -> Answer:
    return {"AvailableBalance": dollars(market.available()), "OnHoldBalance": dollars(market.on_hold())}


def notify(market: Market, request: Request) -> Answer:
    """Letters go to workers who have worked for this requester; the others are listed as failures."""
    subject, text, addressees = request.text("Subject"), request.text("MessageText"), request.texts("WorkerIds")
    if not 1 <= len(addressees) <= MOST_ADDRESSEES:
        raise RequestError("ParameterValidationError", f"WorkerIds has 1 to {MOST_ADDRESSEES} ids.")
    if len(subject) > LONGEST_SUBJECT or len(text) > LONGEST_TEXT:
        raise RequestError("ParameterValidationError", "The subject or the text is too long.")
    known = {one.worker_id for hit in market.hits.values() for one in hit.assignments}
    market.messages += [Message(one, subject, text) for one in addressees if one in known]
    return {"NotifyWorkersFailureStatuses": [failure(one) for one in addressees if one not in known]}


def failure(worker_id: str) -> dict[str, object]:
    return {
        "NotifyWorkersFailureCode": "HardFailure",
        "NotifyWorkersFailureMessage": f"Worker {worker_id} has not done work for you.",
        "WorkerId": worker_id,
    }


def block(market: Market, request: Request) -> Answer:
    market.blocks[request.text("WorkerId")] = request.text("Reason")
    return {}


def unblock(market: Market, request: Request) -> Answer:
    market.blocks.pop(request.text("WorkerId"), None)
    return {}


def blocks(market: Market, request: Request) -> Answer:
    rows: list[dict[str, object]] = [{"WorkerId": one, "Reason": why} for one, why in market.blocks.items()]
    return paged(request, "WorkerBlocks", rows)


OPERATIONS = {
    "GetAccountBalance": balance,
    "NotifyWorkers": notify,
    "CreateWorkerBlock": block,
    "DeleteWorkerBlock": unblock,
    "ListWorkerBlocks": blocks,
}
