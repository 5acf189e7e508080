"""What a Prolific account holds: studies, submissions, bonuses, groups, money. All in memory, under one lock.

Money is in whole minor units. A study reserves the cost of every place that may still have to be paid; what a
submission or a bonus costs leaves the balance in the moment it is paid, with fees.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil
from threading import RLock

from backend.crowd.http import Json

RESERVATION = timedelta(minutes=10)
# Work for which nothing has been paid and for which something may have to be.
OPEN = frozenset({"RESERVED", "ACTIVE", "AWAITING REVIEW"})
# A place comes free again when somebody gives it back, runs out of time or is screened out.
HOLDS_A_PLACE = OPEN | {"APPROVED", "REJECTED"}


@dataclass(frozen=True, slots=True)
class Fees:
    """What the vendor takes of every reward and bonus, rounded up to a minor unit; tax is taken on the fee."""

    share: Fraction = Fraction(1, 3)
    tax: Fraction = Fraction(0)

    def on(self, amount: int) -> int:
        """The fee on an amount, with its tax."""
        fee = rounded_up(amount * self.share)
        return fee + rounded_up(fee * self.tax)


def rounded_up(amount: Fraction) -> int:
    return ceil(amount)


@dataclass(frozen=True, slots=True)
class Person:
    """A participant as the vendor knows them."""

    id: str
    country: str = "United Kingdom"
    languages: tuple[str, ...] = ("English",)
    approval_rate: int = 100
    approvals: int = 500


@dataclass(slots=True)
class Study:
    """A study and the fields it was made with."""

    id: str
    fields: dict[str, Json]
    reward: int
    places: int
    minutes: int
    status: str = "UNPUBLISHED"
    live_at: datetime | None = None


@dataclass(slots=True)
class Work:
    """A submission."""

    id: str
    study_id: str
    person_id: str
    status: str
    reserved_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    code: str | None = None
    bonuses: list[int] = field(default_factory=list)
    rejected_for: str | None = None


@dataclass(slots=True)
class Bonus:
    """A bonus that was set up; paid counts the pay calls, each of which moved money."""

    id: str
    work_id: str
    amount: int
    paid: int = 0


@dataclass(slots=True)
class Group:
    """A participant group."""

    id: str
    name: str
    project: str
    members: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Letter:
    """A message that a participant got."""

    person_id: str
    study_id: str
    text: str


@dataclass
class Account:
    """A researcher's account. balance: what is left before reservations. now: its clock, which a test moves."""

    balance: int
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    token: str = "a token"
    currency: str = "GBP"
    fees: Fees = Fees()
    people: dict[str, Person] = field(default_factory=dict)
    studies: dict[str, Study] = field(default_factory=dict)
    works: dict[str, Work] = field(default_factory=dict)
    bonuses: dict[str, Bonus] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)
    changed: Callable[[str, str, str], None] = lambda kind, resource_id, status: None
    slow_bonuses: bool = False
    longest_page: int = 200
    publishing: timedelta = timedelta(0)
    unshown: list[tuple[str, int]] = field(default_factory=list)
    made: int = 0
    lock: RLock = field(default_factory=RLock)

    def new_id(self) -> str:
        """An id as the vendor's are: 24 hexadecimal digits."""
        self.made += 1
        return f"{self.made:024x}"

    def cost(self, amount: int) -> int:
        """What a reward or bonus costs with fees."""
        return amount + self.fees.on(amount)

    def works_of(self, study_id: str) -> list[Work]:
        return [work for work in self.works.values() if work.study_id == study_id]

    def free_places(self, study: Study) -> int:
        return study.places - sum(work.status in HOLDS_A_PLACE for work in self.works_of(study.id))

    def available(self) -> int:
        """The balance less what open studies may still cost."""
        return self.balance - sum(self.reserved(study) for study in self.studies.values())

    def reserved(self, study: Study) -> int:
        """The cost of everybody who may still have to be paid, those not yet come included while it is offered."""
        coming = max(0, self.free_places(study)) if study.status in {"PUBLISHING", "ACTIVE", "PAUSED"} else 0
        return self.cost(study.reward) * (coming + sum(work.status in OPEN for work in self.works_of(study.id)))

    def set_status(self, work: Work, status: str) -> None:
        """A submission's next state; subscribers hear of it."""
        work.status = status
        self.changed("submission.status.change", work.id, status)

    def set_study(self, study: Study, status: str) -> None:
        study.status = status
        self.changed("study.status.change", study.id, status)

    def pay_reward(self, work: Work) -> None:
        """Approve: the reward and its fee leave the balance."""
        self.balance -= self.cost(self.studies[work.study_id].reward)
        self.set_status(work, "APPROVED")

    def pay_bonus(self, work: Work, amount: int) -> None:
        """A bonus and its fee leave the balance now; it may show on the submission later, as the vendor warns."""
        self.balance -= self.cost(amount)
        if self.slow_bonuses:
            self.unshown.append((work.id, amount))
        else:
            work.bonuses.append(amount)

    def show_bonuses(self) -> None:
        """What was paid in the background appears."""
        for work_id, amount in self.unshown:
            self.works[work_id].bonuses.append(amount)
        self.unshown.clear()

    def tick(self) -> None:
        """Let what takes time happen, and what ran out of time run out."""
        now = self.now()
        for study in self.studies.values():
            if study.status == "PUBLISHING" and now >= (study.live_at or now):
                self.set_study(study, "ACTIVE")
        for work in self.works.values():
            if work.status == "RESERVED" and now - work.reserved_at >= RESERVATION:
                self.set_status(work, "RETURNED")
            elif work.status == "ACTIVE" and now - (work.started_at or now) >= self.allowed(work):
                self.set_status(work, "TIMED-OUT")

    def allowed(self, work: Work) -> timedelta:
        return timedelta(minutes=self.studies[work.study_id].minutes)
