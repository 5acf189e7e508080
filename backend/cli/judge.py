"""`assay judge`: a model asked the question that raters are asked, in both orders, with verdicts that outlive it."""

from datetime import UTC, datetime
from pathlib import Path

import click

from backend.cli import judge_words
from backend.cli.asking import Asks, Terms, in_words, refuse_other_budget, takes_engine, takes_terms
from backend.cli.canaries import canaries
from backend.cli.following import followed
from backend.cli.house import data_dir_option, one_of, open_database, settings_with
from backend.cli.packs import compare, export, rescore
from backend.cli.progress import many
from backend.cli.results import shown
from backend.cli.verbs import Verbs
from backend.cli.verdicts import gold, import_, show
from backend.db.base import LARGEST_NUMBER
from backend.db.judges import Judge, Judging
from backend.db.session import Database
from backend.domain.judging.orders import Orders, Rule
from backend.services.asking import jobs
from backend.services.judging import judge_estimates, judge_templates, judgements, judges, judgings
from backend.services.judging.judgements import Tally
from backend.web.render import percent

study_argument = click.argument("study", type=click.IntRange(1, LARGEST_NUMBER))


@click.group(cls=Verbs)
def judge() -> None:
    """Have a model judge outputs, and keep its verdicts.

    \b
      assay judge ask 1 --name gpt --template vicuna --candidate mine --baseline theirs --url URL --model MODEL
      assay judge templates                    what a judge can be asked
      assay judge gold verdicts.json           how often a judge is right, before it is trusted
      assay judge canaries --template vicuna-general --url URL --model MODEL    does it obey outputs?
      assay judge show 1                       what the judges of study 1 said, and what to doubt
      assay judge import 1 reviews.jsonl       verdicts that were given elsewhere
      assay judge export 1 FOLDER --name gpt   a replay pack: rescore it for ever, compare it with a new judge
    """


for command in (show, gold, canaries, import_, export, rescore, compare):
    judge.add_command(command)


@judge.command("templates")
def list_templates() -> None:
    """List the templates that come with Assay, with where they are from."""
    for one in judge_templates.templates().values():
        click.echo(f"{one.name:20} version {one.version}, read as {one.parser}; {one.source} ({one.licence})")
    click.echo(f"{'vicuna':20} vicuna-general, -coding or -math by the prompt's category, as Vicuna and the paper did")


@judge.command()
@study_argument
@click.option("--name", required=True, help="The judge's name; the same call again goes on where it was.")
@click.option("--template", required=True, help="What it is asked: see `assay judge templates`.")
@click.option("--candidate", required=True, help="Name of a system of the study.")
@click.option("--baseline", required=True, help="Name of the system it is compared with.")
@click.option("--orders", type=one_of(Orders), default=Orders.BOTH.value, show_default=True,
              help="Which outputs it sees first; one fixed order is what the paper did.")  # fmt: skip
@click.option("--rule", type=one_of(Rule), default=Rule.AGREE_ELSE_TIE.value, show_default=True,
              help="How the verdicts of both orders become one.")  # fmt: skip
@takes_engine
@takes_terms
@data_dir_option
def ask(
    study: int,
    name: str,
    template: str,
    candidate: str,
    baseline: str,
    orders: str,
    rule: str,
    engine: Asks,
    terms: Terms,
    data_dir: Path | None,
) -> None:
    """Ask a judge about every prompt of STUDY that two systems have outputs to.

    \b
      assay judge ask 1 --name ours --template rater-instructions --candidate A --baseline B --url URL --model NAME
      assay judge ask 1 --name ours --template alpaca --candidate A --baseline B --url URL --model NAME --dry-run
      assay judge ask 1 --name paper --template vicuna --candidate A --baseline B --url URL --model NAME
          --orders baseline_first --rule mean_score                          as the paper did

    A reply that can't be read is asked for once more, and then counted as unparsed: no win, no tie, no loss.
    """
    settings = settings_with(data_dir=data_dir)
    database = open_database(settings)
    now = datetime.now(UTC)
    with database.rehearsal() if terms.dry_run else database.transaction() as session:
        defaults = judges.sampling_for(template)
        one = judges.declare(
            session,
            study,
            name,
            template=template,
            recipe=engine.recipe(defaults=defaults),
            orders=Orders(orders),
            rule=Rule(rule),
            now=now,
        )
        judging = judgings.compare(session, one, candidate=candidate, baseline=baseline, now=now)
        judgings.refuse_apart(session, one, judging)
    if terms.dry_run:
        with database.reading() as session:  # nobody who writes has to wait for it
            click.echo(in_words(judge_estimates.of_judging(session, one, judging, terms.manner), terms.manner))
        return
    job_id = put(database, one, judging, terms)
    if terms.queue and job_id is not None:
        click.echo(f"Job {job_id} is queued; `assay serve` or `assay worker` does it.")
        return
    if job_id is not None:
        followed(database, settings, job_id, label="Judging")
    with database.reading() as session:
        click.echo(told(one, judgements.tally(session, one, judging)))


def put(database: Database, one: Judge, judging: Judging, terms: Terms) -> int | None:
    """The job that does it: the one that waits already, or a new one; None where nothing is missing."""
    with database.transaction() as session:
        done, total = judgings.counts(session, one, judging)
        if done == total:
            return None
        waiting = jobs.live(session, judging_id=judging.id)
        if waiting is None:
            waiting = judgings.enqueue(session, judging, terms.manner, allowed=terms.budget, now=datetime.now(UTC))
        refuse_other_budget(waiting, terms)
        return waiting.id


def told(one: Judge, found: Tally) -> str:
    """What a judge said, in a few lines."""
    said = found.summary
    lines = [
        f"{one.name}: candidate preferred {said.candidate} times, baseline {said.baseline}, neither {said.tie};"
        f" {said.unparsed} unparsed; {found.verdicts} of {found.wanted} verdicts."
    ]
    lines += judge_words.of_models(one.model, found.other_models)
    lines += [f"  {many(count, 'reply', 'replies')} unread: {reason}" for reason, count in sorted(said.reasons.items())]
    if said.rate is not None and said.rate.interval.mean is not None:
        lines.append(f"  win rate {shown(said.rate.interval)} over prompts, for this judge")
    if said.unparsed and said.rate is not None:
        bounds = said.rate.bounds
        lines.append(f"  with every unparsed one lost or won: {percent(bounds.worst)} to {percent(bounds.best)}")
    return "\n".join(lines)
