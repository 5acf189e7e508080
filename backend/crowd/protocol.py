"""What every crowd vendor can be asked to do, and what it says of the work. Knows no database and no study.

A vendor is called outside of transactions: the intent is stored, the call is made, the outcome is stored. So every call
that spends or publishes carries a token of ours, and a call that is made twice is answered like the first one, by the
vendor where it can or by the adapter where it can't.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from backend.domain.money import Money
from backend.domain.submissions import SubmissionState


class CrowdError(Exception):
    """A vendor did not do what it was asked. The message is a sentence for the researcher."""


class Refused(CrowdError):
    """It will not do this, however often it is asked: a wrong amount, an unknown id, a state that is over."""


class NoMoney(Refused):
    """The account can't pay this; nothing was spent."""


class NotAllowed(Refused):
    """The credentials are missing, wrong or expired."""


class Unreachable(CrowdError):
    """No answer, or a failure of the vendor's: it may have acted. Ask again with the same token."""


@dataclass(frozen=True, slots=True)
class Qualifications:
    """Whom the vendor may show a posting to; what a vendor does not know it ignores and says so in `ignored`.

    min_approval: per cent of earlier work approved. min_approved: pieces of earlier work. countries: ISO 3166 codes,
    none means all. languages: ISO 639 codes. include, exclude: the vendor's ids of groups (own qualification types).
    """

    min_approval: int | None = None
    min_approved: int | None = None
    countries: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    masters: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Posting:
    """A piece of work to offer. token: ours, the same for the same intent. url: our page; the vendor adds its ids.

    places: how many raters. reward: of each. time_allowed: from accepting to submitting. open_for: until it is no
    longer offered. codes: what a rater may bring back at the end, by outcome ("completed", "screened_out", …).
    """

    token: str
    title: str
    description: str
    url: str
    places: int
    reward: Money
    time_allowed: timedelta
    open_for: timedelta
    qualifications: Qualifications = Qualifications()
    codes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Posted:
    """What the vendor made of a posting: its id there, and which wishes it can't fulfil."""

    id: str
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Submission:
    """One rater's piece of work as the vendor knows it; facts, where our own records may be behind."""

    id: str
    posting_id: str
    rater_id: str
    state: SubmissionState
    accepted_at: datetime
    submitted_at: datetime | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that the vendor says it has paid, to reconcile our ledger with. token: ours, where the vendor keeps it."""

    rater_id: str
    submission_id: str
    amount: Money
    is_bonus: bool
    paid_at: datetime
    token: str | None


class Crowd(Protocol):
    """One vendor's account. Every method may raise the errors above."""

    def balance(self) -> Money | None:
        """What is left to spend; None where the vendor does not say."""

    def publish(self, posting: Posting) -> Posted:
        """Offer the work. The same token twice is the same posting, and its id comes back."""

    def extend(self, posting_id: str, *, places: int, token: str) -> None:
        """Offer so many more places."""

    def pause(self, posting_id: str) -> None:
        """Offer it to nobody new for now; those at work go on."""

    def resume(self, posting_id: str) -> None:
        """Offer it again."""

    def close(self, posting_id: str) -> None:
        """Offer it to nobody new, ever; returns only once the vendor has confirmed it. Those at work go on."""

    def submissions(self, posting_id: str) -> Iterator[Submission]:
        """Every piece of work on it, whatever became of it. An error may come after some of them; those are right."""

    def approve(self, submission_id: str) -> None:
        """Pay the reward. Approving what is approved already is no error."""

    def reject(self, submission_id: str, *, reason: str) -> None:
        """Refuse the reward; a person has decided so. Never called by a rule."""

    def pay_bonus(self, submission_id: str, *, rater_id: str, amount: Money, reason: str, token: str) -> None:
        """Pay more. The same token pays once."""

    def payments(self, posting_id: str) -> Iterator[Payment]:
        """Everything that was paid for this posting, for reconciling."""

    def message(self, rater_ids: Sequence[str], *, subject: str, text: str) -> None:
        """Write to raters."""

    def block(self, rater_id: str, *, reason: str) -> None:
        """Never show this rater any work of this account again."""

    def unblock(self, rater_id: str) -> None:
        """Undo a block."""

    def create_group(self, name: str, *, description: str) -> str:
        """A group of raters (an own qualification), for Qualifications.include and exclude; its id there."""

    def add_to_group(self, group_id: str, rater_id: str, *, score: int = 1) -> None:
        """Put a rater into a group; again is no error, and the newest score counts."""

    def remove_from_group(self, group_id: str, rater_id: str) -> None:
        """Take a rater out of a group; one who is not in it is no error."""
