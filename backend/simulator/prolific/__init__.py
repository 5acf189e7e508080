"""A server that speaks Prolific's HTTP interface, with participants that a test or a rehearsal moves about."""

from backend.simulator.prolific.events import Delivery, Subscription
from backend.simulator.prolific.faults import Fault, When
from backend.simulator.prolific.participants import Participants, TooLate, Unwelcome
from backend.simulator.prolific.server import Simulator
from backend.simulator.prolific.state import Account, Bonus, Fees, Person, Study, Work

__all__ = [
    "Account",
    "Bonus",
    "Delivery",
    "Fault",
    "Fees",
    "Participants",
    "Person",
    "Simulator",
    "Study",
    "Subscription",
    "TooLate",
    "Unwelcome",
    "When",
    "Work",
]
