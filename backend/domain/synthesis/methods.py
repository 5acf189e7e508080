"""What every way to make new entries has in common: what is asked, and what is found in a reply. Knows no engine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Way(StrEnum):
    """How new entries are made: questions like those of Natural Questions, or tasks as Self-Instruct does."""

    NQ = "nq"
    SELF_INSTRUCT = "self_instruct"


@dataclass(frozen=True, slots=True)
class Seed:
    """What is shown as an example. answer: None for a task that has none."""

    key: str
    text: str
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What a reply offers: a question or a task, and its answer where there is one."""

    text: str
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry that was taken. call: of which reply; number: its place among all that were taken, from 1."""

    number: int
    call: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call asks, and the keys of the examples that it shows."""

    text: str
    shown: tuple[str, ...]


class Method(Protocol):
    """A way to make new entries."""

    @property
    def seeds(self) -> tuple[Seed, ...]:
        """The examples it begins with."""

    @property
    def calls_at_once(self) -> int | None:
        """How many calls are asked before their answers may change what is asked; None: all of them."""

    def ask(self, call: int, kept: Sequence[Kept]) -> Asked:
        """What this call asks, given what earlier ones brought."""

    def read(self, reply: str, *, is_cut: bool) -> Iterator[Entry | str]:
        """What a reply offers, and in words what is left out of it, and why."""

    def key_of(self, entry: Entry) -> str:
        """Two entries with one key are the same."""
