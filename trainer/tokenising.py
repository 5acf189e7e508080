"""Makes files of dialogues or texts into a store of tokens, once: the same data and serialiser find it there. Knows no
block. Memory stays bounded, and a store is there whole or not at all.
"""

import errno
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from trainer.columns import Columns
from trainer.dialogues import read, read_texts
from trainer.errors import BadRun, DiskFull
from trainer.folder import write_json
from trainer.store import COLUMNS, INDEX, Index, Store, index_in, opened
from trainer.text.serialiser import Serialiser
from trainer.tokens import Tokens

Progress = Callable[[int, int], None]  # lines done, lines in all
Record = TypeVar("Record")

DIALOGUES, TEXTS = "dialogues", "texts"  # what files may hold
VERSION = 1  # of a store's form and of what makes it: what has another one is made anew
AT_ONCE = 128  # records that are tokenised together
CHUNK = 1 << 22  # bytes


class Batch(NamedTuple):
    """Some records of a file as tokens. read: how many lines they were."""

    tokens: list[Tokens]
    openings: list[int]
    read: int
    unanswered: int = 0
    untaught: int = 0


Batches = Callable[[Path], Iterator[Batch]]


def of_dialogues(folder: Path, files: Sequence[Path], serialiser: Serialiser, *, progress: Progress) -> Store:
    """The files' dialogues as tokens: those in the folder, if they were made of the same, else made and put there.

    BadRun, naming the file, where one can't be read or has nothing to teach; DiskFull.
    """
    key = f"{DIALOGUES} {serialiser.fingerprint}"
    return made_once(folder, files, key, lambda path: dialogues_in(path, serialiser), progress)


def of_texts(folder: Path, files: Sequence[Path], serialiser: Serialiser, *, progress: Progress) -> Store:
    """The same for texts of pretraining, which are taught whole."""
    key = f"{TEXTS} {serialiser.fingerprint}"
    return made_once(folder, files, key, lambda path: texts_in(path, serialiser), progress)


def key_of(kind: str, files: Sequence[Path], serialiser: Serialiser) -> str:
    """The key that a store of these files has, or will have."""
    return key_in(f"{kind} {serialiser.fingerprint}", hashed(files)[0])


def key_in(what: str, data: str) -> str:
    return hashlib.sha256(json.dumps([VERSION, what, data]).encode()).hexdigest()


def dialogues_in(path: Path, serialiser: Serialiser) -> Iterator[Batch]:
    for dialogues in batched(read(path)):
        taught = [dialogue for dialogue in dialogues if dialogue.taught]
        unanswered = sum(len(dialogue.taught) < len(dialogue.turns) for dialogue in taught)
        openings = [dialogue.opening for dialogue in taught]
        untaught = len(dialogues) - len(taught)
        yield Batch(serialiser.many(taught), openings, len(dialogues), unanswered, untaught)


def texts_in(path: Path, serialiser: Serialiser) -> Iterator[Batch]:
    for texts in batched(read_texts(path)):
        yield Batch(serialiser.texts(texts), [0] * len(texts), len(texts))


def batched(records: Iterator[Record]) -> Iterator[list[Record]]:
    while batch := list(islice(records, AT_ONCE)):
        yield batch


def made_once(folder: Path, files: Sequence[Path], what: str, batches: Batches, progress: Progress) -> Store:
    data, lines = hashed(files)
    key = key_in(what, data)
    if (index := index_in(folder)) and index.key == key:
        return opened(folder, index)
    try:
        with whole(folder) as part:
            counts = write(part, files, batches, lambda done: progress(done, lines))
            index = Index(key, data, **counts)
            write_json(part / INDEX, asdict(index))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise DiskFull(f"The disk is full: the data does not fit in {folder} as tokens.") from None
    return opened(folder, index)


def write(folder: Path, files: Sequence[Path], batches: Batches, progress: Callable[[int], None]) -> dict[str, int]:
    """Write the columns of all files, and count."""
    counts = dict.fromkeys(("texts", "tokens", "supervised", "unanswered", "untaught"), 0)
    done = 0
    with Columns(folder, COLUMNS) as columns:
        for offsets in ("offsets", "turn_offsets"):
            columns.append(offsets, np.zeros(1, np.int64))
        for path in files:
            taught_before = counts["supervised"]
            for batch in batches(path):
                append(columns, batch.tokens, batch.openings)
                for name, count in counted(batch).items():
                    counts[name] += count
                progress(done := done + batch.read)
            if counts["supervised"] == taught_before:
                raise BadRun(f"{path} has no answer in it, so there is nothing to teach.")
    return counts


def append(columns: Columns, texts: Sequence[Tokens], openings: Sequence[int]) -> None:
    if not texts:
        return
    columns.append("offsets", columns.counts["ids"] + np.cumsum([len(text.ids) for text in texts]))
    columns.append("turn_offsets", columns.counts["turns"] + np.cumsum([len(text.turns) for text in texts]))
    columns.append("ids", np.concatenate([text.ids for text in texts]))
    columns.append("supervised", np.concatenate([text.supervised for text in texts]))
    columns.append("turns", np.concatenate([text.turns for text in texts]))
    columns.append("openings", np.array(openings, np.uint64))


def counted(batch: Batch) -> dict[str, int]:
    """The first token of a text is no target, so it is not one that is supervised."""
    return {
        "texts": len(batch.tokens),
        "tokens": sum(len(text.ids) for text in batch.tokens),
        "supervised": sum(int(np.count_nonzero(text.supervised[1:])) for text in batch.tokens),
        "unanswered": batch.unanswered,
        "untaught": batch.untaught,
    }


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """A folder to write to, which has its name once all is written, in place of what was there."""
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def hashed(files: Sequence[Path]) -> tuple[str, int]:
    """(sha256 of the files' bytes, their lines): the same wherever the files lie and whatever they are called."""
    hashes, lines = [], 0
    for path in files:
        digest = hashlib.sha256()
        try:
            with path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
                    lines += chunk.count(b"\n")
        except OSError as error:
            raise BadRun(f"{path} can't be read: {error.strerror}.") from None
        hashes.append(digest.hexdigest())
    return hashlib.sha256("".join(hashes).encode()).hexdigest(), lines
