"""Everything the stand-in remembers, in memory: workers, HITs, their assignments, and one requester's money.

Knows no protocol. One lock guards it all: whatever reads and then changes it does so while holding `market.lock`.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from threading import RLock

from backend.simulator.mturk import fees
from backend.simulator.mturk.faults import Faults
from backend.simulator.mturk.wire import RequestError


class State(StrEnum):
    """What has become of an assignment; MTurk's lists know the last three alone."""

    WORKING = "Working"
    RETURNED = "Returned"
    ABANDONED = "Abandoned"
    SUBMITTED = "Submitted"
    APPROVED = "Approved"
    REJECTED = "Rejected"


@dataclass
class Worker:
    """Somebody who looks for work. approved, rejected: earlier assignments, of all requesters."""

    id: str
    country: str = "US"
    approved: int = 1000
    rejected: int = 0
    is_master: bool = False

    @property
    def approval(self) -> int:
        """Per cent of assignments that were approved; 100 for a beginner."""
        judged = self.approved + self.rejected
        return 100 * self.approved // judged if judged else 100


@dataclass(frozen=True, slots=True)
class Requirement:
    """One qualification that a HIT type asks for."""

    type_id: str
    comparator: str
    numbers: tuple[int, ...] = ()
    countries: tuple[str, ...] = ()
    guards: str = "Accept"


@dataclass(frozen=True, slots=True)
class HitType:
    """What many HITs have in common. reward: cents."""

    id: str
    title: str
    description: str
    keywords: str
    reward: int
    time_allowed: timedelta
    approved_after: timedelta
    requirements: tuple[Requirement, ...]


@dataclass(eq=False)
class Hit:
    """One piece of work, offered to as many workers as it has assignments. shown: the expiry that stale reads show."""

    id: str
    type: HitType
    created: datetime
    expires: datetime
    shown: datetime
    places: int
    made_with: int
    question: str
    annotation: str
    masters: bool
    is_deleted: bool = False
    is_told_expired: bool = False
    assignments: list["Assignment"] = field(default_factory=list, repr=False)

    @property
    def cost(self) -> int:
        """Reward and fee of one assignment, in cents."""
        return self.type.reward + fees.of_reward(self.type.reward, assignments=self.made_with, masters=self.masters)


@dataclass(eq=False)
class Assignment:
    """One worker's go at a HIT. id: whoever accepts the place after it was left gets the same one."""

    id: str
    hit: Hit
    worker_id: str
    accepted: datetime
    deadline: datetime
    state: State = State.WORKING
    submitted: datetime | None = None
    judged: datetime | None = None
    feedback: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Bonus:
    """Money on top. amount: cents, without the fee."""

    worker_id: str
    assignment_id: str
    hit_id: str
    amount: int
    reason: str
    granted: datetime


@dataclass
class QualificationType:
    """A group of workers of the requester's own making, with a score each."""

    id: str
    name: str
    description: str
    created: datetime
    scores: dict[str, tuple[int, datetime]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A letter of the requester's to one worker."""

    worker_id: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Watch:
    """Where a HIT type's events go, and which."""

    destination: str
    events: frozenset[str]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Market:
    """One requester's account and everything around it. balance: cents. insecure: whether http addresses are taken.

    assignments: by id, the last one that has it.
    """

    balance: int = 1_000_000
    sandbox: bool = True
    insecure: bool = True
    access_key: str = "AKIDSIMULATED"
    secret_key: str = "a secret of the simulator's"
    clock: Callable[[], datetime] = utc_now
    passed: timedelta = timedelta()
    lock: RLock = field(default_factory=RLock)
    faults: Faults = field(default_factory=Faults)
    workers: dict[str, Worker] = field(default_factory=dict)
    blocks: dict[str, str] = field(default_factory=dict)
    hit_types: dict[str, HitType] = field(default_factory=dict)
    hits: dict[str, Hit] = field(default_factory=dict)
    assignments: dict[str, Assignment] = field(default_factory=dict)
    bonuses: list[Bonus] = field(default_factory=list)
    qualification_types: dict[str, QualificationType] = field(default_factory=dict)
    tokens: dict[tuple[str, str], tuple[str, datetime]] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    watches: dict[str, Watch] = field(default_factory=dict)
    queue: list[str] = field(default_factory=list)
    hidden: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    receipts: set[str] = field(default_factory=set)
    held_back: list[str] = field(default_factory=list)
    settled: datetime | None = None
    made: int = 0

    def now(self) -> datetime:
        """The market's time, in whole seconds as MTurk tells it."""
        return (self.clock() + self.passed).replace(microsecond=0)

    def new_id(self, noun: str) -> str:
        """An id as MTurk's look: thirty capitals and digits, the same ones in every run."""
        self.made += 1
        digest = hashlib.sha256(f"{noun} {self.made}".encode()).digest()
        return "3" + base64.b32encode(digest).decode()[:29]

    def hit(self, hit_id: str) -> Hit:
        hit = self.hits.get(hit_id)
        if hit is None or hit.is_deleted:
            raise RequestError("HITDoesNotExist", f"Hit {hit_id} does not exist.")
        return hit

    def assignment(self, assignment_id: str) -> Assignment:
        """An assignment that its requester may see: one that was submitted."""
        found = self.assignments.get(assignment_id)
        if found is None or found.submitted is None:
            raise RequestError("AssignmentDoesNotExist", f"Assignment {assignment_id} does not exist.")
        return found

    def of_hit(self, hit: Hit, *states: State) -> list[Assignment]:
        """A HIT's assignments in these states, in the order of acceptance."""
        return [one for one in hit.assignments if one.state in states]

    def places_left(self, hit: Hit) -> int:
        """How many more workers could accept it, were it not expired."""
        taken = self.of_hit(hit, State.WORKING, State.SUBMITTED, State.APPROVED, State.REJECTED)
        return hit.places - len(taken)

    def on_hold(self) -> int:
        """Cents that published work may still cost: places on offer, and work that is not judged yet."""
        return sum(self.held_for(hit) for hit in self.hits.values() if not hit.is_deleted)

    def held_for(self, hit: Hit) -> int:
        open_places = self.places_left(hit) if hit.expires > self.now() else 0
        return hit.cost * (open_places + len(self.of_hit(hit, State.WORKING, State.SUBMITTED)))

    def available(self) -> int:
        return self.balance - self.on_hold()

    def needs(self, cents: int) -> None:
        """Raises RequestError unless so much can be spent now."""
        if cents > self.available():
            raise RequestError(
                "InsufficientFunds",
                f"This Requester has insufficient funds in their account to complete this transaction: "
                f"it needs {dollars(cents)} and has {dollars(self.available())}.",
            )


def dollars(cents: int) -> str:
    """Money as the protocol writes it."""
    return f"{cents // 100}.{cents % 100:02}"
