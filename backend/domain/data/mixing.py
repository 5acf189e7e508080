"""A mixture as its file declares it, and the one order of its dialogues. Knows no file and no tokenizer.

Dialogues of a source are shuffled by a hash of what they say, so the order of its file is of no consequence. Sources
are interleaved by their weights, so every beginning of the whole has about these shares; subsets are such beginnings,
and lie within one another.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from backend.domain.records import Json

SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMG]?)")
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
BUILT_IN = ("whitespace", "13a")
KEYS = ("name", "seed", "measure", "subsets", "tokenizers", "sources")
SOURCE_KEYS = ("name", "file", "licence", "origin", "weight")


class Undeclared(ValueError):
    """A declaration that can't be followed. The message begins with the key."""


@dataclass(frozen=True, slots=True)
class DeclaredSource:
    """weight: its share of the tokens, relative to the others'; None: as much as there is of it."""

    name: str
    file: str
    licence: str
    origin: str
    weight: float | None


@dataclass(frozen=True, slots=True)
class Mixture:
    """measure: the tokenizer that subsets are measured with. subsets: name -> tokens. tokenizers: name -> its file."""

    name: str
    seed: int
    measure: str
    subsets: Mapping[str, int]
    tokenizers: Mapping[str, str]
    sources: tuple[DeclaredSource, ...]

    @property
    def is_weighted(self) -> bool:
        """Whether sources have declared shares."""
        return self.sources[0].weight is not None


def mixture_of(fields: Mapping[str, Json]) -> Mixture:
    """A mixture as its file says it. Raises Undeclared with the key."""
    refuse_others(fields, KEYS, "")
    tokenizers = tokenizers_of(fields.get("tokenizers", {}))
    measure = text(fields, "measure", "") if "measure" in fields else BUILT_IN[0]
    if measure not in (*BUILT_IN, *tokenizers):
        raise Undeclared(f"measure: there is no tokenizer {measure!r}; there are {', '.join((*BUILT_IN, *tokenizers))}")
    seed = fields.get("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise Undeclared(f"seed: it is {seed!r}; a whole number is needed")
    return Mixture(
        name=plain_name(text(fields, "name", ""), "name"),
        seed=seed,
        measure=measure,
        subsets=subsets_of(fields.get("subsets", [])),
        tokenizers=tokenizers,
        sources=sources_of(fields.get("sources", [])),
    )


def refuse_others(fields: Mapping[str, Json], known: Sequence[str], where: str) -> None:
    for key in fields:
        if key not in known:
            raise Undeclared(f"{where}{key}: there is no such key; there are {', '.join(known)}")


def text(fields: Mapping[str, Json], key: str, where: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str) or not value.strip():
        raise Undeclared(f"{where}{key}: a text is needed" + ("" if key in fields else ", and there is none"))
    return value.strip()


def plain_name(name: str, where: str) -> str:
    if not NAME.fullmatch(name):
        raise Undeclared(f"{where}: {name!r} is to name files; use letters, digits, dots, dashes and underscores")
    return name


def tokenizers_of(given: Json) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise Undeclared('tokenizers: a table of names and files is needed, such as gpt2 = "gpt2/tokenizer.json"')
    for name in given:
        if name in BUILT_IN:
            raise Undeclared(f"tokenizers.{name}: this name belongs to a count that is built in; choose another")
    return {plain_name(name, "tokenizers"): text(given, name, "tokenizers.") for name in given}


def subsets_of(given: Json) -> dict[str, int]:
    """Name -> tokens, the smallest first."""
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise Undeclared('subsets: a list of numbers of tokens is needed, such as ["0.3M", "1M"]')
    sizes = [(str(one), size_of(one, place)) for place, one in enumerate(given, start=1)]
    if len({size for _, size in sizes}) < len(sizes):
        raise Undeclared("subsets: two of them have the same size")
    return dict(sorted(sizes, key=lambda one: one[1]))


def size_of(given: Json, place: int) -> int:
    """“0.3M” as 300,000."""
    found = SIZE.fullmatch(str(given)) if isinstance(given, str | int) and not isinstance(given, bool) else None
    tokens = Decimal(found[1]) * UNITS[found[2]] if found else Decimal(0)
    if tokens < 1 or tokens != int(tokens):
        raise Undeclared(f'subsets: number {place} is {given!r}; write tokens as 300000, "300k", "0.3M" or "1G"')
    return int(tokens)


def sources_of(given: Json) -> tuple[DeclaredSource, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence) or not given:
        raise Undeclared("sources: at least one table [[sources]] is needed")
    found = tuple(source_of(one, place) for place, one in enumerate(given, start=1))
    names = [one.name for one in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Undeclared(f"sources: {twice[0]} stands there twice; give each a name of its own")
    unweighted = [one.name for one in found if one.weight is None]
    if unweighted and len(unweighted) < len(found):
        raise Undeclared(f"sources: {unweighted[0]} has no weight and others have; give each one, or none")
    return found


def source_of(given: Json, place: int) -> DeclaredSource:
    where = f"sources[{place}]."
    if not isinstance(given, Mapping):
        raise Undeclared(f"sources: number {place} is no table")
    refuse_others(given, SOURCE_KEYS, where)
    weight = given.get("weight")
    is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
    if weight is not None and not (is_number and 0 < float(str(weight)) < float("inf")):
        raise Undeclared(f"{where}weight: it is {weight!r}; a number above 0 is needed")
    name, file = plain_name(text(given, "name", where), f"{where}name"), text(given, "file", where)
    licence, origin = text(given, "licence", where), text(given, "origin", where)
    return DeclaredSource(name, file, licence, origin, None if weight is None else float(str(weight)))


def place_of(seed: int, source: str, content: bytes) -> bytes:
    """Where a dialogue stands in the shuffled order: by a hash of the seed and what it says, and nothing else."""
    return hashlib.sha256(b"\0".join((str(seed).encode(), source.encode(), content))).digest()[:16]


def interleaved(
    tokens: Sequence[Sequence[int]], weights: Sequence[float], *, strict: bool
) -> Iterator[tuple[int, int]]:
    """(source, place in it) in the one order: whichever source is furthest behind its share comes next.

    tokens: of each source's dialogues, in their order. strict: it ends where a source that is due has nothing left, for
    the shares could not be kept beyond; else the others go on.
    """
    taken, places = [0] * len(tokens), [0] * len(tokens)
    due = [number for number, one in enumerate(tokens) if strict or len(one)]
    while due:
        number = min(due, key=lambda one: (taken[one] / weights[one], one))
        place = places[number]
        if place == len(tokens[number]):
            return
        yield number, place
        taken[number] += int(tokens[number][place])
        places[number] += 1
        if places[number] == len(tokens[number]) and not strict:
            due.remove(number)
