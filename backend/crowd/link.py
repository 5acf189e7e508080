"""`Crowd` where there is no vendor: raters come by links of ours, and somebody pays them by hand.

What the protocol means here:
- Work is offered by our own pages, so to publish, extend, pause, resume or close there is nothing to ask of anybody.
  A posting's id is its token. No wish about whom to show it to can be kept; each is named as ignored.
- We are the record of the work, so there are no submissions and no payments to learn from outside. Reconciling compares
  the ledger with what a person says they have paid, elsewhere.
- To approve or to pay a bonus is to note that it is due. It is noted once for a submission or a token, and the note is
  no payment: the ledger may say "due by hand" and never "paid" on its strength.
- To reject takes the note of a reward away again; a bonus that is due stays due.
- There is no address to write to, no list to block on and no group: this is refused, so that nobody believes it done.
  Raters are kept out by ending their link, and qualified by our own records.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from backend.crowd.protocol import Payment, Posted, Posting, Refused, Submission
from backend.domain.money import Money


@dataclass(frozen=True, slots=True)
class Due:
    """Something that a person has to pay. amount: None for a reward, which the posting states.

    rater_id: None for a reward, since the submission, our own, says whose it is.
    """

    token: str
    submission_id: str
    rater_id: str | None = None
    amount: Money | None = None
    reason: str = ""


class Notes(Protocol):
    """Where what is due is noted."""

    def find(self, token: str) -> Due | None:
        """The note of a token."""

    def note(self, due: Due) -> None:
        """Keep it; one of the same token is replaced."""

    def strike(self, token: str) -> None:
        """Take it away; one that isn't there is no error."""


@dataclass(frozen=True, slots=True)
class Slate:
    """Notes in memory, for tests and rehearsals."""

    dues: dict[str, Due] = field(default_factory=dict)

    def find(self, token: str) -> Due | None:
        return self.dues.get(token)

    def note(self, due: Due) -> None:
        self.dues[due.token] = due

    def strike(self, token: str) -> None:
        self.dues.pop(token, None)


@dataclass(frozen=True, slots=True)
class Links:
    """Raters by link."""

    notes: Notes = field(default_factory=Slate)

    def balance(self) -> Money | None:
        """Nobody knows what the one who pays by hand has."""
        return None

    def publish(self, posting: Posting) -> Posted:
        """Nothing to do; our pages offer it."""
        asked = posting.qualifications
        wishes = {
            "min_approval": asked.min_approval is not None,
            "min_approved": asked.min_approved is not None,
            "countries": bool(asked.countries),
            "languages": bool(asked.languages),
            "masters": asked.masters,
            "include": bool(asked.include),
            "exclude": bool(asked.exclude),
        }
        return Posted(
            posting.token,
            tuple(f"{name}: links reach whoever has them" for name, is_asked in wishes.items() if is_asked),
        )

    def extend(self, posting_id: str, *, places: int, token: str) -> None:
        """Nothing to do."""

    def pause(self, posting_id: str) -> None:
        """Nothing to do."""

    def resume(self, posting_id: str) -> None:
        """Nothing to do."""

    def close(self, posting_id: str) -> None:
        """Nothing to do."""

    def submissions(self, posting_id: str) -> Iterator[Submission]:
        """None that we don't know ourselves."""
        return iter(())

    def approve(self, submission_id: str) -> None:
        """Note that the reward is due."""
        self.notes.note(Due(reward(submission_id), submission_id))

    def reject(self, submission_id: str, *, reason: str) -> None:
        """The reward is not due any more. If it was paid meanwhile, only who paid it can know."""
        self.notes.strike(reward(submission_id))

    def pay_bonus(self, submission_id: str, *, rater_id: str, amount: Money, reason: str, token: str) -> None:
        """Note that it is due. Raises Refused for a token that stands for another payment."""
        due = Due(token, submission_id, rater_id, amount, reason)
        earlier = self.notes.find(token)
        if earlier is not None and (earlier.submission_id, earlier.rater_id, earlier.amount) != (
            submission_id,
            rater_id,
            amount,
        ):
            raise Refused("This token has been used for another payment.")
        self.notes.note(due)

    def payments(self, posting_id: str) -> Iterator[Payment]:
        """None: nobody but a person pays."""
        return iter(())

    def message(self, rater_ids: Sequence[str], *, subject: str, text: str) -> None:
        raise Refused("Raters who came by a link left no address, so nobody can write to them from here.")

    def block(self, rater_id: str, *, reason: str) -> None:
        raise Refused("A rater who came by a link is kept out by ending that link.")

    def unblock(self, rater_id: str) -> None:
        raise Refused("A rater who came by a link is let in again by a new link.")

    def create_group(self, name: str, *, description: str) -> str:
        raise Refused("Links know no groups of raters.")

    def add_to_group(self, group_id: str, rater_id: str, *, score: int = 1) -> None:
        raise Refused("Links know no groups of raters.")

    def remove_from_group(self, group_id: str, rater_id: str) -> None:
        raise Refused("Links know no groups of raters.")


def reward(submission_id: str) -> str:
    """The token of a submission's reward, of which there is one."""
    return f"reward:{submission_id}"
