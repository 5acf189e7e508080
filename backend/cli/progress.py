"""What a person sees while files are read and stored: bars, the join report, and what gives systems away."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import click

from backend.domain.identity import Piece
from backend.domain.join_problems import Problem, in_words
from backend.domain.results.summary import STEPS, OnStep
from backend.services.studies.files import Source
from backend.services.studies.imports import Inspected
from backend.services.studies.mentions import Mention

SHOWN = 3


class Advance(Protocol):
    """Moves a bar on, and says something behind it."""

    def __call__(self, n_steps: int, current_item: str | None = None) -> None: ...


@contextmanager
def reading(sources: Sequence[Source]) -> Iterator[Callable[[int], None]]:
    """A bar over the bytes of the files."""
    size = sum(source.path.stat().st_size for source in sources if source.path.is_file())
    with bar(size, "Reading") as advance:
        yield advance


@contextmanager
def storing(inspected: Inspected) -> Iterator[Callable[[int], None]]:
    """A bar over the outputs to store."""
    outputs = sum(len(prompt.outputs) for prompt in inspected.alignment.prompts)
    with bar(outputs, "Storing") as advance:
        yield advance


@contextmanager
def computing() -> Iterator[OnStep]:
    """A bar over the steps of the results, which take seconds from about a million votes on."""
    with bar(len(STEPS), "Computing") as advance:
        yield lambda _: advance(1)


@contextmanager
def bar(length: int, label: str) -> Iterator[Advance]:
    """A bar on standard error; what it is advanced by adds up to its length, and what is said stands behind it."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(
        length=length, label=label, file=sys.stderr, hidden=hidden, item_show_func=lambda words: words
    ) as shown:
        yield shown.update


def report(inspected: Inspected) -> str:
    """The join report, short: what matched, and the first rows of each kind of problem."""
    alignment = inspected.alignment
    ends = ":" if alignment.comparisons else "."
    lines = [f"{many(len(alignment.prompts), 'prompt')}, joined on {alignment.joined_on}{ends}"]
    lines += [
        f"  {candidate} against {alignment.baseline}: {many(count, 'comparison')}"
        for candidate, count in alignment.comparisons.items()
    ]
    for kind, found in alignment.problems.items():
        if found.total:
            lines.append(f"  {in_words(kind, found.total)}")
            lines += [
                f"      {row.file}, line {row.line}, id {row.key or '–'}{said(row)}" for row in found.rows[:SHOWN]
            ]
            lines += [f"      … and {found.total - SHOWN:,} more"] if found.total > SHOWN else []
    return "\n".join(lines)


def many(count: int, noun: str, plural: str = "") -> str:
    """“1 prompt”, “2 prompts”; “1 reply”, “2 replies” where the plural is told."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def said(row: Problem) -> str:
    """What is wrong with a row, or how it begins; nothing of an empty one."""
    words = row.note or row.first_words
    return f": {words}" if words else ""


def identity(count: int, mentions: Sequence[Mention], *, scrubbed: bool) -> str:
    """How many outputs say which system wrote them, and what scrubbing changes in the first: [-out-] and {+in+}."""
    if not count:
        return "No output says which system wrote it."
    first = [f"      {one.system}, prompt {one.prompt}: {changes(one.pieces)}" for one in mentions]
    outputs = many(count, "output")
    if scrubbed:
        return "\n".join([f"{outputs} said which system wrote them; raters see them without it.", *first])
    may = f"{outputs} may say which system wrote them, and raters see them so; start with --scrub to hide it."
    return "\n".join([may, *first])


def changes(pieces: Sequence[Piece]) -> str:
    """A comparison of two texts on one line."""
    marks = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return " ".join("".join(marks[piece.kind].format(piece.text) for piece in pieces).split())
