"""The names in a run's folder, which is all that the platform sees of a run. Knows no torch.

run.toml        the run, whole, with its defaults
run.json        what it came to: hashes of data and code, versions, plan, estimate, warnings, peak learning rate
state.json      how far it is, replaced whole: {state, step, steps, message, error, at}
metrics.jsonl   a line a logged step, and a line an evaluation
tokens/         the data as tokens, made once
checkpoints/    step-00000100/ …: what a run goes on from; a name that ends in .part is not whole
model/          the trained model, there only once it is whole: safetensors, tokenizer, chat template, assay.json
trainer.lock    held by the first process for as long as it trains here
"""

import errno
import fcntl
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from time import monotonic
from typing import BinaryIO

from trainer.errors import BadRun, DiskFull

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
TELL_SECONDS = 0.5
RUN_TOML = "run.toml"
RUN_JSON = "run.json"
STATE = "state.json"
METRICS = "metrics.jsonl"
TOKENS = "tokens"
CHECKPOINTS = "checkpoints"
MODEL = "model"
LOCK = "trainer.lock"
LOCKLESS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # of file systems that know no locks


class State(StrEnum):
    """Where a run is. stopped: told to, and resumable; failed: with an error."""

    PREPARING = "preparing"
    TRAINING = "training"
    SAVING = "saving"
    EXPORTING = "exporting"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Replace a file whole: whoever reads it sees the old or the new one."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
    os.replace(part, path)


class Desk:
    """Writes what the folder says of the run; in all processes but the first, nothing.

    A step is told at most twice a second: models are small enough that a file a step would be felt.
    """

    def __init__(self, out: Path, *, writes: bool) -> None:
        self.out = out
        self.writes = writes
        self.known: dict[str, object] = {"state": State.PREPARING, "step": 0, "steps": 0, "message": "", "error": ""}
        self.told_at = 0.0
        self.lock: BinaryIO | None = None
        self.is_open, self.is_refused = False, False

    @property
    def may_speak(self) -> bool:
        """Whether the folder is this run's, or nobody's yet."""
        nobodys = self.out.is_dir() and not (self.out / RUN_JSON).exists()
        return self.writes and (self.is_open or (nobodys and not self.is_refused))

    def take(self) -> None:
        """Make the folder, and keep it from other processes until close(). BadRun where that can't be."""
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            self.lock = (self.out / LOCK).open("wb")
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.is_refused = True
            raise BadRun(f"Another process trains in {self.out}. Wait until it has ended, or stop it.") from None
        except OSError as error:
            if self.lock is None or error.errno not in LOCKLESS:
                raise BadRun(f"{self.out} can't be written: {error.strerror}. Name another folder as `out`.") from None

    def open(self, declaration: str) -> None:
        """Put the run's TOML, whole, into the folder, which is this run's. BadRun where that can't be."""
        try:
            (self.out / RUN_TOML).write_text(declaration, "utf-8")
        except OSError as error:
            raise BadRun(f"{self.out} can't be written: {error.strerror}. Name another folder as `out`.") from None
        self.is_open = True

    def close(self) -> None:
        """Let others have the folder."""
        if self.lock is not None:
            self.lock.close()

    def note(self, report: Mapping[str, object]) -> None:
        """Add to what the run came to: its plan before the first step, its result after the last. Warnings are said."""
        if self.writes:
            write_json(self.out / RUN_JSON, {**self.report(), **report})
        warnings = report.get("warnings")
        for warning in warnings if isinstance(warnings, list) else ():
            self.say(f"warning: {warning}")

    def report(self) -> dict[str, object]:
        """run.json as it is; empty before the first."""
        try:
            found = json.loads((self.out / RUN_JSON).read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return found if isinstance(found, dict) else {}

    def say(self, line: str) -> None:
        """A line in the terminal, and in the platform's log.txt."""
        if self.writes:
            sys.stderr.write(f"{line}\n")

    def message(self, message: str) -> None:
        """What it does now."""
        self.tell(State(str(self.known["state"])), message=message)

    def tell(self, state: State, **more: object) -> None:
        """Say how far the run is: step, steps, message, error. What is not said stays, but for the message."""
        changed = state != self.known["state"] or "message" in more or "error" in more
        self.known |= {"state": state, "message": "", **more}
        if not self.may_speak or (not changed and monotonic() - self.told_at < TELL_SECONDS):
            return
        self.told_at = monotonic()
        with suppress(OSError):  # on a full disk the run has more to say than this, and says it by itself
            write_json(self.out / STATE, {**self.known, "at": datetime.now(UTC).isoformat()})


@contextmanager
def disk_in_words(out: Path) -> Iterator[None]:
    """What the system says of a full disk while the block runs, as DiskFull."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise DiskFull(
            f"The disk is full: {out} can't be written any more. Make room: the same call goes on."
        ) from error
