"""Which of several dialogues with the same queries stays: the longest, and among equals the one of the smallest hash.

So the same dialogues in another order leave the same ones. In memory is a hash a dialogue (any_query: a hash a
query), never a text: the dialogues are gone through twice, first to `see` each, then to ask which are `winners`.
"""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b, sha256

from backend.domain.data.dialogues import Dialogue, to_line

HASH = 16
LONGEST = 2**32 - 1
BARE = frozenset("#%&@*/\\")  # punctuation to Unicode, but a part of words such as C#


class Mode(StrEnum):
    """Which dialogues count as the same one."""

    FIRST_QUERY = "first_query"
    ALL_QUERIES = "all_queries"
    ANY_QUERY = "any_query"
    FIRST_PAIR = "first_pair"
    ID = "id"


def normal(query: str) -> str:
    """A query as it is compared: NFKC, casefold, white space as one space, no punctuation at its ends."""
    words = " ".join(unicodedata.normalize("NFKC", query).casefold().split())
    start, end = 0, len(words)
    while start < end and is_edge(words[start]):
        start += 1
    while end > start and is_edge(words[end - 1]):
        end -= 1
    return words[start:end] or words


def is_edge(character: str) -> bool:
    return character == " " or (unicodedata.category(character)[0] == "P" and character not in BARE)


def keys(dialogue: Dialogue, mode: Mode) -> list[bytes]:
    """What a dialogue is known by; two dialogues with a key in common are the same one. None without a query."""
    asked = [normal(turn.text) for turn in dialogue.turns if turn.role == "user"]
    if mode == Mode.ID:
        return [hashed(dialogue.id)]
    if not asked:
        return []
    if mode == Mode.FIRST_PAIR:
        exact = (next(turn.text for turn in dialogue.turns if turn.role == role) for role in roles(dialogue))
        return [hashed(json.dumps(list(exact)))]
    if mode == Mode.ALL_QUERIES:
        return [hashed(json.dumps(asked))]
    return [hashed(query) for query in (asked[:1] if mode == Mode.FIRST_QUERY else sorted(set(asked)))]


def roles(dialogue: Dialogue) -> list[str]:
    """Of the first pair: the user, and the assistant where it says anything."""
    spoken = {turn.role for turn in dialogue.turns}
    return [role for role in ("user", "assistant") if role in spoken]


def hashed(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=HASH).digest()


def rank(dialogue: Dialogue) -> bytes:
    """Smaller is kept: more turns first, then by the hash of what is said, then of everything."""
    said = json.dumps([[turn.role, turn.text] for turn in dialogue.turns]).encode()
    turns = (LONGEST - len(dialogue.turns)).to_bytes(4)
    return turns + sha256(said).digest()[:HASH] + sha256(to_line(dialogue).encode()).digest()[:HASH]


@dataclass(slots=True)
class Seen:
    """The dialogues so far, in hashes: what each is known by, its rank, and its place."""

    mode: Mode
    count: int = 0
    best: dict[bytes, bytes] = field(default_factory=dict)
    entries: list[tuple[bytes, bytes]] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)

    def see(self, dialogue: Dialogue, *, concerned: bool = True) -> None:
        """The next dialogue; one that is not concerned, or asks nothing, is never the same as another."""
        known_by = keys(dialogue, self.mode) if concerned else []
        placed = rank(dialogue) + self.count.to_bytes(8) if known_by else b""
        if not known_by:
            self.unknown.append(self.count)
        elif self.mode == Mode.ANY_QUERY:
            self.entries.append((placed, b"".join(known_by)))
        else:
            key = known_by[0]
            self.best[key] = min(placed, self.best.get(key, placed))
        self.count += 1

    def winners(self) -> bytearray:
        """1 for each dialogue that stays, by its place; 0 for the others."""
        stays = bytearray(self.count)
        for at in self.unknown:
            stays[at] = 1
        for placed in self.best.values() if self.mode != Mode.ANY_QUERY else apart(self.entries):
            stays[int.from_bytes(placed[-8:])] = 1
        return stays


def apart(entries: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """The entries that share no key with a better one that stays; none of the others could be added."""
    taken: set[bytes] = set()
    stay = []
    for placed, joined in sorted(entries):
        known_by = {joined[at : at + HASH] for at in range(0, len(joined), HASH)}
        if taken.isdisjoint(known_by):
            taken |= known_by
            stay.append(placed)
    return stay
