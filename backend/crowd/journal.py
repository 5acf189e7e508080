"""What was begun at a vendor that does not know our tokens. Knows no vendor, and no database.

An adapter writes an entry before a call that must not be made twice and marks it when the outcome is known. With
`Remembered` that lasts as long as the process; give an adapter a journal that is stored, in a transaction of its own,
and it lasts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
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
        """Every entry about a subject, the oldest first."""

    def keep(self, entry: Entry) -> None:
        """Store it for good before returning; it replaces the one with its token."""

    def drop(self, token: str) -> None:
        """Forget an entry whose call surely did nothing."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A journal in memory."""

    entries: dict[str, Entry] = field(default_factory=dict)

    def find(self, token: str) -> Entry | None:
        return self.entries.get(token)

    def of(self, subject: str) -> Sequence[Entry]:
        return [entry for entry in self.entries.values() if entry.subject == subject]

    def keep(self, entry: Entry) -> None:
        self.entries[entry.token] = entry

    def drop(self, token: str) -> None:
        self.entries.pop(token, None)
