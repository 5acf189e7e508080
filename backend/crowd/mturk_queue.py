"""The SQS queue that Mechanical Turk puts its notifications into, as Notices. It belongs to the same account.

Any other address that speaks SQS's JSON protocol will do as well: calls go to the host of the queue's own address.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol, TypedDict
from urllib.parse import urlsplit

import boto3

from backend.crowd import mturk
from backend.crowd.mturk import MTurk
from backend.crowd.mturk_account import REGION, Account, config_of
from backend.crowd.mturk_errors import translated
from backend.crowd.mturk_events import events
from backend.crowd.notices import Notice
from backend.crowd.protocol import Refused

GIVEN_BACK: Final = frozenset({"AssignmentReturned", "AssignmentAbandoned"})
NAME: Final = "The queue of Mechanical Turk's notifications"
AT_ONCE = 10
# A queue that never gets empty holds no round up.
MOST_READS = 100


class Message(TypedDict):
    """A message as SQS gives it out."""

    Body: str
    ReceiptHandle: str


class Received(TypedDict, total=False):
    """What one read brought; an empty queue has no Messages."""

    Messages: list[Message]


class Client(Protocol):
    """What is used of boto3's client for SQS, whose types come with another package."""

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int, WaitTimeSeconds: int) -> Received: ...

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> object: ...

    def close(self) -> None: ...


def connect(account: Account, url: str, *, attempts: int = 3, timeout: float = 30) -> "Queue":
    """An account's queue at this address. attempts, timeout: as for mturk.connect. Raises NotAllowed as it does."""
    crowd, address = mturk.connect(account, attempts=attempts, timeout=timeout), urlsplit(url)
    client: Client = boto3.client(
        "sqs",
        region_name=REGION,
        endpoint_url=f"{address.scheme}://{address.netloc}",
        aws_access_key_id=account.access_key,
        aws_secret_access_key=account.secret_key,
        aws_session_token=account.session_token,
        config=config_of(attempts=attempts, timeout=timeout),
    )
    return Queue(client, url, crowd)


@dataclass(frozen=True)
class Queue:
    """The queue at an address, and the crowd that is asked to use it."""

    client: Client
    url: str
    crowd: MTurk

    def watch(self, posting_id: str) -> None:
        """Have this posting's events, and those of all of its HIT type, put here."""
        self.crowd.watch(posting_id, queue=self.url)

    def read(self) -> Iterator[Notice]:
        """What waits, until there is nothing more. Raises Refused at the end for messages that are no notifications;
        they stay, for they may be somebody else's.
        """
        strange = 0
        for message in self.messages():
            try:
                yield notice(message)
            except Refused:
                strange += 1
        if strange:
            raise Refused(f"{NAME} holds what is no notification of Mechanical Turk's: {strange} messages, left there.")

    def messages(self) -> Iterator[Message]:
        for _ in range(MOST_READS):
            with translated(NAME):
                found = self.client.receive_message(
                    QueueUrl=self.url, MaxNumberOfMessages=AT_ONCE, WaitTimeSeconds=0
                ).get("Messages", [])
            if not found:
                return
            yield from found

    def done(self, receipt: str) -> None:
        with translated(NAME):
            self.client.delete_message(QueueUrl=self.url, ReceiptHandle=receipt)

    def close(self) -> None:
        """Let go of the connections."""
        self.client.close()
        self.crowd.client.close()


def notice(message: Message) -> Notice:
    """A message in our words. Raises Refused if it is none of MTurk's."""
    told = [one for one in events(message["Body"]) if one.kind in GIVEN_BACK]
    ids = tuple((one.posting_id, one.submission_id, one.at) for one in told if one.posting_id and one.submission_id)
    return Notice(message["ReceiptHandle"], ids)
