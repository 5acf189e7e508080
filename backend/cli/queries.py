"""Reads queries from people's files, one after the other: rows of JSON or CSV, or a query a line. Knows no measure."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from backend.domain.queries import Query, texts_of
from backend.domain.records import RowProblem
from backend.errors import Invalid
from backend.services.studies.files import OnBytes, Source, opened, rows
from backend.services.studies.json_window import LONGEST_ROW

PART = 5_000
PLAIN = (".txt", ".txt.gz", ".text", ".text.gz")


def queries(paths: Sequence[Path], *, all_turns: bool, answers: bool, on_bytes: OnBytes) -> Iterator[Query]:
    """The queries of some files, the first of each dialogue or all. Raises Invalid with file and line."""
    for path in paths:
        for texts in lines(path, on_bytes) if path.name.endswith(PLAIN) else dialogues(path, on_bytes):
            first = next((text for text in texts if not text.is_answer), None)
            for text in texts:
                if answers if text.is_answer else all_turns or text is first:
                    yield text


def dialogues(path: Path, on_bytes: OnBytes) -> Iterator[list[Query]]:
    source = Source(path, None, path.name)
    for row in rows(source, on_bytes=on_bytes):
        try:
            yield texts_of(row, path.name)
        except RowProblem as problem:
            raise Invalid(f"{path.name}, line {row.line}: {problem}.") from None


def lines(path: Path, on_bytes: OnBytes) -> Iterator[list[Query]]:
    """A query a line; blank lines are passed over."""
    number = done = 0
    with opened(Source(path, None, path.name)) as (raw, binary):
        while line := binary.readline(LONGEST_ROW + 1):
            number += 1
            if len(line) > LONGEST_ROW:
                raise Invalid(f"{path.name}, line {number}: longer than {LONGEST_ROW // 2**20} MB.")
            try:
                text = line.decode().strip()
            except UnicodeDecodeError:
                raise Invalid(f"{path.name}, line {number}: not UTF-8; save the file as UTF-8.") from None
            if text:
                yield [Query(text, path.name, number)]
            on_bytes(raw.tell() - done)
            done = raw.tell()


def parts(queries: Iterator[Query]) -> Iterator[list[Query]]:
    """Some thousand at once, so that no file has to fit into memory."""
    while part := list(islice(queries, PART)):
        yield part
