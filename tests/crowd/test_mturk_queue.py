"""The queue of notifications at the simulator: what goes wrong with it is said by the queue's own name."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError

from backend.crowd import mturk_queue
from backend.crowd.mturk_account import REGION, Account
from backend.crowd.mturk_queue import MOST_READS, Queue
from backend.crowd.protocol import NotAllowed, Refused, Unreachable
from backend.simulator.mturk.faults import Fault
from backend.simulator.mturk.market import Market
from backend.simulator.mturk.server import Server


@pytest.fixture
def queue(account: Account, server: Server) -> Iterator[Queue]:
    made = mturk_queue.connect(account, server.queue_url, attempts=1)
    yield made
    made.close()


def test_an_empty_queue_has_nothing_to_tell(queue: Queue) -> None:
    assert list(queue.read()) == []


def test_an_account_without_a_secret_has_no_queue(server: Server) -> None:
    with pytest.raises(NotAllowed, match="needs an access key and its secret"):
        mturk_queue.connect(Account("AKID", "", endpoint_url=server.url), server.queue_url)


def test_wrong_credentials_are_said_of_the_queue(account: Account, server: Server) -> None:
    other = mturk_queue.connect(Account(account.access_key, "another secret"), server.queue_url, attempts=1)
    with pytest.raises(NotAllowed, match="The queue of Mechanical Turk's notifications does not take these"):
        list(other.read())
    other.close()


def test_what_fails_for_a_moment_is_tried_again(account: Account, server: Server, market: Market) -> None:
    made = mturk_queue.connect(account, server.queue_url, attempts=2)
    market.faults.plan("ReceiveMessage", Fault.BEFORE_ACTING)
    assert list(made.read()) == []
    made.close()


def test_throttling_is_no_answer(queue: Queue, market: Market) -> None:
    market.faults.plan("DeleteMessage", Fault.THROTTLED)
    with pytest.raises(Unreachable, match="is busy or failing"):
        queue.done("any")


def test_a_queue_that_never_gets_empty_ends_a_read_all_the_same(queue: Queue, market: Market) -> None:
    market.queue += ["?"] * (10 * MOST_READS + 1)
    with pytest.raises(Refused, match="1000 messages, left there"):
        list(queue.read())
    assert len(market.queue) == 1


def test_the_queue_gives_out_ten_at_most_and_does_nothing_else(queue: Queue, account: Account, server: Server) -> None:
    with pytest.raises(ClientError, match="from 1 to 10"):
        queue.client.receive_message(QueueUrl=server.queue_url, MaxNumberOfMessages=11, WaitTimeSeconds=0)
    client = boto3.client(
        "sqs",
        region_name=REGION,
        endpoint_url=server.url,
        aws_access_key_id=account.access_key,
        aws_secret_access_key=account.secret_key,
    )
    with pytest.raises(ClientError, match="does not know how to PurgeQueue"):
        client.purge_queue(QueueUrl=server.queue_url)
    client.close()
