"""Simulated people: how able, how quick and how honest they are, and what they answer. Knows no page and no vendor.

Their truth is made up: every output has a merit that is drawn from its own text, so that all of them see the same world
and nobody takes their verdict for a finding about quality.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from math import exp
from random import Random
from threading import Lock

SAME = 0.1  # merits that are this near to each other make a tie
SPREAD = 0.35  # of the logarithm of one person's times


class Honesty(StrEnum):
    """What somebody does with a comparison: reads it, presses any button, or always the first."""

    HONEST = "honest"
    CLICKS = "clicks"
    ONE_SIDED = "one_sided"


@dataclass(frozen=True, slots=True)
class Character:
    """ability: how often, from 0 to 1, an honest rater sees the truth; they guess among three otherwise.

    seconds: the median of their times. leaves: how often, from 0 to 1, they give a comparison back unjudged.
    """

    ability: float = 0.8
    seconds: float = 40.0
    honesty: Honesty = Honesty.HONEST
    leaves: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered: the two texts in the order in which they stood, and first, second or tie."""

    rater: str
    first: str
    second: str
    choice: str
    active_ms: int


@dataclass(slots=True)
class Diary:
    """Every answer of a rehearsal, as those who gave it know it: the study's own records are held against it."""

    on_answer: Callable[[], None] = lambda: None
    answers: list[Answer] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock, repr=False)

    def write(self, answer: Answer) -> None:
        with self.lock:
            self.answers.append(answer)
            self.on_answer()

    def answers_of(self, rater: str) -> list[Answer]:
        """What one of them answered, in order."""
        with self.lock:
            return [one for one in self.answers if one.rater == rater]


def merit(text: str) -> float:
    """Between 0 and 1, drawn from the text itself."""
    return int.from_bytes(hashlib.sha256(" ".join(text.split()).encode()).digest()[:6], "big") / 2**48


def truth(first: str, second: str) -> str:
    """What anybody would see who looks: first, second, or tie."""
    lead = merit(first) - merit(second)
    if abs(lead) <= SAME:
        return "tie"
    return "first" if lead > 0 else "second"


def answers(who: Character, first: str, second: str, random: Random) -> str:
    """What this person presses."""
    if who.honesty == Honesty.ONE_SIDED:
        return "first"
    if who.honesty == Honesty.CLICKS or random.random() >= who.ability:
        return random.choice(("first", "second", "tie"))
    return truth(first, second)


def takes_ms(who: Character, random: Random) -> int:
    """How long they look, in milliseconds: log-normal around their own median; clickers a tenth of it."""
    seconds = who.seconds * exp(random.gauss(0.0, SPREAD))
    return round(1000 * (seconds if who.honesty == Honesty.HONEST else seconds / 10))


def crowd(
    count: int, *, ability: float, seconds: float, clickers: float, one_sided: float, seed: int
) -> list[Character]:
    """So many people. ability and seconds are the crowd's middle; clickers, one_sided: shares of it, from 0 to 1.

    Abilities spread evenly by ±0.1, medians of times log-normally. ValueError for shares that don't fit.
    """
    if not 0 <= ability <= 1 or seconds <= 0 or min(clickers, one_sided) < 0 or clickers + one_sided > 1:
        raise ValueError("ability and shares lie between 0 and 1, shares together too, and looking takes some time")
    random = Random(seed)
    kinds = [Honesty.CLICKS] * round(clickers * count) + [Honesty.ONE_SIDED] * round(one_sided * count)
    kinds = (kinds + [Honesty.HONEST] * count)[:count]
    random.shuffle(kinds)
    return [
        Character(
            ability=min(1.0, max(0.0, ability + random.uniform(-0.1, 0.1))),
            seconds=seconds * exp(random.gauss(0.0, SPREAD)),
            honesty=kind,
        )
        for kind in kinds
    ]
