"""What was taken of all replies, in the order of their calls, and why everything else was not. Knows no engine.

The same replies in the same order give the same pool, so replies are all that must be kept.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from backend.domain.synthesis.methods import Entry, Kept, Method, Seed


class Why(StrEnum):
    """Why an entry was not taken."""

    SEED = "one of the seeds"
    TWICE = "the same question and answer as another"
    SAME_QUESTION = "the same question as another, with another answer"
    TOO_CLOSE = "too close to an evaluation set"
    TOO_SIMILAR = "too similar to another"
    REFUSED = "the call was refused"


@dataclass(frozen=True, slots=True)
class Near:
    """The most similar text: how similar, as its index measures, and the text itself, empty where there is none."""

    score: float
    text: str


class Index(Protocol):
    """Texts that others are compared with."""

    def nearest(self, text: str) -> Near:
        """The most similar of them."""


class Growing(Index, Protocol):
    """One that takes more texts."""

    def add(self, text: str) -> None:
        """From now on it is one of them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """evaluation: texts that nothing may come closer to than `closest`, in BLEU, of 100; None: there are none.

    similar: the seeds and what is taken, which are added as they come; most_similar: how similar to one of these
    another one may be, in ROUGE-L, of 1.
    """

    evaluation: Index | None = None
    closest: float = 20.0
    similar: Growing | None = None
    most_similar: float = 0.7


@dataclass(frozen=True, slots=True)
class Left:
    """Something that was left out. near: what it is too close to, where it is that."""

    call: int
    text: str
    why: str
    near: Near | None = None


@dataclass
class Pool:
    """What was taken until now; `wanted` at most. left: how many were left out, by reason, with the first of each."""

    method: Method
    wanted: int
    limits: Limits = field(default_factory=Limits)
    kept: list[Kept] = field(default_factory=list)
    calls: int = 0
    found: int = 0
    left: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Left]] = field(default_factory=dict)
    growth: list[int] = field(default_factory=list)
    keys: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.seed_keys = frozenset(self.method.key_of(Entry(one.text)) for one in self.method.seeds)
        if self.limits.similar is not None:
            for one in self.method.seeds:
                self.limits.similar.add(one.text)

    @property
    def is_full(self) -> bool:
        """Whether there is as much as was wanted."""
        return len(self.kept) >= self.wanted

    def take(self, reply: str, *, is_cut: bool) -> None:
        """The next call's reply. What it offers beyond what is wanted is not looked at."""
        self.calls += 1
        for entry in self.method.read(reply, is_cut=is_cut):
            if self.is_full:
                break
            if isinstance(entry, str):
                self.leave(Left(self.calls, "", entry))
                continue
            self.found += 1
            left = self.objection(entry)
            if left is None:
                self.keep(entry)
            else:
                self.leave(left)
        self.growth.append(len(self.kept))

    def refused(self, why: str) -> None:
        """The next call got no reply, and never will."""
        self.calls += 1
        self.leave(Left(self.calls, why, Why.REFUSED))
        self.growth.append(len(self.kept))

    def objection(self, entry: Entry) -> Left | None:
        """Why it is not taken, or None."""
        key = self.method.key_of(entry)
        if key in self.seed_keys:
            return Left(self.calls, entry.text, Why.SEED)
        if key in self.keys:
            same = self.keys[key] == folded(entry.answer)
            return Left(self.calls, entry.text, Why.TWICE if same else Why.SAME_QUESTION)
        if self.limits.evaluation is not None:
            near = self.limits.evaluation.nearest(entry.text)
            if near.score > self.limits.closest:
                return Left(self.calls, entry.text, Why.TOO_CLOSE, near)
        if self.limits.similar is not None:
            near = self.limits.similar.nearest(entry.text)
            if near.score > self.limits.most_similar:
                return Left(self.calls, entry.text, Why.TOO_SIMILAR, near)
        return None

    def keep(self, entry: Entry) -> None:
        self.keys[self.method.key_of(entry)] = folded(entry.answer)
        self.kept.append(Kept(len(self.kept) + 1, self.calls, entry))
        if self.limits.similar is not None:
            self.limits.similar.add(entry.text)

    def leave(self, left: Left) -> None:
        self.left[left.why] += 1
        examples = self.examples.setdefault(left.why, [])
        if len(examples) < EXAMPLES:
            examples.append(left)


EXAMPLES = 5


def folded(answer: str | None) -> str | None:
    """Answers are the same whatever their case and white space."""
    return None if answer is None else " ".join(answer.casefold().split())


@dataclass(frozen=True, slots=True)
class Parted:
    """Seeds that may be shown, and those that are too close to an evaluation set, each with what it is close to."""

    seeds: tuple[Seed, ...]
    excluded: Mapping[str, Near]


def parted(seeds: Sequence[Seed], evaluation: Index | None, *, closest: float) -> Parted:
    """What may be shown, and what may not: a call that shows an evaluation question asks for more like it."""
    if evaluation is None:
        return Parted(tuple(seeds), {})
    near = {one.key: evaluation.nearest(one.text) for one in seeds}
    excluded = {key: found for key, found in near.items() if found.score > closest}
    return Parted(tuple(one for one in seeds if one.key not in excluded), excluded)
