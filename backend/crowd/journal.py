"""What was begun at a vendor that does not know our tokens. Knows no vendor, and no database.

An adapter begins an entry before a call that must not be made twice and finishes it when the outcome is known. With
`Remembered` that lasts as long as the process; give an adapter a journal that is stored, each change in a transaction
of its own, and it lasts. A unique token is what keeps two processes from one payment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """One call. subject: the submission or posting it is about. amount: minor units to pay, or places to reach.

    before: how often the vendor showed this amount for the subject before the call. done: it has surely happened.
    """

    token: str
    subject: str
    amount: int
    before: int
    begun_at: datetime
    done: bool = False


class Journal(Protocol):
    """Where entries are kept."""

    def find(self, token: str) -> Entry | None:
        """The entry of a token."""

    def of(self, subject: str) -> Sequence[Entry]:
        """Every entry about a subject."""

    def begin(self, entry: Entry) -> bool:
        """Store it for good before returning; False, and nothing changed, if its token has an entry already."""

    def finish(self, token: str) -> None:
        """Mark an entry as done."""

    def drop(self, token: str) -> None:
        """Forget an entry whose call surely did nothing."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A journal in memory."""

    entries: dict[str, Entry] = field(default_factory=dict)

    def find(self, token: str) -> Entry | None:
        return self.entries.get(token)

    def of(self, subject: str) -> Sequence[Entry]:
        return [entry for entry in list(self.entries.values()) if entry.subject == subject]

    def begin(self, entry: Entry) -> bool:
        return self.entries.setdefault(entry.token, entry) is entry

    def finish(self, token: str) -> None:
        self.entries[token] = replace(self.entries[token], done=True)

    def drop(self, token: str) -> None:
        self.entries.pop(token, None)
