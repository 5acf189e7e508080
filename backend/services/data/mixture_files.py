"""The files of a mixture's sources: read once to know what is in them, and again, line by line, to be written.

Of each dialogue only its place, its tokens and hashes are held, some sixty bytes, so files may be larger than memory.
"""

import hashlib
import json
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from backend.domain.data.dialogues import Dialogue, from_row
from backend.domain.data.mixing import place_of
from backend.domain.records import Json, Row, RowProblem
from backend.errors import Invalid
from backend.services.data.counting import AT_ONCE, Counter
from backend.services.studies.files import BOM, GZIP
from backend.services.studies.json_window import LONGEST_ROW, reason

OnBytes = Callable[[int], None]
HASH = 16


@dataclass
class Known:
    """What is known of a source's dialogues: row by row, where each is, how long, what it says, its tokens.

    said: a hash of the turns of each; orders: where each stands in the shuffled order, and which of several that say
    the same comes first. tokens, answered: per counter, of all turns and of the assistant's.
    """

    path: Path
    offsets: "array[int]" = field(default_factory=lambda: array("q"))
    lengths: "array[int]" = field(default_factory=lambda: array("l"))
    said: bytearray = field(default_factory=bytearray)
    lines: bytearray = field(default_factory=bytearray)
    orders: bytearray = field(default_factory=bytearray)
    tokens: "list[array[int]]" = field(default_factory=list)
    answered: "list[array[int]]" = field(default_factory=list)
    sha256: str = ""
    size: int = 0

    def __len__(self) -> int:
        return len(self.offsets)

    def hash_at(self, of: bytearray, row: int) -> bytes:
        """The hash of this row."""
        return bytes(of[row * HASH : (row + 1) * HASH])


def known(
    path: Path, label: str, source: str, seed: int, counters: Sequence[Counter], *, on_bytes: OnBytes | None = None
) -> Known:
    """Everything that must be known of a file of dialogues. Invalid with file and line."""
    found = Known(path, tokens=[array("q") for _ in counters], answered=[array("q") for _ in counters])
    whole = hashlib.sha256()
    waiting: list[Dialogue] = []
    for line, offset, raw in lines_of(path, label, whole.update, on_bytes):
        dialogue = parsed(raw, label, line)
        turns = json.dumps([[turn.role, turn.text] for turn in dialogue.turns], ensure_ascii=False).encode()
        found.offsets.append(offset)
        found.lengths.append(len(raw))
        found.said += hashlib.sha256(turns).digest()[:HASH]
        found.lines += hashlib.sha256(raw).digest()[:HASH]
        found.orders += place_of(seed, source, turns)
        waiting.append(dialogue)
        if len(waiting) == AT_ONCE:
            count(found, waiting, counters)
            waiting = []
    count(found, waiting, counters)
    if not len(found):
        raise Invalid(f"{label} holds no dialogues.")
    found.sha256, found.size = whole.hexdigest(), path.stat().st_size
    return found


def lines_of(
    path: Path, label: str, hashed: Callable[[bytes], None], on_bytes: OnBytes | None
) -> Iterator[tuple[int, int, bytes]]:
    """(line, where it begins, its bytes) of every line that is not blank."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise Invalid(f"{label} can't be opened: {error.strerror}.") from None
    with file:
        if file.peek(2)[:2] == GZIP:
            raise Invalid(f"{label} is gzipped, and a mixture reads its files from place to place: unpack it first.")
        number, offset = 0, 0
        while raw := file.readline(LONGEST_ROW + 1):
            number += 1
            if len(raw) > LONGEST_ROW:
                raise Invalid(f"{label}, line {number}: longer than {LONGEST_ROW // 2**20} MB.")
            hashed(raw)
            if on_bytes is not None:
                on_bytes(len(raw))
            if raw.removeprefix(BOM).strip():
                yield number, offset, raw
            offset += len(raw)


def parsed(raw: bytes, label: str, line: int) -> Dialogue:
    """The dialogue of a line. Invalid with file and line."""
    try:
        value: Json = json.loads(raw.removeprefix(BOM).decode())
    except UnicodeDecodeError:
        raise Invalid(f"{label}, line {line}: not UTF-8; save the file as UTF-8.") from None
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{label}, line {line}: not valid JSON ({reason(error)}).") from None
    if not isinstance(value, dict):
        raise Invalid(f"{label}, line {line}: a line must be a dialogue: an object with turns.")
    try:
        (dialogue,) = from_row(Row(line, value))
    except RowProblem as problem:
        raise Invalid(f"{label}, line {line}: {problem}. `assay data import` makes dialogues.") from None
    return dialogue


def count(found: Known, dialogues: Sequence[Dialogue], counters: Sequence[Counter]) -> None:
    """Tokens of some dialogues, all their turns at once: a tokenizer is fast with many texts."""
    turns = [turn for dialogue in dialogues for turn in dialogue.turns]
    texts = [turn.text for turn in turns]
    for counter, tokens, answered in zip(counters, found.tokens, found.answered, strict=True):
        counted = iter(counter.count(texts))
        for dialogue in dialogues:
            each = [(turn.role, next(counted)) for turn in dialogue.turns]
            tokens.append(sum(number for _, number in each))
            answered.append(sum(number for role, number in each if role == "assistant"))


def line_at(file: BinaryIO, source: Known, row: int, label: str) -> bytes:
    """A dialogue's line, as it was when the file was read. Invalid where it is another one now."""
    file.seek(source.offsets[row])
    raw = file.read(source.lengths[row])
    if hashlib.sha256(raw).digest()[:HASH] != source.hash_at(source.lines, row):
        raise Invalid(f"{label} was changed while it was read; build the mixture again.")
    return raw
