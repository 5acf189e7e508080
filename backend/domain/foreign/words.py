"""What people write for a choice: “A”, “Output 1”, “2”, “about the same”, a system's name. Knows no column."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from backend.domain.foreign.recognition import Known, plain, system_of, word_set, words_in
from backend.domain.mapping import Meaning, Shown

SIDE_WITH_STRENGTH = re.compile(r"\d([ab])|([ab])\d")  # 1a, 2a, 2b, 1b: how much, and which
FILLER = word_set(
    "output outputs response responses answer answers option options text system systems model models assistant "
    "choice is are the one i s prefer preferred better best wins win won winner much slightly somewhat significantly "
    "clearly far strongly very more side on was a bit of"
)
FIRSTS = frozenset({"a", "1", "first", "left"})
SECONDS = frozenset({"b", "2", "second", "right"})
EVEN = word_set("tie tied ties equal equally same draw similar equivalent both")
NUMBERS = (frozenset({"0", "1"}), frozenset({"0", "1", "2"}), frozenset({"1", "2"}), frozenset({"1", "2", "3"}))
YES, NO = ("true", "1", "yes", "y", "t", "on"), ("false", "0", "no", "n", "f", "off")


@dataclass(frozen=True)
class Understanding:
    """value -> meaning, for the values that are understood; `guessed`: known by habit, not by a word."""

    meanings: Mapping[str, Meaning]
    guessed: tuple[str, ...] = ()


def understanding(values: Collection[str], known: Known) -> Understanding:
    """What each of a column's values means. Numbers are only understood as a whole: 1 of 1 to 5 is no first output."""
    found = {value: meaning for value in values if (meaning := meaning_of(value, known))}
    plains = {plain(value): value for value in values}
    numbers = frozenset(one for one in plains if one.isdecimal())
    if numbers and numbers not in NUMBERS and not numbers < NUMBERS[2]:
        return Understanding({value: one for value, one in found.items() if plain(value) not in numbers})
    guesses = third_of(plains, numbers)
    return Understanding(found | guesses, tuple(guesses))


def third_of(plains: Mapping[str, str], numbers: frozenset[str]) -> dict[str, Meaning]:
    """What habit gives to 0, 3 and C where they stand beside 1 and 2, or A and B; and to 0 beside 1 alone."""
    guesses: dict[str, Meaning] = {}
    if numbers == NUMBERS[0]:
        guesses |= {plains["0"]: Meaning.FIRST, plains["1"]: Meaning.SECOND}
    for beside, third in (("2", "0"), ("2", "3"), ("b", "c")):
        if beside in plains and third in plains and not {"d", "4"} & set(plains):
            guesses[plains[third]] = Meaning.TIE
    return guesses


def meaning_of(value: str, known: Known) -> Meaning | None:
    """What one value means by its words; None where it says nothing that is known."""
    said = plain(value)
    if said in ("candidate", "baseline"):
        return Meaning(said)
    if strength := SIDE_WITH_STRENGTH.fullmatch(said):
        return Meaning.FIRST if "a" in strength.groups() else Meaning.SECOND
    words = words_in(value)
    kept = sides_in(words)
    if meaning := even(words):
        return meaning
    if kept and kept <= FIRSTS:
        return Meaning.FIRST
    if kept and kept <= SECONDS:
        return Meaning.SECOND
    return Meaning.SYSTEM if system_of(value, known) else None


def sides_in(words: list[str]) -> set[str]:
    """The words that are no filler. “A” is a side where it stands alone or beside filler, an article nowhere else."""
    kept = {word for word in words if word not in FILLER}
    return kept or ({"a"} & set(words))


def even(words: list[str]) -> Meaning | None:
    """A tie, or both bad; “neither” alone may be either, so it says nothing."""
    said = set(words)
    if {"bad", "neither"} & said and {"both", "good", "bad"} & said:
        return Meaning.BOTH_BAD
    if EVEN & said or {"no", "preference"} <= said or {"no", "difference"} <= said or {"neither", "better"} <= said:
        return Meaning.TIE
    return None


def orders_of(values: Collection[str], *, listed: bool) -> dict[str, Shown]:
    """What an order's values mean: true and false of being flipped, or the words for it. listed: beside two columns."""
    turned, straight = (Shown.REVERSED, Shown.AS_LISTED) if listed else (Shown.BASELINE_FIRST, Shown.CANDIDATE_FIRST)
    found: dict[str, Shown] = {}
    for value in values:
        said = plain(value)
        if said in list(Shown):
            found[value] = Shown(said)
        elif said in YES or said in ("flipped", "swapped", "reversed", "reverse"):
            found[value] = turned
        elif said in NO or said in ("original", "normal", "straight"):
            found[value] = straight
    return found
