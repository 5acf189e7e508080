"""Reads the files people have, row by row: JSONL, a JSON array or CSV, each also gzipped. Knows no study.

Nothing is held in memory but the row at hand, so a file may be larger than memory. Every problem names file and line.
"""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from backend.domain.records import Json, Row
from backend.errors import Invalid
from backend.services.studies.json_window import CHUNK, CUT_OFF, LONGEST_ROW, TOO_LONG, Window, reason

REPORT_EVERY = 500
BOM = b"\xef\xbb\xbf"
SEPARATORS = (b",", b";", b"\t")
QUOTED = re.compile(rb'"[^"]*"')
GZIP = b"\x1f\x8b"
UNREADABLE = {
    b"PK\x03\x04": "looks like an Excel or zip file; export it as CSV or JSONL",
    b"PAR1": "looks like a Parquet file; export it as JSONL",
    b"%PDF": "is a PDF; export the outputs as CSV or JSONL",
    b"\xff\xfe": "is UTF-16; save it as UTF-8",
    b"\xfe\xff": "is UTF-16; save it as UTF-8",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd; decompress it, or use gzip",
    b"BZh": "is compressed with bzip2; decompress it, or use gzip",
}


csv.field_size_limit(LONGEST_ROW)

OnBytes = Callable[[int], None]


@dataclass(frozen=True)
class Source:
    """A file, the system's name if the user gave one, and what the file is called in messages."""

    path: Path
    name: str | None
    label: str

    @property
    def stem(self) -> str:
        """The file's name without its endings: the system's name where nothing else says it."""
        stem = self.label
        for ending in (".gz", ".jsonl", ".ndjson", ".json", ".csv", ".tsv"):
            stem = stem.removesuffix(ending)
        return stem or self.label


Parse = Callable[[Source, io.BufferedReader], Iterator[Row]]


def rows(source: Source, *, on_bytes: OnBytes | None = None, parse: Parse | None = None) -> Iterator[Row]:
    """Every row with the line it starts on; Invalid with file and line where one can't be read.

    on_bytes is told, now and then, how many more bytes of the file have been read. parse: of a file that is none of
    those three, how its rows are found.
    """
    try:
        with opened(source) as (raw, binary):
            usual = {ord("["): array_rows, ord("{"): line_rows}.get(first_byte(source, binary), csv_rows)
            parse = parse or usual
            done, number = 0, 0
            for number, row in enumerate(parse(source, binary), start=1):
                yield row
                if on_bytes and number % REPORT_EVERY == 0:
                    on_bytes(raw.tell() - done)
                    done = raw.tell()
            if number == 0:
                raise Invalid(f"{source.label} holds no rows.")
            if on_bytes:
                on_bytes(source.path.stat().st_size - done)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Invalid(f"{source.label} is a damaged or incomplete gzip file ({error}); copy it again.") from None
    except UnicodeDecodeError as error:
        raise Invalid(not_utf8(source, error)) from None


@contextmanager
def opened(source: Source) -> Iterator[tuple[BinaryIO, io.BufferedReader]]:
    """(the file itself, its unpacked bytes)."""
    try:
        raw = source.path.open("rb")
    except OSError as error:
        raise Invalid(f"{source.label} can't be opened: {error.strerror}.") from None
    with raw:
        packed = raw.peek(2)[:2] == GZIP
        yield raw, io.BufferedReader(gzip.GzipFile(fileobj=raw), CHUNK) if packed else raw


def first_byte(source: Source, binary: io.BufferedReader) -> int:
    """The first byte that is no white space, which tells the format; Invalid for what is no text at all."""
    head = binary.peek(CHUNK)
    for magic, what in UNREADABLE.items():
        if head.startswith(magic):
            raise Invalid(f"{source.label} {what}.")
    if head.startswith(BOM):
        binary.read(len(BOM))
        head = head[len(BOM) :]
    text = head.lstrip()
    if not text:
        raise Invalid(f"{source.label} is empty.")
    if b"\0" in text[:1024]:
        raise Invalid(f"{source.label} is not a text file (it holds NUL bytes); give JSONL, JSON or CSV in UTF-8.")
    return text[0]


def line_rows(source: Source, binary: io.BufferedReader) -> Iterator[Row]:
    """JSONL: one object a line; blank lines are passed over."""
    number = 0
    while line := binary.readline(LONGEST_ROW + 1):
        number += 1
        if len(line) > LONGEST_ROW:
            raise Invalid(f"{source.label}, line {number}: {TOO_LONG}.")
        if not line.strip():
            continue
        try:
            value = json.loads(line.decode().rstrip())
        except UnicodeDecodeError:
            raise Invalid(f"{source.label}, line {number}: not UTF-8; save the file as UTF-8.") from None
        except (ValueError, RecursionError) as error:
            why = reason(error)
            raise Invalid(f"{source.label}, line {number}: not valid JSON ({why}).{hint(line, number)}") from None
        yield as_row(source, number, value)


def hint(line: bytes, number: int) -> str:
    """What may have happened to a line that is no JSON."""
    if is_json(line.rstrip().removesuffix(b",")):
        return " The comma behind it is too many: JSONL has none between rows. Or put all rows in one [array]."
    if number == 1 and line.rstrip().endswith((b"{", b"[", b",")):
        return " A JSON object over several lines is not JSONL: put each row on one line, or all in one [array]."
    if line.lstrip().startswith(b"{") and not line.rstrip().endswith(b"}"):
        return " The line seems to be cut off."
    return ""


def is_json(line: bytes) -> bool:
    """Whether it is JSON as it stands."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def as_row(source: Source, line: int, value: Json) -> Row:
    if not isinstance(value, dict):
        raise Invalid(f'{source.label}, line {line}: a row must be an object like {{"id": 1, "output": "…"}}.')
    return Row(line, value)


def array_rows(source: Source, binary: io.BufferedReader) -> Iterator[Row]:
    """A JSON array, element by element: the array as a whole is never in memory."""
    with io.TextIOWrapper(binary, encoding="utf-8", newline="\n") as text:
        window = Window(source.label, text)
        window.expect("[")
        if window.next_character() == "]":
            return
        while True:
            line = window.skip_space()
            yield as_row(source, line, window.value())
            separator = window.next_character()
            if separator not in ("]", ","):
                raise window.problem("expected “,” or “]” after a row" if separator else CUT_OFF)
            window.at += 1
            if separator == "]":
                break
        if window.next_character():
            raise window.problem("there is text after the closing “]”")


def csv_rows(source: Source, binary: io.BufferedReader) -> Iterator[Row]:
    """CSV with a header. A cell may go over several lines, so the line of a row is where it starts."""
    separator = separator_of(binary.peek(CHUNK))
    with io.TextIOWrapper(binary, encoding="utf-8", newline="") as text:
        reader = csv.reader(text, delimiter=separator, strict=True)
        line = 1
        try:
            header = [name.strip() for name in next(filter(None, reader), [])]
            check_header(source, header, reader.line_num)
            line = reader.line_num + 1
            for cells in reader:
                if cells:
                    yield Row(line, dict(zip(header, checked(source, line, cells, header), strict=True)))
                line = reader.line_num + 1
        except csv.Error as error:
            why = f"a cell is {TOO_LONG}" if "limit" in str(error) else str(error)
            raise Invalid(
                f"{source.label}, line {line}: not valid CSV ({why}). "
                'Is a quote opened in this row and not closed? A quote within a quoted cell is written twice: "".'
            ) from None


def separator_of(head: bytes) -> str:
    """What stands between the header's columns: a comma, or what Excel writes where the comma is in numbers."""
    header = QUOTED.sub(b"", head.lstrip().split(b"\n", 1)[0])
    return max(SEPARATORS, key=header.count).decode()


def check_header(source: Source, header: list[str], line: int) -> None:
    if len(header) < 2:
        raise Invalid(
            f"{source.label} is neither JSONL, nor a JSON array, nor CSV with a header line such as id,prompt,output "
            "(with commas, semicolons or tabs between the columns)."
        )
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise Invalid(f"{source.label}, line {line}: the column {twice[0]!r} stands twice in the header.")


def checked(source: Source, line: int, cells: list[str], header: list[str]) -> list[str]:
    if len(cells) != len(header):
        raise Invalid(f"{source.label}, line {line}: {len(cells)} cells, but the header has {len(header)}.")
    return cells


def not_utf8(source: Source, error: UnicodeDecodeError) -> str:
    """The first line that is not UTF-8, found by reading the file once more."""
    with opened(source) as (_, binary):
        for number, line in enumerate(binary, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return f"{source.label}, line {number}: not UTF-8; save the file as UTF-8."
    return f"{source.label} is not UTF-8 ({error.reason}); save it as UTF-8."
