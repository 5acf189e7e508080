"""What happens by itself as time goes by: HITs expire, unfinished assignments are abandoned, waiting ones approved."""

from datetime import timedelta

from backend.simulator.mturk import assignments, notifications
from backend.simulator.mturk.market import Assignment, Market, State


def advance(market: Market, duration: timedelta) -> None:
    """Let so much time go by."""
    with market.lock:
        market.passed += duration
        settle(market)


def settle(market: Market) -> None:
    """Everything that is due by now has happened; looked at once in each second of the market's."""
    now = market.now()
    if market.settled == now:
        return
    market.settled = now
    for one in market.assignments.values():
        if one.state is State.WORKING and now > one.deadline:
            one.state = State.ABANDONED
            notifications.tell(market, "AssignmentAbandoned", one.hit, one.id)
        elif is_due(market, one):
            assignments.pay(market, one)
    for hit in market.hits.values():
        if hit.expires <= now and not hit.is_told_expired:
            hit.is_told_expired = True
            notifications.tell(market, "HITExpired", hit)


def is_due(market: Market, one: Assignment) -> bool:
    """Whether it has waited for approval until the requester's time for it was over, and can be paid."""
    if one.state is not State.SUBMITTED or one.submitted is None or one.hit.cost > market.balance:
        return False
    return market.now() >= one.submitted + one.hit.type.approved_after
