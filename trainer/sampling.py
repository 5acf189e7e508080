"""How many tokens there are to train on: all of a small file, a sample of a large one. Knows no model."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from trainer import dialogues
from trainer.errors import BadRun
from trainer.plan import Amount, amount
from trainer.run import Run
from trainer.text.serialiser import Serialiser

ENOUGH = 500  # dialogues that are written as tokens


def about(run: Run, serialiser: Serialiser) -> Amount:
    """What a run trains on, from at most 2 × ENOUGH dialogues, evenly spread over its files, and the files' bytes.

    Raises BadRun at a dialogue among those that can't be read.
    """
    lines, every = spread(run.data.train)
    taken = [dialogues.dialogue(dialogues.table(line, place), place) for place, line in lines]
    lengths = [len(tokens.ids) for tokens in serialiser.many(taken)]
    read = sum(len(line) for _, line in lines)
    return amount(run, lengths, times=1.0 if every == 1 else _bytes(run.data.train) / max(read, 1))


def spread(files: tuple[Path, ...], enough: int = ENOUGH) -> tuple[list[tuple[str, bytes]], int]:
    """Every n-th line that is not blank, with its place, and n: 1 where there are at most 2 × enough."""
    every, kept = 1, list[tuple[str, bytes]]()
    for number, line in enumerate(chain.from_iterable(map(_lines, files))):
        if number % every == 0:
            kept.append(line)
        if len(kept) > 2 * enough:
            every, kept = every * 2, kept[::2]
    return kept, every


def _lines(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with path.open("rb") as file:
            yield from ((f"{path}:{number}", line) for number, line in enumerate(file, start=1) if line.strip())
    except OSError as error:
        raise BadRun(f"{path} can't be read: {error.strerror}.") from error


def _bytes(files: tuple[Path, ...]) -> int:
    return sum(path.stat().st_size for path in files)
