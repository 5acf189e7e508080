"""Training runs for tests, declared and queued as `assay train` does. Knows no test."""

from pathlib import Path

from sqlalchemy.orm import Session

from backend.db.jobs import Job
from backend.services.training import runs
from backend.services.training.runs import Declared
from tests.factories import NOW


def declaration(name: str, out: Path = Path("/runs"), *, steps: int = 5) -> Declared:
    """A run of so many steps."""
    return runs.declared(f'name = "{name}"\nout = "{out / name}"\n\n[course]\nsteps = {steps}\n')


def queued(session: Session, told: Declared, *, processes: int = 1) -> Job:
    """Its job."""
    run = runs.declare(session, told, processes=processes, now=NOW)
    return runs.enqueue(session, run, now=NOW)
