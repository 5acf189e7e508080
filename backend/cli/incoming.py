"""`assay import-ratings`: ratings that were collected elsewhere, in our words or in somebody else's."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from textwrap import shorten

import click

from backend.cli.house import batch_argument, data_dir_option, open_database, settings_with
from backend.db.session import Database
from backend.domain.collected import Collected
from backend.domain.foreign.proposal import Proposal
from backend.domain.mapping import ColumnMapping, to_toml
from backend.errors import Invalid
from backend.services.rating import bringing, collected, incoming
from backend.services.rating.bringing import Report
from backend.services.rating.incoming import Foreign
from backend.services.studies import batches
from backend.services.studies.files import Source

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SHOWN, WIDTH = 5, 100
SIDES = {None: "order unknown", False: "candidate first", True: "baseline first"}


@click.command("import-ratings")
@batch_argument
@click.argument("file", type=FILE)
@click.option("--mapping", type=FILE, help="How to read the columns: a TOML or JSON file instead of the proposal.")
@click.option("--save-mapping", type=click.Path(dir_okay=False, path_type=Path), help="Write the mapping to this file.")
@click.option("--submissions", type=FILE, help="Prolific's export of submissions, for status and time.")
@click.option("--leave-out-problems", is_flag=True, help="Import the other rows where some have problems.")
@click.option("--dry-run", is_flag=True, help="Say what would be imported, and import nothing.")
@click.option("--yes", is_flag=True, help="Import without asking.")
@data_dir_option
def import_ratings(
    batch: int,
    file: Path,
    mapping: Path | None,
    save_mapping: Path | None,
    submissions: Path | None,
    leave_out_problems: bool,
    dry_run: bool,
    yes: bool,
    data_dir: Path | None,
) -> None:
    """Bring ratings that were collected elsewhere into BATCH.

    \b
    FILE has a row a rating (CSV, JSONL or a JSON array) with the columns
      rater        any name; the same name is the same person in the whole study
      prompt       the prompt's id
      candidate    the system's name; may be left out when the batch has only one
      preference   candidate, tie or baseline; or instead of it
      choice       first, second, tie or both_bad, together with an order
      order        “candidate first” or “baseline first”; left out: unknown, and no part of position analysis
      seconds      may be left out

    A file with other columns, such as Mechanical Turk's batch results, is read through a mapping, which is proposed and
    shown before anything is written. On an error nothing is stored.
    """
    database, source = open_database(settings_with(data_dir=data_dir)), source_of(file)
    if mapping is None and submissions is None and incoming.is_ours(source):
        return bring_ours(database, batch, source, dry_run=dry_run)
    with database.reading() as session:
        panel = source_of(submissions) if submissions else None
        foreign = incoming.foreign(session, batches.get(session, batch), source, panel=panel)
    chosen = the_mapping(foreign, mapping, leave_out=leave_out_problems)
    if save_mapping:
        save_mapping.write_text(to_toml(chosen), "utf-8")
    with database.rehearsal() as session:
        report = bringing.take(session, batches.get(session, batch), foreign, chosen, now=datetime.now(UTC))
    click.echo("\n".join(told(foreign, report, chosen)))
    if dry_run:
        return click.echo("\nNothing was imported: this was a dry run.")
    bringing.check(foreign, chosen, report)
    if not yes:
        confirm(report)
    with database.transaction() as session:
        report = bringing.bring(session, batches.get(session, batch), foreign, chosen, now=datetime.now(UTC))
    return click.echo(f"{report.ratings} ratings are in batch {batch}. See them with: assay results {batch}")


def source_of(file: Path) -> Source:
    return Source(file, None, file.name)


def bring_ours(database: Database, batch: int, source: Source, *, dry_run: bool) -> None:
    """A file in our own words, which needs no mapping."""
    with database.rehearsal() if dry_run else database.transaction() as session:
        count = collected.import_ratings(session, batches.get(session, batch), source, now=datetime.now(UTC))
    if dry_run:
        return click.echo(f"{count} ratings would come into batch {batch}. Nothing was imported: this was a dry run.")
    return click.echo(f"{count} ratings are in batch {batch}. See them with: assay results {batch}")


def the_mapping(foreign: Foreign, given: Path | None, *, leave_out: bool) -> ColumnMapping:
    """The mapping of the file that was given, else the proposed one, which is shown with its reasons."""
    if given is not None:
        return incoming.leaving_out(incoming.read_mapping(source_of(given)), leave_out=leave_out)
    proposal = foreign.proposal()
    click.echo("\n".join(proposed(foreign, proposal)))
    return incoming.leaving_out(proposal.mapping, leave_out=leave_out)


def proposed(foreign: Foreign, proposal: Proposal) -> Iterator[str]:
    """The proposal as lines: each part with its column, the reason and examples."""
    yield f"How {foreign.source.label} would be read\n"
    for part in proposal.parts:
        yield f"  {part.name:<22} {' and '.join(part.columns) or '–'}"
        yield f"  {'':<22} {part.reason}"
        if part.examples:
            yield f"  {'':<22} such as {' · '.join(shorten(one, 60, placeholder='…') for one in part.examples)}"
    mapping = proposal.mapping
    for title, table in (("choice", mapping.meanings), ("system", mapping.systems), ("order", mapping.orders)):
        for value, meaning in table.items():
            yield f"  {title + ' ' + repr(value):<38} means {meaning or 'nothing in this batch'}"
    if proposal.unsure:
        yield "\nTo check"
        yield from (f"  {sentence}" for sentence in proposal.unsure)
    yield ""


def told(foreign: Foreign, report: Report, mapping: ColumnMapping) -> Iterator[str]:
    """What the import would do, as lines."""
    of, by = f"of {len(report.prompts):,} prompts", f"by {len(report.raters):,} raters"
    yield f"{report.ratings:,} ratings {of} {by} would come in, of {report.rows:,} rows."
    for reason, count in report.kept_out.most_common():
        yield f"  kept out: {count:,}, {reason}"
    for kind, troubles in report.problems.items():
        yield f"  {'left out' if mapping.leave_out else 'problem'}: {len(troubles):,}, {kind}"
        yield from (f"    {foreign.source.label}, line {one.line}: {one.why}" for one in troubles[:SHOWN])
        if len(troubles) > SHOWN:
            yield f"    … and {len(troubles) - SHOWN:,} more"
    if report.first:
        yield "\nThe first ones"
        yield from (f"  line {one.line}: {as_read(one)}" for one in report.first[:SHOWN])


def as_read(one: Collected) -> str:
    seconds = "" if one.seconds is None else f", {one.seconds:.0f} s"
    candidate = f" ({one.candidate})" if one.candidate else ""
    return f"{one.rater} on {one.prompt}{candidate}: prefers {one.preference}, {SIDES[one.flipped]}{seconds}"


def confirm(report: Report) -> None:
    """A typed yes; Invalid without one, also where nobody can type."""
    if not on_a_terminal():
        raise Invalid("Nothing was imported. If the mapping is right, run this again with --yes.")
    if click.prompt(f"\nImport {report.ratings:,} ratings? Type yes", default="no", show_default=False) != "yes":
        raise Invalid("Nothing was imported.")


def on_a_terminal() -> bool:
    return sys.stdin.isatty()
