"""`assay import`: files of outputs or of prompts become a study, which is launched later, once others have answered."""

from datetime import UTC, datetime
from pathlib import Path

import click

from backend.cli import progress
from backend.cli.house import data_dir_option, open_database, settings_with
from backend.cli.launch import FILE, source
from backend.errors import Invalid
from backend.services.studies import imports, mentions, studies


@click.command("import")
@click.argument("outputs", nargs=-1, metavar="[NAME=]FILE...")
@click.option("--prompts", type=FILE, help="File of prompts; alone, or where outputs hold none.")
@click.option("--name", default="", help="Of the study.  [default: its systems', or the file's]")
@click.option("--preset", default="gudibande-2023", show_default=True, help="Instructions, options and rules.")
@data_dir_option
def import_(outputs: tuple[str, ...], prompts: Path | None, name: str, preset: str, data_dir: Path | None) -> None:
    """Store a study, whose outputs, or some of them, may be generated here; launch it in its page or by its number.

    \b
      assay import --prompts questions.jsonl           then: assay generate 1 --system mine …
      assay import chatgpt.jsonl                       one system, to compare generated ones with
      assay import mine.jsonl theirs.jsonl             then: assay launch --study 1 --baseline theirs
    """
    if not outputs and prompts is None:
        raise Invalid("Name a file of prompts with --prompts, or files of outputs.")
    settings, asked = studies.preset(preset), source(str(prompts)) if prompts else None
    sources = [source(given) for given in outputs]
    with progress.reading([*sources, *([asked] if asked else [])]) as on_bytes:
        inspected = imports.inspect(sources, prompts=asked, baseline=None, on_bytes=on_bytes)
    click.echo(progress.report(inspected))
    called = name or imports.name_of(inspected)
    database = open_database(settings_with(data_dir=data_dir))
    with database.transaction() as session, progress.storing(inspected) as on_rows:
        study = imports.store(
            session, inspected, name=called, settings=settings, now=datetime.now(UTC), on_rows=on_rows
        )
        mentions.look(session, study)
        study_id = study.id
    click.echo(f"Study {study_id}, {called}, is stored. {onward(study_id, len(inspected.systems))}")


def onward(study_id: int, systems: int) -> str:
    """What comes next: a launch where there is something to compare."""
    if systems > 1:
        return f"Launch it: assay launch --study {study_id} --baseline NAME"
    return f"Its outputs: assay generate {study_id} --help"
