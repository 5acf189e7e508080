"""`assay serve`, `assay links`, `assay migrate`: keeping a server and its studies going."""

from datetime import UTC, datetime
from pathlib import Path

import click

from backend.cli.dispatch import dispatching, until_stopped
from backend.cli.house import batch_argument, data_dir_option, open_database, settings_with
from backend.cli.server import address, listening, researcher_link, run, run_several, serve_options
from backend.cli.watch import watching
from backend.config import Settings
from backend.db.session import Database
from backend.services.keys import secret_key
from backend.services.rating import links as links_service
from backend.services.studies import batches, studies
from backend.services.tokens import Tokens


@click.command()
@serve_options
@click.option("--processes", default=1, show_default=True, help="Server processes.")
@data_dir_option
def serve(host: str, port: int, public_url: str | None, processes: int, data_dir: Path | None) -> None:
    """Serve the studies that are there, and print the researcher's link."""
    settings = settings_with(data_dir=data_dir, public_url=public_url)
    database = open_database(settings)
    with listening(host, port) as bound, until_stopped():
        base_url = address(settings, bound)
        click.echo(f"Researcher: {researcher_link(settings, base_url)}")
        click.echo(f"{there(database, settings)}Stop with Ctrl-C.")
        with watching(database, base_url, key=secret_key(settings)), dispatching(database, settings) as bell:
            if processes == 1:
                run(settings, database, bound, bell=bell)
            else:
                run_several(settings, bound, processes)


def there(database: Database, settings: Settings) -> str:
    """That there is nothing yet, which in another folder than before says where the studies are looked for."""
    with database.reading() as session:
        if studies.newest(session, most=1):
            return ""
    place = "the database" if settings.database_url else f"the folder {settings.data_dir.resolve()}"
    return f"There are no studies in {place} yet; the page “New study” makes one.\n"


@click.command()
@batch_argument
@click.option("--personal", default=0, show_default=True, help="How many new personal links to make.")
@click.option("--open", "open_link", is_flag=True, help="Make a link that many people can use.")
@click.option("--public-url", default="http://127.0.0.1:8000", show_default=True, help="Address of the server.")
@data_dir_option
def links(batch: int, personal: int, open_link: bool, public_url: str, data_dir: Path | None) -> None:
    """Make links for raters of BATCH, or list the ones there are.

    \b
    assay links 1                 list them
    assay links 1 --personal 6    six more people
    """
    settings = settings_with(data_dir=data_dir, public_url=public_url)
    database, tokens, now = open_database(settings), Tokens(secret_key(settings)), datetime.now(UTC)
    with database.transaction() as session:
        batches.get(session, batch)
        links_service.create_personal(session, batch, count=personal, now=now)
        if open_link:
            links_service.create_open(session, batch, now=now)
        found = links_service.of_batch(session, batch)
    base_url = public_url.rstrip("/")
    for link, rater in found:
        kind, path = ("open", "o") if rater is None else ("link", "r")
        note = " (revoked)" if link.revoked_at else ""
        click.echo(
            f"{rater.external_id if rater else 'anyone':12} {base_url}/{path}/{tokens.sign(kind, link.id)}{note}"
        )


@click.command()
@data_dir_option
def migrate(data_dir: Path | None) -> None:
    """Bring the database to the newest schema. Other verbs do it too; this is for deployments."""
    settings = settings_with(data_dir=data_dir)
    shown = open_database(settings).engine.url.render_as_string(hide_password=True)
    click.echo(f"{shown} has the newest schema.")
