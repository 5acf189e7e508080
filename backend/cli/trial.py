"""`assay try`: from two files of outputs to links for raters and live results, in one command."""

import threading
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path

import click

from backend.cli import progress
from backend.cli.house import data_dir_option, open_database, settings_with
from backend.cli.results import verdict
from backend.cli.server import address, in_thread, listening, researcher_link, run
from backend.cli.watch import announcing_completion
from backend.config import Settings
from backend.db.session import Database
from backend.services import batches, imports, studies
from backend.services import links as links_service
from backend.services.files import Source
from backend.services.keys import secret_key
from backend.services.tokens import Tokens
from backend.simulator.raters import SimulatedRater

SEED = 2023


@click.command("try")
@click.argument("outputs", nargs=-1, metavar="[NAME=]FILE...")
@click.option("--baseline", help="Name of the system the others are compared with.  [default: the last file's]")
@click.option(
    "--prompts", type=click.Path(dir_okay=False, path_type=Path), help="File of prompts, if outputs hold none."
)
@click.option("--preset", default="gudibande-2023", show_default=True, help="Instructions, options and rules.")
@click.option("--seats", type=click.IntRange(1, 99), help="Raters a comparison.  [default: the preset's]")
@click.option("--scrub", is_flag=True, help="Remove what gives a system away (“As an AI model by …”) before launch.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on; 0 for any free one.")
@click.option("--public-url", help="Address at which raters reach this server, as in https://rate.example.org.")
@data_dir_option
@click.option("--simulate", is_flag=True, help="Let simulated raters vote, print the verdict and leave.")
def try_(
    outputs: tuple[str, ...],
    baseline: str | None,
    prompts: Path | None,
    preset: str,
    seats: int | None,
    scrub: bool,
    host: str,
    port: int,
    public_url: str | None,
    data_dir: Path | None,
    simulate: bool,
) -> None:
    """Compare systems by blind votes, now. Without files: the demo study.

    \b
    Each FILE holds one system's outputs, as JSONL, a JSON array or CSV, gzipped or not:
      {"id": 7, "prompt": "Why is the sky blue?", "output": "Because ..."}
    Files are joined on id (id, question_id, task_id, key), else on the prompt's text.
    A rater meets a prompt once, so three files (two candidates) need six people.

    \b
      assay try mine.jsonl chatgpt.jsonl
      assay try 7b=a.jsonl 13b=b.jsonl chatgpt=c.jsonl --prompts questions.jsonl
    """
    settings = settings_with(data_dir=data_dir, public_url=public_url)
    database = open_database(settings)
    with listening(host, 0 if simulate else port) as bound:
        batch_id, raters = prepared(database, outputs, prompts, baseline, preset, seats, scrub)
        base_url = address(settings if not simulate else Settings(), bound)
        paths = rater_paths(settings, database, batch_id, raters)
        if simulate:
            with in_thread(settings, database, bound):
                simulated(base_url, paths)
            with database.reading() as session:
                click.echo(verdict(session, batch_id))
            return
        announce(settings, base_url, batch_id, paths)
        with announcing_completion(database, base_url):
            run(settings, database, bound)


def prepared(
    database: Database,
    outputs: tuple[str, ...],
    prompts: Path | None,
    baseline: str | None,
    preset: str,
    seats: int | None,
    scrub: bool,
) -> tuple[int, int]:
    """Import, say what was found, launch; the batch, and how many raters it needs at least."""
    settings = studies.preset(preset).but(**({"seats": seats} if seats else {}))
    with as_file(files("backend.demo")) as demo:
        sources, asked = chosen(outputs, prompts, demo)
        with progress.reading([*sources, *([asked] if asked else [])]) as on_bytes:
            inspected = imports.inspect(sources, prompts=asked, baseline=baseline, on_bytes=on_bytes)
        click.echo(progress.report(inspected))
        name = " and ".join(system for system in inspected.systems if system != inspected.baseline)
        now = datetime.now(UTC)
        with database.transaction() as session, progress.storing(inspected) as on_rows:
            study = imports.store(
                session,
                inspected,
                name=f"{name} against {inspected.baseline}",
                settings=settings,
                now=now,
                on_rows=on_rows,
            )
            given_away = studies.scrub(session, study.id) if scrub else studies.count_mentions(session, study.id)
            batch = batches.launch(session, study, baseline=inspected.baseline, seed=SEED, now=now)
    click.echo(progress.identity(given_away, scrubbed=scrub))
    return batch.id, settings.seats * (len(inspected.systems) - 1)


def chosen(outputs: tuple[str, ...], prompts: Path | None, demo: Path) -> tuple[list[Source], Source | None]:
    """The files that were named, or the demo's."""
    if not outputs:
        names = ("smooth-talker", "plain-speaker")
        return [Source(demo / f"{name}.jsonl", None, f"{name}.jsonl") for name in names], Source(
            demo / "prompts.jsonl", None, "prompts.jsonl"
        )
    return [source(given) for given in outputs], source(str(prompts)) if prompts else None


def source(given: str) -> Source:
    """FILE or NAME=FILE. A file whose own name holds “=” is still found."""
    name, _, path = given.rpartition("=")
    if name and not Path(given).exists():
        return Source(Path(path), name, Path(path).name)
    return Source(Path(given), None, Path(given).name)


def rater_paths(settings: Settings, database: Database, batch_id: int, raters: int) -> list[str]:
    """A personal link for each rater that the batch needs, and last an open one."""
    tokens, now = Tokens(secret_key(settings)), datetime.now(UTC)
    with database.transaction() as session:
        personal = links_service.create_personal(session, batch_id, count=raters, now=now)
        anyone = links_service.create_open(session, batch_id, now=now)
        return [f"/r/{tokens.sign('link', link.id)}" for link in personal] + [f"/o/{tokens.sign('open', anyone.id)}"]


def announce(settings: Settings, base_url: str, batch_id: int, paths: list[str]) -> None:
    """Print where everybody goes."""
    *personal, anyone = paths
    click.echo(f"\nSend one link to each of {len(personal)} people:")
    for path in personal:
        click.secho(f"  {base_url}{path}", fg="cyan")
    click.echo(f"or this one to everybody:\n  {base_url}{anyone}\n")
    click.echo(f"Researcher:    {researcher_link(settings, base_url)}")
    click.echo(f"Live results:  {base_url}/batches/{batch_id}/results   (after the researcher's link)")
    click.echo("Stop with Ctrl-C; everything is kept. Start again with `assay serve`.")


def simulated(base_url: str, paths: list[str]) -> None:
    """All personal links rate at once, each with its own seed."""
    click.echo("Simulated raters prefer the longer output four times in five: a rehearsal, no finding about quality.")
    raters = [SimulatedRater(base_url, path, seed=SEED + number) for number, path in enumerate(paths[:-1])]
    threads = [threading.Thread(target=rater.run) for rater in raters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
