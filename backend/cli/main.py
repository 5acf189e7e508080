"""The command `assay`: the list of its verbs, and errors as one sentence."""

import sys

import click

from backend import log
from backend.cli.admin import links, migrate, serve
from backend.cli.backup import backup
from backend.cli.bundles import export, verify
from backend.cli.channels import channel
from backend.cli.crowd import crowd
from backend.cli.data import data
from backend.cli.generate import generate
from backend.cli.importing import import_
from backend.cli.incoming import import_ratings
from backend.cli.jobs import jobs
from backend.cli.judge import judge
from backend.cli.judged import judged
from backend.cli.launch import launch
from backend.cli.money import budget, pay
from backend.cli.plan import plan
from backend.cli.raters import raters
from backend.cli.results import results
from backend.cli.serve_model import serve_model
from backend.cli.simulate import simulate
from backend.cli.studies import close, studies
from backend.cli.train import list_runs, sweep, train
from backend.cli.trial import try_
from backend.cli.verbs import Verbs
from backend.cli.worker import beat, worker
from backend.errors import AppError


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="assay-eval", prog_name="assay")
def assay() -> None:
    """Find out whether a language model is better or only sounds better.

    \b
    Start here:
      assay try                         a demo study, at once
      assay try A.jsonl B.jsonl         your two systems: blind votes by three raters a prompt
      assay try A.jsonl B.jsonl --simulate    rehearse it with simulated raters

    Everything is kept in ./assay-data (SQLite) unless ASSAY_DATABASE_URL names a PostgreSQL database.
    """
    log.configure()


VERBS = (
    try_,
    simulate,
    plan,
    import_,
    launch,
    studies,
    close,
    serve,
    worker,
    beat,
    train,
    sweep,
    list_runs,
    generate,
    judge,
    jobs,
    serve_model,
    data,
    results,
    judged,
    links,
    channel,
    crowd,
    raters,
    budget,
    pay,
    export,
    verify,
    import_ratings,
    backup,
    migrate,
)
for verb in VERBS:
    assay.add_command(verb)


def main() -> None:
    """Run the command; what a person can mend is one sentence on standard error, without a traceback."""
    try:
        assay()
    except AppError as error:
        click.secho(f"assay: {error}", err=True, fg="red")
        sys.exit(1)
