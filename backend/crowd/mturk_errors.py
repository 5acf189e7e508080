"""What goes wrong when Mechanical Turk is called, as the errors of backend.crowd.protocol. Knows no operation.

botocore says only RequestError or ServiceFault; the reason is in the answer's TurkErrorCode. The error tree:
Declined (a Refused that keeps the vendor's code) · NoMoney · NotAllowed · Unreachable.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from backend.crowd.protocol import CrowdError, NoMoney, NotAllowed, Refused, Unreachable

VENDOR = "Mechanical Turk"
PREFIX = "AWS.MechanicalTurk."
NOT_ALLOWED = frozenset(
    {
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
        "AWS.NotAuthorized",
        "AWS.BadClaimsSupplied",
    }
)
BUSY = ("Throttl", "ServiceUnavailable", "RequestLimitExceeded", "TooManyRequests", "ServiceFault")


class Declined(Refused):
    """MTurk will not do it. code: its TurkErrorCode without the prefix, such as InvalidAssignmentState."""

    def __init__(self, code: str, message: str, *, by: str = VENDOR) -> None:
        super().__init__(f"{by} refused: {message}")
        self.code = code
        self.said = message


@contextmanager
def translated(by: str = VENDOR) -> Iterator[None]:
    """Calls in this block raise the protocol's errors. by: who answers, as the errors call it."""
    try:
        yield
    except ClientError as error:
        raise of_answer(error, by) from error
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as error:
        raise NotAllowed(f"{by} needs an access key and its secret, and has none.") from error
    except ParamValidationError as error:
        raise Refused(f"This can't be said to {by}: {error}") from error
    except (BotoCoreError, ResponseParserError) as error:
        raise Unreachable(f"{by} gave no answer that can be read: {error}") from error


def of_answer(error: ClientError, by: str = VENDOR) -> CrowdError:
    """The error that an answer of the vendor's stands for."""
    said = error.response
    kind, message = said["Error"].get("Code", ""), said["Error"].get("Message", "") or str(said.get("Message", ""))
    code = str(said.get("TurkErrorCode", kind)).removeprefix(PREFIX)
    if said["ResponseMetadata"]["HTTPStatusCode"] >= 500 or any(word in code for word in BUSY):
        return Unreachable(f"{by} is busy or failing ({code}); it may have acted.")
    if code in NOT_ALLOWED:
        return NotAllowed(f"{by} does not take these credentials, or this machine's clock: {message}")
    if code == "InsufficientFunds":
        return NoMoney("The Mechanical Turk account can't pay for this; nothing was spent.")
    return Declined(code, message, by=by)
