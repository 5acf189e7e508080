"""`assay try`: from two files of outputs to links for raters and live results, in one command."""

import threading
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import click

from backend.cli.dispatch import dispatching, until_stopped
from backend.cli.house import called, data_dir_option, open_database, settings_with
from backend.cli.launch import SEED, Launched, Wanted, launch_files, takes_files
from backend.cli.results import verdict
from backend.cli.server import address, in_thread, listening, local_address, researcher_link, run, serve_options
from backend.cli.watch import watching
from backend.config import Settings
from backend.db.session import Database
from backend.services.keys import secret_key
from backend.services.rating import links
from backend.services.results import results
from backend.services.tokens import Tokens
from backend.simulator.people import Character, Diary
from backend.simulator.raters import SimulatedRater
from backend.simulator.rating import Sitting
from backend.simulator.surfing import Surfer


@click.command("try")
@takes_files
@serve_options
@data_dir_option
@click.option("--simulate", is_flag=True, help="Let simulated raters vote, print the verdict and leave.")
def try_(wanted: Wanted, host: str, port: int, public_url: str | None, data_dir: Path | None, simulate: bool) -> None:
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
        launched = launch_files(database, wanted, note=" (rehearsal by simulated raters)" if simulate else "")
        paths = rater_paths(settings, database, launched)
        if simulate:
            with in_thread(settings, database, bound):
                simulated(local_address(bound), paths)
            with database.reading() as session:
                found = results.of_batch(session, launched.batch_id, key=secret_key(settings))
            click.echo(f"{verdict(found, launched.batch_id)}\n\nIn the pages: {called()} serve")
            return
        base_url = address(settings, bound)
        seen = watching(database, base_url, key=secret_key(settings))
        with until_stopped(), seen, dispatching(database, settings) as bell:
            announce(settings, base_url, launched.batch_id, paths)
            run(settings, database, bound, bell=bell)


def rater_paths(settings: Settings, database: Database, launched: Launched) -> list[str]:
    """A personal link for each rater that the batch needs, and last an open one."""
    tokens, now = Tokens(secret_key(settings)), datetime.now(UTC)
    with database.transaction() as session:
        personal = links.create_personal(session, launched.batch_id, count=launched.raters, now=now)
        anyone = links.create_open(session, launched.batch_id, now=now)
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
    click.echo(f"Stop with Ctrl-C; everything is kept. Start again with `{called()} serve`.")


def simulated(base_url: str, paths: list[str]) -> None:
    """All personal links rate at once, each with its own seed."""
    click.echo("Simulated raters prefer the longer output four times in five: a rehearsal, no finding about quality.")
    raters = [SimulatedRater(base_url, path, seed=SEED + number) for number, path in enumerate(paths[:-1])]
    threads = [threading.Thread(target=comes, args=(rater,)) for rater in raters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def comes(rater: SimulatedRater) -> None:
    """Through consent, training and entry test, where the study has them, and then to the task."""
    with Surfer() as surfer:
        sitting = Sitting(rater.path, Character(ability=1.0), Random(rater.seed), Diary(), surfer)
        sitting.prepare(surfer.open(f"{rater.base_url}{rater.path}"))
    rater.run()
