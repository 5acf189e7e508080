"""`assay generate`: outputs of a system for every prompt of a study, from an engine."""

from datetime import UTC, datetime
from pathlib import Path

import click

from backend.cli.asking import Asks, Terms, in_words, refuse_other_budget, takes_engine, takes_terms
from backend.cli.following import followed
from backend.cli.house import data_dir_option, open_database, settings_with
from backend.db.base import LARGEST_NUMBER
from backend.db.session import Database
from backend.domain.asking import Sampling
from backend.domain.recipes import Recipe
from backend.errors import Conflict
from backend.services.asking import estimates, generations, jobs
from backend.services.training import runs

DEFAULTS = Sampling(temperature=0.0, max_tokens=512)


@click.command()
@click.argument("study", type=click.IntRange(1, LARGEST_NUMBER))
@click.option("--system", required=True, help="Name that the outputs get; the same call again goes on where it was.")
@click.option("--run", help="Name of a training run: its model answers, on a vLLM server that is started here.")
@takes_engine
@click.option("--template", default="", help="How a prompt becomes one text; without it, a chat in the model's words.")
@click.option("--instructions", default="", help="What is said first, as the system's instructions.")
@click.option("--sample", default=1, show_default=True, type=click.IntRange(1), help="2: the same system once more.")
@takes_terms
@data_dir_option
def generate(
    study: int,
    system: str,
    run: str | None,
    engine: Asks,
    template: str,
    instructions: str,
    sample: int,
    terms: Terms,
    data_dir: Path | None,
) -> None:
    """Generate outputs for every prompt of STUDY.

    \b
      assay generate 1 --system tiny --engine vllm --model ./checkpoint      a vLLM server, started and stopped
      assay generate 1 --system mine --run tiny      the model of a training run (`assay runs`)
      assay generate 1 --system mine --url http://127.0.0.1:8000/v1 --model NAME   one that runs (`assay serve-model`)
      assay generate 1 --system again --url URL --model NAME --temperature 1 --sample 2    the same system once more
      assay generate 1 --system mine --url URL --model NAME --price-in 2.5 --price-out 10 --budget 3 --dry-run

    What is answered is kept whatever happens: the same call again asks what is missing. The system can then be
    launched against another one, and judged.
    """
    settings = settings_with(data_dir=data_dir)
    database = open_database(settings)
    if run is not None:
        engine = engine.served_from(model_of(database, run))
    recipe = engine.recipe(defaults=DEFAULTS, template=template, instructions=instructions, sample=sample - 1)
    if terms.dry_run:
        with database.rehearsal() as session:
            generations.declare(session, study, system, recipe, now=datetime.now(UTC))
        click.echo(in_words(estimates.of_generation(database, study, system, recipe, terms.manner), terms.manner))
        return
    job_id = put(database, study, system, recipe, terms)
    if job_id is None:
        click.echo(f"{system} has an output for every prompt already.")
        return
    if terms.queue:
        click.echo(f"Job {job_id} is queued; `assay serve` or `assay worker` does it.")
        return
    followed(database, settings, job_id, label="Asking")
    click.echo(f"{system} has an output for every prompt. `assay jobs {job_id}` tells how it went.")


def model_of(database: Database, name: str) -> str:
    """The folder of a run's model. Conflict where it has none yet."""
    with database.reading() as session:
        found = runs.model(session, runs.of_name(session, name))
    if found is None:
        raise Conflict(f"{name} has not been trained to its end; `assay runs {name}` tells how far it is.")
    return found.folder


def put(database: Database, study: int, system: str, recipe: Recipe, terms: Terms) -> int | None:
    """The job that does it: the one that waits already, or a new one; None where nothing is missing."""
    now = datetime.now(UTC)
    with database.transaction() as session:
        made = generations.declare(session, study, system, recipe, now=now)
        done, total = generations.counts(session, made)
        if done == total:
            return None
        job = jobs.live(session, generation_id=made.system_id)
        if job is None:
            job = generations.enqueue(session, made, terms.manner, allowed=terms.budget, now=now)
        refuse_other_budget(job, terms)
        return job.id
