"""What Mechanical Turk tells unasked, as it comes out of a queue: twice, late, in any order, or never. Makes no call.

So an event is only a hint to look at the posting now: what it says is never written down as a fact.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from backend.crowd.protocol import Refused

if TYPE_CHECKING:  # stubs: there is nothing to import when it runs
    from types_boto3_mturk.literals import EventTypeType
    from types_boto3_mturk.type_defs import NotificationSpecificationTypeDef

# Amazon's page on notifications names this version, its description of the API an older one.
VERSION = "2014-08-15"
WATCHED: Final[tuple["EventTypeType", ...]] = (
    "AssignmentAccepted",
    "AssignmentAbandoned",
    "AssignmentReturned",
    "AssignmentSubmitted",
    "HITExpired",
    "HITReviewable",
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something has happened to a posting. id: the same one when it is told again."""

    id: str
    kind: str
    posting_id: str | None
    submission_id: str | None
    at: datetime


def notification(queue: str) -> "NotificationSpecificationTypeDef":
    """What to ask for: the events that change what is to be done. queue: an SQS queue's address."""
    return {"Destination": queue, "Transport": "SQS", "Version": VERSION, "EventTypes": list(WATCHED)}


def events(body: str) -> Iterator[Event]:
    """The events of one message. Raises Refused if it is none of MTurk's."""
    try:
        document = json.loads(body)
        for number, told in enumerate(document["Events"]):
            yield Event(
                id=f"{document['EventDocId']}-{number}",
                kind=str(told["EventType"]),
                posting_id=told.get("HITId"),
                submission_id=told.get("AssignmentId"),
                at=datetime.fromisoformat(told["EventTimestamp"]),
            )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused("This message is not a notification of Mechanical Turk's.") from None
