"""Dialogues out of people's files, one by one, and the rows that are none, with their lines. Knows no cleaning."""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from backend.domain.data import discord
from backend.domain.data.dialogues import Dialogue
from backend.domain.data.discord import Unpaired
from backend.domain.data.kinds import LOOKED_AT, READERS, Kind, recognised
from backend.domain.records import Json, Row, RowProblem
from backend.errors import Invalid
from backend.services.studies import files
from backend.services.studies.files import OnBytes, Source, as_row
from backend.services.studies.json_window import CHUNK, CUT_OFF, Window

SHOWN = 20
CHANNEL = re.compile(rb"\s*\{\s*\"guild\"\s*:\s*\{")


@dataclass(slots=True)
class Found:
    """What was found in a file so far. problems: the first rows that can't be used, (line, why); of `wrong` ones."""

    source: Source
    kind: Kind
    dialogues: int = 0
    wrong: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)

    def refuse(self, line: int, why: str) -> None:
        """A row that can't be used."""
        self.wrong += 1
        if len(self.problems) < SHOWN:
            self.problems.append((line, why))

    def to_json(self) -> dict[str, Json]:
        """Plain data for a report."""
        problems = [f"line {line}: {why}" for line, why in self.problems]
        counts: dict[str, Json] = {"dialogues": self.dialogues, "problems": self.wrong, "first_problems": problems}
        return {"file": self.source.label, "kind": str(self.kind), **counts}


def look(source: Source, kind: Kind | None) -> Found:
    """The file as the kind it is said to be, or looks like. Invalid where it looks like none."""
    if kind is None and is_channel(source):
        kind = Kind.DISCORD
    if kind is None:
        first = list(islice(files.rows(source), LOOKED_AT))
        try:
            kind = recognised(first)
        except RowProblem as problem:
            raise Invalid(f"{source.label}, line {first[0].line}: {problem}. Say what it is with --as.") from None
    return Found(source, kind)


def is_channel(source: Source) -> bool:
    """Whether a file is one object that begins as DiscordChatExporter's do."""
    with files.opened(source) as (_, binary):
        return files.first_byte(source, binary) == ord("{") and CHANNEL.match(binary.peek(CHUNK)) is not None


def dialogues(found: Sequence[Found], *, on_bytes: OnBytes | None = None) -> Iterator[Dialogue]:
    """Every dialogue of these files; what was found is counted as they are read.

    Invalid with file and line where a file can't be read on, or holds no dialogue at all.
    """
    for one in found:
        for read in of_channel(one, on_bytes) if one.kind == Kind.DISCORD else of_rows(one, on_bytes):
            one.dialogues += 1
            yield read
        if not one.dialogues:
            raise Invalid(nothing(one))


def nothing(found: Found) -> str:
    """Why a file holds no dialogue."""
    if not found.problems:
        return f"{found.source.label} holds no dialogue: as {found.kind} nothing in it is answered."
    line, why = found.problems[0]
    return (
        f"{found.source.label} holds no dialogue: as {found.kind} none of its {found.wrong:,} rows can be used. "
        f"Line {line}: {why}."
    )


def of_rows(found: Found, on_bytes: OnBytes | None) -> Iterator[Dialogue]:
    """The dialogues of a file whose rows are each whole."""
    read = READERS[found.kind]
    for row in files.rows(found.source, on_bytes=on_bytes):
        try:
            yield from read(row, str(found.kind))
        except RowProblem as problem:
            found.refuse(row.line, str(problem))


def of_channel(found: Found, on_bytes: OnBytes | None) -> Iterator[Dialogue]:
    """The dialogues of a Discord channel: an export of DiscordChatExporter, or its messages as rows."""
    parse = messages if is_channel(found.source) else None
    wanted = discord.answered(files.rows(found.source, parse=parse))
    rows = files.rows(found.source, on_bytes=on_bytes, parse=parse)
    for one in discord.exchanges(rows, wanted, str(found.kind)):
        if isinstance(one, Unpaired):
            found.refuse(one.line, one.why)
        else:
            yield one


def messages(source: Source, binary: io.BufferedReader) -> Iterator[Row]:
    """The elements of the list `messages` in one object, each with its line; the rest of the object is passed over."""
    with io.TextIOWrapper(binary, encoding="utf-8", newline="\n") as text:
        window = Window(source.label, text)
        window.expect("{")
        while window.next_character() != "}":
            window.skip_space()
            name = window.value()
            window.expect(":")
            if name == "messages":
                yield from elements(source, window)
                return
            window.skip_space()
            window.value()
            if window.next_character() == ",":
                window.expect(",")
        raise window.problem("the object has no list of messages")


def elements(source: Source, window: Window) -> Iterator[Row]:
    """The elements of the list that begins here."""
    window.expect("[")
    if window.next_character() == "]":
        return
    while True:
        line = window.skip_space()
        yield as_row(source, line, window.value())
        separator = window.next_character()
        if separator not in ("]", ","):
            raise window.problem("expected “,” or “]” after a message" if separator else CUT_OFF)
        window.expect(separator)
        if separator == "]":
            return
