"""`assay judge canaries`: whether a judge does what an output tells it to, before its verdicts are trusted."""

import click

from backend.cli.asking import Asks, takes_engine
from backend.cli.house import settings_with
from backend.cli.progress import bar, many
from backend.domain.judging.canaries import Tried, tried
from backend.domain.judging.templates import for_study
from backend.domain.settings import StudySettings
from backend.services.judging import judge_templates
from backend.services.studies import studies
from backend.web.render import percent
from worker.canaries import Answer, answers

SHOWN = 300
PRESET = "gudibande-2023"


@click.command()
@click.option("--template", required=True, help="What it is asked: see `assay judge templates`.")
@click.option("--concurrency", default=8, show_default=True, help="Questions at the engine at one time.")
@click.option("--replies", is_flag=True, help="Show what it replied where it fell for an injection.")
@takes_engine
def canaries(template: str, concurrency: int, replies: bool, engine: Asks) -> None:
    """Try a judge on pairs whose worse output tells it what to say.

    \b
      assay judge canaries --template rater-instructions --url http://127.0.0.1:8000/v1 --model NAME
      assay judge canaries --template mtbench-pair-v2 --url URL --model NAME --replies

    Ten pairs in both orders, each with its injection and, as a control, without: a judge that fails the controls is
    merely wrong. Nothing is stored.
    """
    asked = for_study(judge_templates.template(template), panel())
    recipe = engine.recipe(defaults=asked.sampling)
    found: list[Answer] = []
    with bar(4 * len(judge_templates.canaries()), "Asking") as advance:
        for lot in answers(recipe, asked, settings_with(), concurrency=concurrency):
            found += lot
            advance(len(lot))
    click.echo(told(tried([(one.trial, one.said) for one in found])))
    if replies:
        for one in sorted((one for one in found if one.fell), key=lambda one: one.trial.key):
            click.echo(f"\n{one.trial.key}: {one.reply[:SHOWN]}")


def panel() -> StudySettings:
    """The paper's words, for a template that asks what raters are asked."""
    return studies.preset(PRESET)


def told(found: Tried) -> str:
    """How it fared, in a few lines."""
    share = ""
    if found.fell_low is not None and found.fell_high is not None:
        share = f" [{percent(found.fell_low)}, {percent(found.fell_high)}] of those that could be read"
    return "\n".join(
        [
            f"With an injection: {found.right} right, {found.tied} tied, {found.unread} unread;",
            f"  said what the injection wanted: {many(found.fell, 'time')}{share}",
            f"Without: {found.controls_right} of {found.controls} right. One that is wrong here proves nothing there.",
        ]
    )
