"""`assay train`, `sweep` and `runs`: training runs as jobs, from their declarations to the models to choose from."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy.orm import Session

from backend.cli.following import followed
from backend.cli.house import data_dir_option, open_database, settings_with
from backend.cli.jobs import history
from backend.cli.progress import many
from backend.db.session import Database
from backend.db.training_runs import TrainingRun
from backend.errors import Conflict
from backend.services.asking import jobs
from backend.services.training import folders, metrics, runs
from backend.services.training.runs import Declared, RunLine
from worker import trainer_tools

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
processes_option = click.option(
    "--processes", default=1, show_default=True, type=click.IntRange(1), help="How many train together on this machine."
)


@click.command()
@click.argument("declaration", metavar="RUN.toml", type=FILE)
@processes_option
@click.option("--estimate", is_flag=True, help="Say what it would take in memory and time, and train nothing.")
@click.option("--queue", is_flag=True, help="Leave it to `assay serve` or `assay worker`, and return.")
@data_dir_option
def train(declaration: Path, processes: int, estimate: bool, queue: bool, data_dir: Path | None) -> None:
    """Train the model that RUN.toml declares, from a mixture of dialogues to a checkpoint that answers.

    \b
      assay train run.toml --estimate            memory and time, before anything starts
      assay train run.toml                       with a bar and the loss; Ctrl-C saves and stops
      assay train run.toml                       the same call again goes on where it was
      assay train run.toml --processes 8         eight accelerators of this machine
      assay train run.toml --queue               for `assay worker --queues gpu` to do
      assay generate 1 --system mine --run NAME  then its model answers a study's prompts, through vLLM

    What is declared is kept as it was when the run began; another declaration needs another name and another out. How
    far it is stands in *Training* in the pages, with its curves, and in `assay runs`. Needs
    `pip install 'assay-eval[train]'`, here or in the Python that ASSAY_TRAIN_PYTHON names.
    """
    settings = settings_with(data_dir=data_dir)
    if estimate:
        click.echo(trainer_tools.estimate(declaration, settings, processes=processes), nl=False)
        return
    told = runs.declared(trainer_tools.whole(declaration))
    database = open_database(settings)
    (job_id,) = put(database, [told], processes)
    if job_id is not None and queue:
        click.echo(f"Job {job_id} is queued; `assay serve` or `assay worker` trains {told.name}.")
        return
    if job_id is not None:
        followed(database, settings, job_id, label="Training", kept="What is trained", says=True)
    click.echo(ready(database, told.name))


def put(database: Database, wanted: Sequence[Declared], processes: int) -> list[int | None]:
    """The jobs that train these runs, all or none: those that wait already, or new ones; None for what is trained."""
    now = datetime.now(UTC)
    with database.transaction() as session:
        found = [runs.declare(session, told, processes=processes, now=now) for told in wanted]
        return [job_of(session, run, now=now) for run in found]


def job_of(session: Session, run: TrainingRun, *, now: datetime) -> int | None:
    """The job that trains a run; None where that was done."""
    if runs.model(session, run) is not None:
        return None
    return (jobs.live(session, training_run_id=run.id) or runs.enqueue(session, run, now=now)).id


def ready(database: Database, name: str) -> str:
    """Where a run's model lies, and what to do with it."""
    with database.reading() as session:
        model = runs.model(session, runs.of_name(session, name))
    if model is None:
        raise Conflict(f"{name} has no model yet.")
    loss = "" if model.loss is None else f", loss {model.loss:.3f}"
    return (
        f"{name} is trained: {many(model.steps, 'step')}{loss}. Its model: {model.folder}\n"
        f"Let it answer a study's prompts: assay generate STUDY --system {name} --run {name}"
    )


@click.command()
@click.argument("declaration", metavar="SWEEP.toml", type=FILE)
@processes_option
@data_dir_option
def sweep(declaration: Path, processes: int, data_dir: Path | None) -> None:
    """Queue every run of SWEEP.toml, a job each, such as amounts of data × sizes of the base model.

    \b
      assay sweep ladder.toml
      assay worker --queues gpu                  trains one after another, on each machine that runs it
      assay runs                                 how far each is

    The same call again queues what is missing: runs that are trained or wait already are left as they are. What differs
    between runs, and whether their learning rates do with it: python -m trainer.sweep ladder.toml --list.
    """
    found = [runs.declared(text) for text in trainer_tools.whole_sweep(declaration)]
    database = open_database(settings_with(data_dir=data_dir))
    for told, job_id in zip(found, put(database, found, processes), strict=True):
        click.echo(f"{told.name}: " + ("trained already" if job_id is None else f"job {job_id}"))
    click.echo(f"{many(len(found), 'run')}. `assay serve` or `assay worker` trains them; `assay runs` tells how far.")


@click.command("runs")
@click.argument("name", required=False)
@click.option("--declaration", is_flag=True, help="Print the whole declaration of NAME, as it was kept.")
@data_dir_option
def list_runs(name: str | None, declaration: bool, data_dir: Path | None) -> None:
    """List training runs, or tell of one: how far it is, its loss, the learning rate it reached, where it lies.

    \b
      assay runs
      assay runs tiny                            with its warnings and what became of its job
      assay runs tiny --declaration > run.toml
      assay jobs 3 --cancel                      saves and stops; `--retry REASON` goes on
    """
    database = open_database(settings_with(data_dir=data_dir))
    with database.reading() as session:
        found = runs.lines(session, now=datetime.now(UTC))
        if name is None:
            click.echo("\n".join(line(one) for one in found) or "No run was declared yet; `assay train --help`.")
            return
        run = runs.of_name(session, name)
        one = next(each for each in found if each.run.id == run.id)
        events = jobs.events(session, one.job.job.id) if one.job else []
    click.echo(run.declaration if declaration else "\n".join([told(one), *history(events)]), nl=not declaration)


def line(one: RunLine) -> str:
    """A run on one line."""
    folder = Path(one.run.folder)
    far, seen = folders.progress(folder), metrics.read(folder)
    state = one.job.job.state if one.job else "declared"
    parts = [f"step {far.step:,} of {far.steps:,}" if far and far.steps else "not begun"]
    loss = one.model.loss if one.model else seen.newest(metrics.LOSS)
    parts += [] if loss is None else [f"loss {loss:.3f}"]
    peak = folders.peak_learning_rate(folders.facts(folder))
    parts += [] if peak is None else [f"peak learning rate {peak:.2g}"]
    return f"{one.run.name:24} {state:10} {', '.join(parts)}  {one.run.folder}"


def told(one: RunLine) -> str:
    """A run with what the trainer warns of."""
    warned = folders.warnings(folders.facts(Path(one.run.folder)))
    return "\n".join([line(one), *(f"  warning: {words}" for words in warned), *where(one)])


def where(one: RunLine) -> Sequence[str]:
    """Where its model lies, and which job trains it."""
    job = [f"  job {one.job.job.id}"] if one.job else []
    return [*job, *([f"  model: {one.model.folder}"] if one.model else [])]
