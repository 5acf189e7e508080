"""`assay judged`: people's votes on some prompts with a judge's scores of all of them."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from backend.cli.house import batch_argument, data_dir_option, open_database, settings_with
from backend.cli.results import shown
from backend.services.keys import secret_key
from backend.services.results import judged as service
from backend.services.results.judged import WithJudge
from backend.services.studies import batches
from backend.services.studies.files import Source
from backend.web.render import percent


@click.command()
@batch_argument
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Every number, for scripts.")
@data_dir_option
def judged(batch: int, file: Path, as_json: bool, data_dir: Path | None) -> None:
    """Win rates of BATCH from its votes and a judge's scores in FILE (prediction-powered, PPI++).

    \b
    FILE has a row a judgement (CSV, JSONL or a JSON array) with the columns
      prompt       the prompt's id
      candidate    the system's name; may be left out when the batch has only one
      preference   candidate, tie or baseline; or instead of it
      score        from 0 (the baseline) to 1 (the candidate)
    Several rows on one prompt, as in both orders, count as their mean. The judge scores prompts that people rated and
    prompts that they did not: launch the batch on a part of the study's prompts, which are then drawn at random.
    """
    settings = settings_with(data_dir=data_dir)
    with open_database(settings).reading() as session:
        found = service.combine(
            session, batches.get(session, batch), Source(file, None, file.name), key=secret_key(settings)
        )
    click.echo(json.dumps([asdict(one) for one in found], indent=2) if as_json else "\n\n".join(map(paragraph, found)))


def paragraph(one: WithJudge) -> str:
    both = one.with_judge
    return "\n".join(
        [
            one.candidate,
            f"  votes alone     {shown(one.votes)}   {one.votes.method}, {both.labelled} prompts",
            f"  with the judge  {percent(both.mean)} [{percent(both.low)}, {percent(both.high)}]   over prompts, for "
            f"these raters; {both.unlabelled} prompts by the judge alone",
            f"  as good as      {both.effective_size:.0f} rated prompts (the judge is trusted {both.tuning:.0%})",
        ]
    )
