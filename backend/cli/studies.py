"""`assay studies`, `assay close`: what is there, by number, and a batch that is to give out no more seats."""

from pathlib import Path

import click
from sqlalchemy.orm import Session

from backend.cli.house import batch_argument, data_dir_option, open_database, settings_with
from backend.cli.progress import many
from backend.db.batches import BatchState
from backend.db.studies import Study
from backend.services.studies import batches
from backend.services.studies import studies as service
from backend.services.studies.studies import BatchLine

SHOWN = 50


@click.command()
@click.option("--all", "every", is_flag=True, help=f"Every study, not only the newest {SHOWN}.")
@data_dir_option
def studies(every: bool, data_dir: Path | None) -> None:
    """List the studies and their batches, with the numbers that other verbs take. The newest come last."""
    database = open_database(settings_with(data_dir=data_dir))
    with database.reading() as session:
        found = service.newest(session, most=None if every else SHOWN + 1)
        told = [block(session, study) for study in reversed(found if every else found[:SHOWN])]
    if len(told) < len(found):
        click.echo("Older ones: assay studies --all")
    click.echo("\n".join(told) or "There are no studies yet. Make one: assay try, assay launch or assay import.")


def block(session: Session, study: Study) -> str:
    """A study with its systems, and a line a batch, in the order of their launch."""
    systems = service.outputs_of(session, study.id)
    there = ", ".join(f"{name} ({count or 'no'} outputs)" for name, count in systems.items()) or "no systems yet"
    lines = [line(one) for one in reversed(service.lines(session, study.id))] or [unlaunched(study.id, systems)]
    return "\n".join([f"Study {study.id}  {study.name}", f"  {there}", *(f"  {one}" for one in lines)])


def line(one: BatchLine) -> str:
    """A batch, how far it is, and what it compares with."""
    under_way = "live" if one.batch.state == BatchState.OPEN else one.batch.state
    state = "complete" if one.progress.is_complete else under_way
    ratings = f"{one.progress.rated:,} of {many(one.progress.seats, 'rating')}"
    return f"Batch {one.batch.id}  {state}, {ratings}, against {one.baseline}"


def unlaunched(study_id: int, systems: dict[str, int]) -> str:
    """How a study without batches goes on."""
    if sum(map(bool, systems.values())) < 2:
        return f"not launched: two systems need outputs, see assay generate {study_id} --help"
    return f"not launched: assay launch --study {study_id}"


@click.command()
@batch_argument
@data_dir_option
def close(batch: int, data_dir: Path | None) -> None:
    """Close BATCH for good: it gives out no more seats, and what was judged stays.

    \b
    A launch never changes. One with the wrong baseline is closed, and its study launched again:
      assay close 4
      assay launch --study 2 --baseline theirs
    """
    database = open_database(settings_with(data_dir=data_dir))
    with database.transaction() as session:
        found = batches.get(session, batch)
        batches.close(session, found)
        study_id, rated = found.study_id, batches.progress(session, batch).rated
    click.echo(f"Batch {batch} of study {study_id} is closed, with {many(rated, 'rating')}.")
