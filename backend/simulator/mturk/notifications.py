"""What MTurk tells a requester unasked. Events end in `market.queue`, as bodies of messages."""

import json

from backend.simulator.mturk.faults import Delivery
from backend.simulator.mturk.market import Hit, Market, Watch
from backend.simulator.mturk.wire import Answer, Request, RequestError

VERSION = "2014-08-15"


def tell(market: Market, event: str, hit: Hit, assignment_id: str | None = None) -> None:
    """Put an event into the queue, if somebody watches the HIT's type for it."""
    watch = market.watches.get(hit.type.id)
    if watch is not None and event in watch.events:
        ids = {"HITTypeId": hit.type.id, "HITId": hit.id}
        deliver(market, body(market, event, ids | ({"AssignmentId": assignment_id} if assignment_id else {})))


def body(market: Market, event: str, ids: dict[str, str]) -> str:
    what = {"EventType": event, "EventTimestamp": market.now().strftime("%Y-%m-%dT%H:%M:%SZ"), **ids}
    document = {
        "EventDocVersion": VERSION,
        "EventDocId": market.new_id("event").lower(),
        "CustomerId": "A1SIMULATEDREQUESTER",
        "Events": [what],
    }
    return json.dumps(document)


def deliver(market: Market, message: str) -> None:
    match market.faults.delivery:
        case Delivery.ONCE:
            market.queue.append(message)
        case Delivery.TWICE:
            market.queue += [message, message]
        case Delivery.LATE:
            market.held_back.append(message)
        case Delivery.NEVER:
            pass


def release(market: Market) -> None:
    """Late notifications arrive, the newest first."""
    with market.lock:
        market.queue += reversed(market.held_back)
        market.held_back.clear()


def update(market: Market, request: Request) -> Answer:
    type_id = request.text("HITTypeId")
    if type_id not in market.hit_types:
        raise RequestError("HITTypeDoesNotExist", f"HITType {type_id} does not exist.")
    notification = request.part("Notification")
    if notification is None or request.fields.get("Active") is False:
        market.watches.pop(type_id, None)
    else:
        market.watches[type_id] = Watch(notification.text("Destination"), frozenset(notification.texts("EventTypes")))
    return {}


def test(market: Market, request: Request) -> Answer:
    deliver(market, body(market, request.text("TestEventType"), {}))
    return {}


OPERATIONS = {"UpdateNotificationSettings": update, "SendTestEventNotification": test}
