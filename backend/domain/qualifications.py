"""What a rater must have to be let in, as a launch declares it, for every channel. Knows no vendor and no table.

Vendors know approval, countries, languages and Masters, and enforce them where they do. Our own records know earlier
batches and entry tests. What nobody knows of a rater is not held against them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from backend.domain.plain import flag, no_others, number, rows, words

COUNTRY, LANGUAGE = re.compile(r"[A-Z]{2}"), re.compile(r"[a-z]{2,3}")
KEYS = {
    "min_approval",
    "min_approved",
    "countries",
    "languages",
    "masters",
    "exclude_batches",
    "include_batches",
    "scores",
}
WAS_THERE = "You have taken part in an earlier part of this research, and this part needs people who have not."
WAS_NOT_THERE = "This part of the research is for people who took part in an earlier one, and we have no record of you."
NO_SCORE = "This part is for people who did well in the entry test of an earlier part of this research."


@dataclass(frozen=True, slots=True)
class Score:
    """At least so many right in the entry test of another batch."""

    batch: int
    score: int


@dataclass(frozen=True, slots=True)
class Qualifying:
    """Whom a study wants; anybody by default.

    min_approval: per cent of earlier work approved. min_approved: pieces of earlier work. countries: ISO 3166 codes,
    none means all. languages: ISO 639 codes. masters: Mechanical Turk's. exclude_batches: nobody who took part in one
    of these. include_batches: only who took part in one of these. scores: only who has one of these.
    """

    min_approval: int | None = None
    min_approved: int | None = None
    countries: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    masters: bool = False
    exclude_batches: tuple[int, ...] = ()
    include_batches: tuple[int, ...] = ()
    scores: tuple[Score, ...] = ()

    def __post_init__(self) -> None:
        if self.min_approval is not None and not 0 <= self.min_approval <= 100:
            raise ValueError("min_approval is a percentage, so it must be between 0 and 100")
        if self.min_approved is not None and self.min_approved < 0:
            raise ValueError("min_approved is a number of pieces of work, so it can't be negative")
        if wrong := [one for one in self.countries if not COUNTRY.fullmatch(one)]:
            raise ValueError(f"countries are two capitals such as US (ISO 3166), not {wrong[0]!r}")
        if wrong := [one for one in self.languages if not LANGUAGE.fullmatch(one)]:
            raise ValueError(f"languages are two or three small letters such as en (ISO 639), not {wrong[0]!r}")
        if both := set(self.exclude_batches) & set(self.include_batches):
            raise ValueError(f"batch {min(both)} can't be both included and excluded")

    @property
    def asks_our_records(self) -> bool:
        """Whether anything here is known to us and not only to a vendor."""
        return bool(self.exclude_batches or self.include_batches or self.scores)


ANYBODY = Qualifying()


@dataclass(frozen=True, slots=True)
class Record:
    """What our own records know of a rater. took_part: batches. scores: batch -> right replies in its entry test."""

    took_part: Set[int] = frozenset()
    scores: Mapping[int, int] = field(default_factory=dict)


def refusal(asked: Qualifying, known: Record) -> str | None:
    """Why this rater is not let in, in a sentence for them; None where nothing that we know speaks against it."""
    if known.took_part & set(asked.exclude_batches):
        return WAS_THERE
    if asked.include_batches and not known.took_part & set(asked.include_batches):
        return WAS_NOT_THERE
    if asked.scores and not any(known.scores.get(one.batch, -1) >= one.score for one in asked.scores):
        return NO_SCORE
    return None


def sentences(asked: Qualifying) -> Iterator[str]:
    """What is declared, in words."""
    history = [
        f"{asked.min_approval} % of their earlier work approved" if asked.min_approval is not None else "",
        f"{asked.min_approved} pieces of work approved" if asked.min_approved is not None else "",
        "the title of Master" if asked.masters else "",
    ]
    if said := [one for one in history if one]:
        yield f"Raters need {' and '.join(said)}, where their channel knows that."
    if asked.countries:
        yield f"Raters are to live in {', '.join(asked.countries)}, where their channel knows that."
    if asked.languages:
        yield f"Raters are to speak {', '.join(asked.languages)}, where their channel knows that."
    if asked.exclude_batches:
        yield f"Nobody rates who took part in batch {listed(asked.exclude_batches)}."
    if asked.include_batches:
        yield f"Only those rate who took part in batch {listed(asked.include_batches)}."
    if asked.scores:
        tests = " or ".join(f"{one.score} right in the entry test of batch {one.batch}" for one in asked.scores)
        yield f"Only those rate who had {tests}."


def listed(batches: Sequence[int]) -> str:
    return " or ".join(map(str, batches))


def qualifying(plain: Mapping[str, object]) -> Qualifying:
    """Qualifications from plain data; what is left out is not asked."""
    no_others(plain, KEYS, "qualification")
    return Qualifying(
        min_approval=None if plain.get("min_approval") is None else number(plain, "min_approval"),
        min_approved=None if plain.get("min_approved") is None else number(plain, "min_approved"),
        countries=words(plain, "countries") if plain.get("countries") else (),
        languages=words(plain, "languages") if plain.get("languages") else (),
        masters=flag(plain, "masters") if "masters" in plain else False,
        exclude_batches=numbers(plain, "exclude_batches"),
        include_batches=numbers(plain, "include_batches"),
        scores=tuple(score(row) for row in rows(plain, "scores")),
    )


def score(plain: Mapping[str, object]) -> Score:
    """One score from plain data."""
    no_others(plain, {"batch", "score"}, "key of a score")
    return Score(number(plain, "batch"), number(plain, "score"))


def numbers(plain: Mapping[str, object], key: str) -> tuple[int, ...]:
    """A list of whole numbers, which may be missing."""
    value = plain.get(key, [])
    if not isinstance(value, list | tuple):
        raise ValueError(f"{key} must be a list of whole numbers")
    return tuple(number({key: one}, key) for one in value)
