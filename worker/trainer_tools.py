"""What the trainer says of a declaration before anything is trained. Knows no job, no database, and no torch."""

import subprocess
import sys
from pathlib import Path

from pydantic import TypeAdapter

from backend.config import Settings
from backend.errors import Invalid, Unavailable
from worker import trainer_process

TEXTS = TypeAdapter(list[str])


def whole(declaration: Path) -> str:
    """A declaration as the trainer reads it: with all its defaults, and whole paths. Invalid in the trainer's words."""
    return said(sys.executable, "trainer.whole", str(declaration))


def whole_sweep(declaration: Path) -> list[str]:
    """The declaration of each of a sweep's runs. Invalid in the trainer's words."""
    return TEXTS.validate_json(said(sys.executable, "trainer.whole", str(declaration), "--sweep"))


def estimate(declaration: Path, settings: Settings, *, processes: int) -> str:
    """What a run would take, before it starts. Invalid in the trainer's words."""
    return said(
        trainer_process.python_of(settings), "trainer.estimate", str(declaration), "--processes", str(processes)
    )


def said(python: str, module: str, *words: str) -> str:
    """What a module of the trainer writes. Invalid with its last words where it refuses."""
    done = subprocess.run(
        [python, "-m", module, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode == 0:
        return done.stdout
    told = done.stderr.strip()
    if done.returncode == 2 and told:
        raise Invalid(told)
    raise Unavailable(f"The trainer ended with code {done.returncode}: {told.splitlines()[-1] if told else 'no word'}")
