"""One call of a requester's, from its headers and body to status and answer: signature, model, faults, operation."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.model import OperationNotFoundError, ServiceModel

from backend.simulator.mturk import account, assignments, hits, notifications, qualifications, wire
from backend.simulator.mturk.faults import Fault
from backend.simulator.mturk.market import Market
from backend.simulator.mturk.passing import settle
from backend.simulator.mturk.wire import Answer, Request, RequestError

Operation = Callable[[Market, Request], Answer]
OPERATIONS: dict[str, Operation] = {
    **account.OPERATIONS,
    **assignments.OPERATIONS,
    **hits.OPERATIONS,
    **notifications.OPERATIONS,
    **qualifications.OPERATIONS,
}
SKEW = timedelta(minutes=5)
REGION = "us-east-1"


class Denied(Exception):
    """The request is not from this requester. kind: the error's type on the wire."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def answer(market: Market, model: ServiceModel, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    """Status and body of what MTurk would say. headers: by their names in small letters. Raises CutOff."""
    name = headers.get("x-amz-target", "").removeprefix(wire.TARGET)
    try:
        authenticate(market, url, headers, body)
        operation = model.operation_model(name)
        request = wire.request(operation, body)
        with market.lock:
            settle(market)
            return 200, wire.response(operation, acted(market, name, request))
    except Denied as denied:
        return 400, json.dumps({"__type": denied.kind, "message": str(denied)}).encode()
    except OperationNotFoundError:
        return 400, json.dumps({"__type": "UnknownOperationException"}).encode()
    except RequestError as error:
        return 400, failure("RequestError", error.code, str(error))
    except Fallen as fallen:
        return 500, failure("ServiceFault", "ServiceFault", str(fallen))


class Fallen(Exception):
    """The vendor fails, before or after it has acted."""


class CutOff(Exception):
    """The connection breaks off after the vendor has acted."""


def acted(market: Market, name: str, request: Request, operations: Mapping[str, Operation] = OPERATIONS) -> Answer:
    """What the operation answers, unless a fault is switched on for it."""
    if name not in operations:
        raise RequestError("NotSimulated", f"The simulator does not know how to {name}.")
    match market.faults.next(name):
        case Fault.THROTTLED:
            raise Denied("ThrottlingException", "Rate exceeded")
        case Fault.NO_MONEY:
            raise RequestError("InsufficientFunds", "This Requester has insufficient funds in their account.")
        case Fault.BEFORE_ACTING:
            raise Fallen("The service failed.")
        case Fault.AFTER_ACTING:
            operations[name](market, request)
            raise Fallen("The service failed.")
        case Fault.CUT_OFF:
            operations[name](market, request)
            raise CutOff
    return operations[name](market, request)


def failure(kind: str, code: str, message: str) -> bytes:
    fields = {"__type": kind, "Message": message, "TurkErrorCode": f"AWS.MechanicalTurk.{code}"}
    return json.dumps(fields).encode()


def authenticate(
    market: Market, url: str, headers: Mapping[str, str], body: bytes, *, service: str = "mturk-requester"
) -> None:
    """Raises Denied unless the request is signed with the account's key, not long ago by the market's clock."""
    if market.faults.credentials_expired:
        raise Denied("ExpiredTokenException", "The security token included in the request is expired")
    given = headers.get("authorization", "")
    if f"Credential={market.access_key}/" not in given:
        raise Denied("UnrecognizedClientException", "The security token included in the request is invalid.")
    stamp = headers.get("x-amz-date", "")
    if signature(market, url, headers, body, service) != given.rpartition("Signature=")[2]:
        raise Denied("InvalidSignatureException", "The request signature we calculated does not match yours.")
    signed_at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    here = datetime.now(UTC) + market.faults.skew
    if abs(here - signed_at) > SKEW:
        raise Denied("InvalidSignatureException", f"Signature expired: {stamp} is not near {here:%Y%m%dT%H%M%SZ}")


def signature(market: Market, url: str, headers: Mapping[str, str], body: bytes, service: str) -> str:
    """The signature (AWS version 4) that this request has if it is signed with the account's secret."""
    authorization = headers.get("authorization", "")
    names = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    signer = SigV4Auth(Credentials(market.access_key, market.secret_key), service, REGION)
    request = AWSRequest("POST", url, {name: headers.get(name, "") for name in names}, body)
    request.context["timestamp"] = headers.get("x-amz-date", "")
    return str(signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request))
