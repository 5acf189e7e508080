"""What a step of cleaning makes of a dialogue, and the count of that over many. Knows no step.

Samples are those whose ids have the smallest hashes, so the same dialogues in another order give the same ones.
"""

from bisect import insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from backend.domain.data.dialogues import Dialogue, excerpt
from backend.domain.records import Json, Turn

SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Note:
    """What went, and why: of a dropped dialogue what it was dropped for, of a changed one what was changed."""

    why: str
    what: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The dialogues that are left, none where it was dropped, several where it was split; and what went."""

    dialogues: tuple[Dialogue, ...]
    notes: tuple[Note, ...] = ()


Apply = Callable[[Dialogue], Outcome]


def kept(dialogue: Dialogue) -> Outcome:
    """As it came."""
    return Outcome((dialogue,))


def changed(dialogue: Dialogue, *notes: Note) -> Outcome:
    """Left, but changed; as it came where there is no note."""
    return Outcome((dialogue,), notes)


def dropped(why: str, what: str) -> Outcome:
    """Gone, with what it was dropped for."""
    return Outcome((), (Note(why, excerpt(what)),))


def rewritten(dialogue: Dialogue, rewrite: Callable[[Turn], tuple[str, Sequence[Note]]]) -> Outcome:
    """The dialogue with each turn's text rewritten, and the notes of all turns."""
    turns: list[Turn] = []
    notes: list[Note] = []
    for turn in dialogue.turns:
        text, found = rewrite(turn)
        turns.append(turn if text == turn.text else Turn(turn.role, text))
        notes += found
    return changed(dialogue.but(turns), *notes) if notes else kept(dialogue)


@dataclass(frozen=True, slots=True, order=True)
class Sample:
    """One dialogue that a step dropped or changed. place: the hash by which samples are chosen."""

    place: bytes
    id: str
    what: str


@dataclass(slots=True)
class Tally:
    """What a step did so far. came = left - split + dropped, where split counts the further parts of one dialogue.

    dropped, changed: reason -> dialogues; a dialogue that is changed for two reasons counts in both.
    """

    step: str
    came: int = 0
    left: int = 0
    split: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    samples: dict[str, list[Sample]] = field(default_factory=dict)

    def count(self, dialogue: Dialogue, outcome: Outcome) -> None:
        """Add what became of one dialogue."""
        self.came += 1
        self.left += len(outcome.dialogues)
        self.split += max(0, len(outcome.dialogues) - 1)
        counts = self.changed if outcome.dialogues else self.dropped
        for why, what in {note.why: note.what for note in reversed(outcome.notes)}.items():
            counts[why] = counts.get(why, 0) + 1
            self.remember(why, dialogue.id, what)

    def remember(self, why: str, key: str, what: str) -> None:
        """Keep this one as a sample if it is among the first by its hash."""
        found = self.samples.setdefault(why, [])
        insort(found, Sample(blake2b(key.encode(), digest_size=8).digest(), key, what))
        del found[SAMPLES:]

    @property
    def adds_up(self) -> bool:
        """Whether every dialogue that came is left or was dropped, and was dropped once."""
        return self.came == self.left - self.split + sum(self.dropped.values())

    def to_json(self) -> Mapping[str, Json]:
        """Plain data, the same for the same dialogues in any order."""
        return {
            "step": self.step,
            "came": self.came,
            "left": self.left,
            "split": self.split,
            "dropped": dict(sorted(self.dropped.items())),
            "changed": dict(sorted(self.changed.items())),
            "samples": dict(self.shown()),
        }

    def shown(self) -> Iterator[tuple[str, Json]]:
        for why, samples in sorted(self.samples.items()):
            yield why, [{"id": sample.id, "what": sample.what} for sample in samples]
