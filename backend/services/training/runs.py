"""Training runs: declared, queued, what became of each, and the finished ones to choose from. Knows no trainer.

The row says what is to be trained and the job who does it; how far it is stands in the run's folder alone.
"""

import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.jobs import Job
from backend.db.training_runs import TrainedModel, TrainingRun
from backend.domain.jobs import JobKind, Manner, Queue
from backend.domain.records import LONGEST_NAME
from backend.errors import Conflict, Invalid, NotFound
from backend.services.asking import job_lines, jobs
from backend.services.asking.job_lines import JobLine
from backend.services.studies.imports import clean

MOST_PROCESSES = 1024


@dataclass(frozen=True, slots=True)
class Declared:
    """A declaration: its whole text, and what the platform itself needs of it."""

    name: str
    folder: Path
    text: str


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run, the last job that trained it, and what came of it."""

    run: TrainingRun
    job: JobLine | None
    model: TrainedModel | None


def declared(text: str) -> Declared:
    """A declaration, from a text that was read by the trainer, so with every default and path in it. Invalid if not."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"This declares no run: {error}.") from None
    name, out = told.get("name"), told.get("out")
    if not isinstance(name, str) or not isinstance(out, str) or not Path(out).is_absolute():
        raise Invalid("A run's declaration has a name, and the whole path of the folder that it writes to, as out.")
    name = clean(name).strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid(f"A run's name has between 1 and {LONGEST_NAME} characters.")
    return Declared(name, Path(out), text)


def declare(session: Session, told: Declared, *, processes: int = 1, now: datetime) -> TrainingRun:
    """A run that is to be trained so. The same again is the same run; another under its name is a Conflict.

    Until it has begun to train, another declaration takes the place of the one before.
    """
    if not 1 <= processes <= MOST_PROCESSES:
        raise Invalid(f"A run is trained by 1 to {MOST_PROCESSES:,} processes.")
    refuse_shared_folder(session, told)
    said = {
        "declaration": told.text,
        "sha256": hashlib.sha256(told.text.encode()).hexdigest(),
        "folder": str(told.folder),
        "processes": processes,
    }
    run = session.scalar(select(TrainingRun).where(TrainingRun.name == told.name).with_for_update())
    if run is None:
        run = TrainingRun(name=told.name, created_at=now, **said)
        session.add(run)
    elif different := [name for name, value in said.items() if getattr(run, name) != value]:
        refuse_begun(session, run, different)
        for name, value in said.items():
            setattr(run, name, value)
    session.flush()
    return run


def refuse_shared_folder(session: Session, told: Declared) -> None:
    """Conflict where another run writes to this folder."""
    other = session.scalar(
        select(TrainingRun.name).where(TrainingRun.folder == str(told.folder), TrainingRun.name != told.name)
    )
    if other is not None:
        raise Conflict(f"{told.folder} is the folder of the run {other}; give {told.name} an out of its own.")


def refuse_begun(session: Session, run: TrainingRun, different: Sequence[str]) -> None:
    """Conflict where a run has begun to train as it was declared before."""
    mine = select(Job).where(Job.training_run_id == run.id)
    if not any(job.done or job.holder for job in session.scalars(mine)):
        return
    words = {"declaration": "its declaration", "folder": "its folder", "processes": "the number of its processes"}
    named = [words[name] for name in different if name in words]
    raise Conflict(
        f"{run.name} has begun to train, and differs now in {', '.join(named)}. A run that has begun stays as it was"
        " declared: give this one a name and an out of its own."
    )


def enqueue(session: Session, run: TrainingRun, *, now: datetime) -> Job:
    """A job that trains it, or goes on with it. Conflict where it has been trained."""
    if model(session, run) is not None:
        raise Conflict(f"{run.name} has been trained already.")
    return jobs.enqueue(
        session,
        kind=JobKind.TRAIN,
        queue=Queue.GPU,
        study_id=None,
        training_run_id=run.id,
        manner=Manner(concurrency=1),
        now=now,
    )


def get(session: Session, run_id: int) -> TrainingRun:
    """The run, or NotFound."""
    run = session.get(TrainingRun, run_id)
    if run is None:
        raise NotFound(f"There is no training run {run_id}.")
    return run


def of_name(session: Session, name: str) -> TrainingRun:
    """The run that is called so, or NotFound."""
    run = session.scalar(select(TrainingRun).where(TrainingRun.name == name))
    if run is None:
        raise NotFound(f"There is no training run {name}. `assay runs` lists them.")
    return run


def model(session: Session, run: TrainingRun) -> TrainedModel | None:
    """What came of it; None until it has been trained."""
    return session.get(TrainedModel, run.id)


def finish(
    session: Session,
    run: TrainingRun,
    *,
    folder: Path,
    fingerprint: str,
    steps: int,
    loss: float | None,
    now: datetime,
) -> None:
    """Its model is whole: from now on it can answer. Nothing where that was stored before."""
    if model(session, run) is None:
        session.add(
            TrainedModel(
                run_id=run.id,
                folder=str(folder),
                fingerprint=fingerprint,
                steps=steps,
                loss=loss,
                finished_at=now,
            )
        )
        session.flush()


def lines(session: Session, *, now: datetime) -> list[RunLine]:
    """All runs, the newest first."""
    runs = session.scalars(select(TrainingRun).order_by(TrainingRun.id.desc())).all()
    newest = select(func.max(Job.id)).where(Job.training_run_id.is_not(None)).group_by(Job.training_run_id)
    ids = session.scalars(newest).all()
    by_run = {line.job.training_run_id: line for line in job_lines.lines(session, ids, now=now)}
    models = {one.run_id: one for one in session.scalars(select(TrainedModel))}
    return [RunLine(run, by_run.get(run.id), models.get(run.id)) for run in runs]


def line(session: Session, run_id: int, *, now: datetime) -> RunLine:
    """One run, or NotFound."""
    run = get(session, run_id)
    newest = session.scalar(select(func.max(Job.id)).where(Job.training_run_id == run.id))
    job = None if newest is None else job_lines.line(session, newest, now=now)
    return RunLine(run, job, model(session, run))


def finished(session: Session, *, most: int = 20) -> Sequence[TrainingRun]:
    """The runs that have been trained, those that were last first."""
    return session.scalars(
        select(TrainingRun)
        .join(TrainedModel, TrainedModel.run_id == TrainingRun.id)
        .order_by(TrainedModel.finished_at.desc(), TrainedModel.run_id.desc())
        .limit(most)
    ).all()


def of_folder(session: Session, folder: str) -> TrainingRun | None:
    """The run whose model lies here."""
    return session.scalar(
        select(TrainingRun)
        .join(TrainedModel, TrainedModel.run_id == TrainingRun.id)
        .where(TrainedModel.folder == folder)
    )
