"""Data as tokens in a folder, memory-mapped, however long. Knows no block and no model.

ids.npy, supervised.npy      (N,) int32, bool: all texts, one behind the other
offsets.npy                  (k + 1,) int64: text i is ids[offsets[i] : offsets[i + 1]]
turns.npy, turn_offsets.npy  where the questions of a text begin after the first, counted from its beginning
openings.npy                 (k,) uint64: a number for how a dialogue begins
index.json                   the key, which says what it was made of, and what it came to
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.tokens import Flags, Ids

Numbers = NDArray[np.int64]
Openings = NDArray[np.uint64]

INDEX = "index.json"
COLUMNS = {
    "ids": np.int32,
    "supervised": np.bool_,
    "offsets": np.int64,
    "turns": np.int32,
    "turn_offsets": np.int64,
    "openings": np.uint64,
}
LONG = ("ids", "supervised")
CHUNK = 1 << 22  # tokens that are looked at together


@dataclass(frozen=True, slots=True)
class Index:
    """key: of what it was made. data: sha256 of the files' bytes. texts, tokens, supervised: how many there are.

    unanswered: dialogues whose last query nobody answered, which is left out. untaught: dialogues without any answer,
    which are left out whole.
    """

    key: str
    data: str
    texts: int
    tokens: int
    supervised: int
    unanswered: int = 0
    untaught: int = 0


@dataclass(frozen=True, slots=True)
class Store:
    """Texts as tokens. The first two are on disk, the others in memory; all can be read and none written."""

    ids: Ids
    supervised: Flags
    offsets: Numbers
    turns: Ids
    turn_offsets: Numbers
    openings: Openings
    index: Index

    @property
    def lengths(self) -> Numbers:
        """(k,), tokens of each text."""
        return np.diff(self.offsets)

    def turns_of(self, text: int) -> Ids:
        """Where a text's questions begin after the first, ascending, counted from its beginning."""
        return self.turns[self.turn_offsets[text] : self.turn_offsets[text + 1]]

    def supervised_before(self, places: Numbers) -> Numbers:
        """How many tokens before each place are supervised. places: 0 to N, over all texts, in any order."""
        order = np.argsort(places, kind="stable")
        ascending = places[order]
        found = np.zeros(len(places), np.int64)
        before = 0
        for start in range(0, len(self.supervised), CHUNK):
            sums = np.concatenate(
                [[before], before + np.cumsum(self.supervised[start : start + CHUNK], dtype=np.int64)]
            )
            here = slice(*np.searchsorted(ascending, [start, start + len(sums)]))
            found[order[here]] = sums[ascending[here] - start]
            before = int(sums[-1])
        return found

    def split(self, share: float) -> tuple[Numbers, Numbers]:
        """(texts to train on, texts to evaluate with), by how a dialogue begins: the same in any order of the files.

        share: of the openings, 0 to 1. Dialogues that begin with the same query are on one side.
        """
        kept = self.openings / 2.0**64 < share
        return np.flatnonzero(~kept), np.flatnonzero(kept)


def index_in(folder: Path) -> Index | None:
    """What a folder says of itself; None where it says nothing that is understood here."""
    try:
        return Index(**json.loads((folder / INDEX).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def opened(folder: Path, index: Index) -> Store:
    """A store that is whole: its long columns on disk, the others in memory."""
    columns = {name: np.load(folder / f"{name}.npy", mmap_mode="r" if name in LONG else None) for name in COLUMNS}
    return Store(**columns, index=index)
