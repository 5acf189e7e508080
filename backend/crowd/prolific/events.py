"""Prolific's notifications, believed only if they are signed over the bytes that came. A hint to go and read, no fact.

The signature covers the timestamp and the body, and not the event's id: whoever overhears a notification can send it
again under another id while it is fresh. So what follows an event must be what reading the vendor again would give.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backend.crowd.http import read
from backend.crowd.protocol import Refused

FRESH = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Event:
    """Something changed. id: the same on every delivery of it. status: as the vendor calls it, if it says so.

    happened: for ordering events of one resource, since they may come in any order.
    """

    id: str
    kind: str
    resource_id: str
    status: str | None
    happened: str


def signature(secret: str, timestamp: str, raw_body: bytes) -> str:
    """base64(HMAC-SHA256(secret, timestamp + body)), as the vendor's page on verifying says."""
    return base64.b64encode(hmac.digest(secret.encode(), timestamp.encode() + raw_body, hashlib.sha256)).decode()


def read_event(
    headers: Mapping[str, str], raw_body: bytes, secret: str, now: datetime, *, fresh: timedelta = FRESH
) -> Event:
    """A notification, verified. Raises Refused for what is unsigned, forged, stale, from the future or senseless."""
    given = {name.lower(): value for name, value in headers.items()}
    timestamp = given.get("x-prolific-request-timestamp", "")
    expected = signature(secret, timestamp, raw_body)
    if not secret or not hmac.compare_digest(expected.encode(), given.get("x-prolific-request-signature", "").encode()):
        raise Refused("This notification is not signed with the secret of this account.")
    sent_at = moment(timestamp)
    if abs(now - sent_at) > fresh:
        raise Refused(f"This notification was sent at {sent_at:%H:%M:%S} and it is {now:%H:%M:%S}: too far apart.")
    body, event_id = read(raw_body), given.get("x-event-id", "")
    kind, resource = body.text_or_none("event_type"), body.text_or_none("resource_id")
    if not event_id or kind is None or resource is None:
        raise Refused("This notification lacks its id, its kind or what it is about.")
    return Event(event_id, kind, resource, body.text_or_none("status"), given.get("x-timestamp", timestamp))


def moment(timestamp: str) -> datetime:
    """A UNIX time in whole seconds."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 11):
        raise Refused("This notification's timestamp is no time.")
    return datetime.fromtimestamp(int(timestamp), UTC)
