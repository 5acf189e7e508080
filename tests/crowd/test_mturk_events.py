"""Notifications are hints: twice, late or missing ones change nothing, for the posting itself is read."""

import json

import pytest

from backend.crowd.mturk import MTurk
from backend.crowd.mturk_events import events
from backend.crowd.protocol import Refused
from backend.simulator.mturk import notifications, workers
from backend.simulator.mturk.faults import Delivery
from backend.simulator.mturk.market import Market
from tests.crowd.hits import POSTING, done

QUEUE = "https://queue.example.org/123/assay"


def test_a_watched_posting_tells_what_becomes_of_it(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(POSTING).id
    done(market, hit_id, "AWORKER1")
    assert market.queue == []
    mturk.watch(hit_id, queue=QUEUE)
    workers.give_back(market, workers.accept(market, "AWORKER2", hit_id).id)
    told = [event for body in market.queue for event in events(body)]
    assert [event.kind for event in told] == ["AssignmentAccepted", "AssignmentReturned"]
    assert {event.posting_id for event in told} == {hit_id}
    assert market.watches[market.hits[hit_id].type.id].destination == QUEUE


@pytest.mark.parametrize("delivery", Delivery)
def test_however_notifications_arrive_each_submission_is_found_and_paid_once(
    mturk: MTurk, market: Market, delivery: Delivery
) -> None:
    hit_id = mturk.publish(POSTING).id
    mturk.watch(hit_id, queue=QUEUE)
    market.faults.delivery = delivery
    for number in range(3):
        done(market, hit_id, f"AWORKER{number}")
    notifications.release(market)
    hinted = {event.posting_id for body in market.queue for event in events(body)}
    assert hinted == (set() if delivery is Delivery.NEVER else {hit_id})
    for posting_id in [*hinted, hit_id]:  # polling looks at it whether or not there was a hint
        for one in mturk.submissions(posting_id):
            mturk.approve(one.id)
    assert market.balance == 100_000 - 3 * 30


def test_a_repeated_event_has_the_same_id_and_two_events_have_two(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(POSTING).id
    mturk.watch(hit_id, queue=QUEUE)
    market.faults.delivery = Delivery.TWICE
    done(market, hit_id)
    assert len(market.queue) == 4
    assert len({event.id for body in market.queue for event in events(body)}) == 2


def test_late_events_come_in_another_order_and_keep_their_times(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(POSTING).id
    mturk.watch(hit_id, queue=QUEUE)
    market.faults.delivery = Delivery.LATE
    done(market, hit_id)
    assert market.queue == []
    notifications.release(market)
    told = [event for body in market.queue for event in events(body)]
    assert [event.kind for event in told] == ["AssignmentSubmitted", "AssignmentAccepted"]
    assert told[0].at >= told[1].at


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", "null", '{"Events": [{}]}', json.dumps({"EventDocId": "x", "Events": ["?"]})]
)
def test_a_message_that_is_no_notification_is_refused(body: str) -> None:
    with pytest.raises(Refused, match="not a notification"):
        list(events(body))
