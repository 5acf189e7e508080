"""The queue that notifications end in, as SQS's JSON protocol shows it. Knows no HIT: a message is a text.

Who receives a message hides it from others for a while; if it isn't deleted by then, it comes again.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from botocore.model import OperationNotFoundError, ServiceModel

from backend.simulator.mturk import requester, wire
from backend.simulator.mturk.market import Market
from backend.simulator.mturk.passing import settle
from backend.simulator.mturk.requester import Denied, Fallen
from backend.simulator.mturk.wire import Answer, Request, RequestError

TARGET = "AmazonSQS."
ERROR = "com.amazonaws.sqs#"
PATH = "/000000000000/notifications"
AT_ONCE = range(1, 11)
HIDDEN_FOR = timedelta(seconds=30)


def answer(market: Market, model: ServiceModel, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    """Status and body of what SQS would say. headers: by their names in small letters. Raises CutOff."""
    name = headers.get("x-amz-target", "").removeprefix(TARGET)
    try:
        requester.authenticate(market, url, headers, body, service="sqs")
        operation = model.operation_model(name)
        request = wire.request(operation, body)
        with market.lock:
            settle(market)
            return 200, wire.response(operation, requester.acted(market, name, request, OPERATIONS))
    except Denied as denied:
        return 400, json.dumps({"__type": denied.kind, "message": str(denied)}).encode()
    except OperationNotFoundError:
        return 400, json.dumps({"__type": "UnknownOperationException"}).encode()
    except RequestError as error:
        return 400, json.dumps({"__type": f"{ERROR}{error.code}", "message": str(error)}).encode()
    except Fallen as fallen:
        return 500, json.dumps({"__type": f"{ERROR}InternalFailure", "message": str(fallen)}).encode()


def receive(market: Market, request: Request) -> Answer:
    """Some messages, hidden from now on. What was hidden long enough comes again, after the others."""
    find(request)
    most = request.integer("MaxNumberOfMessages", 1)
    if most not in AT_ONCE:
        raise RequestError("InvalidParameterValue", "MaxNumberOfMessages is from 1 to 10.")
    now = market.now()
    for handle, (text, until) in list(market.hidden.items()):
        if until <= now:
            del market.hidden[handle]
            market.queue.append(text)
    taken, market.queue[:] = market.queue[:most], market.queue[most:]
    given = [(market.new_id("receipt"), text) for text in taken]
    market.hidden |= {handle: (text, now + HIDDEN_FOR) for handle, text in given}
    market.receipts |= {handle for handle, _ in given}
    return {"Messages": [shown(handle, text) for handle, text in given]} if given else {}


def shown(handle: str, text: str) -> dict[str, object]:
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return {"MessageId": handle.lower(), "ReceiptHandle": handle, "MD5OfBody": digest, "Body": text}


def delete(market: Market, request: Request) -> Answer:
    """Gone for good, unless it is back in the queue already: then this is no error, and it comes again."""
    find(request)
    handle = request.text("ReceiptHandle")
    if handle not in market.receipts:
        raise RequestError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
    market.hidden.pop(handle, None)
    return {}


def find(request: Request) -> None:
    """Raises RequestError for any queue but the one there is."""
    if urlsplit(request.text("QueueUrl")).path != PATH:
        raise RequestError("QueueDoesNotExist", "The specified queue does not exist.")


OPERATIONS = {"ReceiveMessage": receive, "DeleteMessage": delete}
