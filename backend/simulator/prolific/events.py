"""Notifications: signed, and delivered over a real socket as often, as late and in whatever order a test wants."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPConnection
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that waits to be delivered; the same id each time it is."""

    id: str
    kind: str
    resource_id: str
    status: str
    happened: datetime

    def body(self) -> bytes:
        return json.dumps({"event_type": self.kind, "resource_id": self.resource_id, "status": self.status}).encode()


@dataclass
class Subscription:
    """Where events go. now: the vendor's clock. A test may reorder, drop or double what waits before it is sent."""

    url: str
    secret: str
    now: Callable[[], datetime]
    waiting: list[Delivery] = field(default_factory=list)
    made: int = 0

    def hear(self, kind: str, resource_id: str, status: str) -> None:
        """Something changed."""
        self.made += 1
        self.waiting.append(Delivery(f"event-{self.made}", kind, resource_id, status, self.now()))

    def deliver(
        self,
        mangle: Callable[[list[Delivery]], Sequence[Delivery]] = lambda waiting: waiting,
        *,
        skew: timedelta = timedelta(0),
    ) -> list[int]:
        """Send what waits; the statuses that the receiver answered. skew: how wrong the sender's clock is."""
        sending, self.waiting = mangle(self.waiting), []
        return [self.send(delivery, skew=skew) for delivery in sending]

    def send(self, delivery: Delivery, *, skew: timedelta = timedelta(0)) -> int:
        """One delivery, signed."""
        parts, body = urlsplit(self.url), delivery.body()
        timestamp = str(int((self.now() + skew).timestamp()))
        digest = hmac.new(self.secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()
        connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=10)
        headers = {
            "Content-Type": "application/json",
            "X-Prolific-Request-Timestamp": timestamp,
            "X-Prolific-Request-Signature": base64.b64encode(digest).decode(),
            "X-Event-ID": delivery.id,
            "X-Timestamp": str(int(delivery.happened.timestamp() * 1_000_000)),
        }
        try:
            connection.request("POST", parts.path or "/", body, headers)
            return connection.getresponse().status
        finally:
            connection.close()
