"""The job that trains: the trainer runs beside it, and what it writes says how far it is.

A retry, or another worker, calls the same command, which goes on from the newest checkpoint. Stopped, the trainer saves
first. The run's model is told to the platform once it is whole.
"""

from pathlib import Path

from backend.db.training_runs import TrainingRun
from backend.errors import AppError
from backend.services.training import folders, metrics, runs
from backend.services.training.folders import Progress, Stage
from backend.services.training.metrics import LOSS, SPEED, Metrics
from worker import trainer_process
from worker.duty import Duty
from worker.engines import checkpoints
from worker.trainer_process import TrainerProcess

LOOK_SECONDS = 0.5
# As trainer/errors.py has them; a test holds the two together.
UNUSABLE, DIVERGED, DISK_FULL, STOPPED = 2, 3, 4, 75
HINTS = {
    UNUSABLE: "Nothing was trained.",
    DIVERGED: "A lower learning rate, or a longer warm-up, may help; that is another run.",
    DISK_FULL: "What was saved before is whole: make room, and try again.",
    STOPPED: "It was told to stop by somebody else, and has saved: try again to go on.",
}


def train(duty: Duty) -> None:
    """Train the run, or go on with it. Raises AppError, in a sentence, where it has no model then."""
    with duty.chunk() as (session, job):
        run = runs.get(session, job.training_run_id or 0)
    folder = Path(run.folder)
    before = folders.progress(folder)

    def wait() -> None:
        duty.go_on()
        duty.say("waits for another trainer to let go of the folder")

    with trainer_process.training(
        folder, run.declaration, duty.settings, processes=run.processes, on_wait=wait
    ) as trainer:
        watch(duty, trainer, before)
    if is_trained(folder, trainer.status()):
        keep(duty, run)
        return
    duty.go_on()
    raise AppError(why_not(run, trainer.status(), before))


def watch(duty: Duty, trainer: TrainerProcess, before: Progress | None) -> None:
    """Tell how far it is, until it has ended or is to."""
    duty.say("starting the trainer")
    seen, told = metrics.read(trainer.folder), before
    while trainer.is_running and not duty.stop.wait(LOOK_SECONDS):
        seen = metrics.read(trainer.folder, seen)
        found = folders.progress(trainer.folder)
        if found is not None and found != told:
            tell(duty, found, seen)
            told = found


def tell(duty: Duty, found: Progress, seen: Metrics) -> None:
    """How far it is, for whoever watches."""
    with duty.chunk() as (_, job):
        if found.steps:
            job.done, job.total = min(found.step, found.steps), found.steps
        job.message = in_words(found, seen)


def in_words(found: Progress, seen: Metrics) -> str:
    """What the trainer does now, on one line."""
    parts = [found.message or found.state]
    loss, speed = seen.newest(LOSS), seen.newest(SPEED)
    if found.state == Stage.TRAINING and loss is not None:
        parts.append(f"loss {loss:.3f}")
        parts += [] if speed is None else [f"{speed:,.0f} tokens/s"]
    return ", ".join(parts)


def is_trained(folder: Path, status: int | None) -> bool:
    """Whether the trainer ended well, and its model is there."""
    return status == 0 and (folder / folders.MODEL).is_dir()


def why_not(run: TrainingRun, status: int | None, before: Progress | None) -> str:
    """Why it has no model, in the trainer's own words, else by the end of its log."""
    folder = Path(run.folder)
    found = folders.progress(folder)
    error = found.error if found is not None and found != before and found.state == Stage.FAILED else ""
    how = "was killed" if status is None else f"ended with code {status}"
    why = error or f"The trainer {how}. Its log, {folder / folders.LOG}, ends:\n{folders.log_ending(folder)}"
    hint = HINTS.get(status or 0, "")
    return "\n".join(part for part in (f"{run.name} was not trained to its end. {why}", hint) if part)


def keep(duty: Duty, run: TrainingRun) -> None:
    """Its model is there, and may be asked."""
    folder = Path(run.folder)
    model = folder / folders.MODEL
    fingerprint, loss = checkpoints.fingerprint(model), metrics.read(folder).newest(LOSS)
    with duty.chunk() as (session, job):
        found = folders.progress(folder)
        steps = found.steps if found else job.done
        job.done, job.total, job.message = steps, steps, ""
        runs.finish(session, run, folder=model, fingerprint=fingerprint, steps=max(steps, 1), loss=loss, now=duty.now())
