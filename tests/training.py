"""Training runs for tests, declared and queued as `assay train` does, and a stand-in that trains them."""

import sys
from pathlib import Path

from sqlalchemy.orm import Session

from backend.config import Settings
from backend.db.jobs import Job
from backend.db.session import Database
from backend.db.training_runs import TrainedModel
from backend.services.training import runs
from backend.services.training.runs import Declared
from tests.factories import NOW
from trainer.folder import Desk, State

STAND_IN = Path(__file__).with_name("stand_in_trainer.py")


def declaration(name: str, out: Path = Path("/runs"), *, steps: int = 5, **stand_in: object) -> Declared:
    """A run of so many steps. stand_in: what becomes of it, where the stand-in trains it."""
    behaviour = [f"{key} = {said(value)}" for key, value in stand_in.items()]
    lines = [f'name = "{name}"', f'out = "{out / name}"', "[course]", f"steps = {steps}", "[stand_in]", *behaviour]
    return runs.declared("\n".join(lines) + "\n")


def said(value: object) -> str:
    """A value in TOML."""
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def queued(session: Session, told: Declared, *, processes: int = 1) -> Job:
    """Its job."""
    run = runs.declare(session, told, processes=processes, now=NOW)
    return runs.enqueue(session, run, now=NOW)


def with_stand_in(folder: Path) -> Settings:
    """Settings with which the stand-in trains. folder: where it may lie."""
    python = folder / "stand-in-python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I "{STAND_IN}" "$@"\n')
    python.chmod(0o755)
    return Settings(train_python=str(python))


def tells(out: Path, state: State, **more: object) -> None:
    """The trainer says where it is."""
    desk = Desk(out, writes=True)
    desk.take()
    desk.open("")
    desk.tell(state, **more)
    desk.close()


def trained(database: Database, name: str) -> TrainedModel | None:
    """What came of a run."""
    with database.reading() as session:
        return runs.model(session, runs.of_name(session, name))
