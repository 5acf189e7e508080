"""`assay results`: the verdict in the terminal, or every number as JSON or CSV."""

import json
from pathlib import Path

import click

from backend.cli import progress
from backend.cli.house import batch_argument, data_dir_option, open_database, settings_with
from backend.domain.choices import SplitRule
from backend.domain.declared import SPLITS
from backend.domain.results.candidates import CandidateResult
from backend.domain.results.summary import Results
from backend.domain.statistics.intervals import Interval
from backend.services.keys import secret_key
from backend.services.results import results as service
from backend.services.results import schema, tables
from backend.web.render import percent


def print_schema(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print the schema and leave, if it is wanted; needs no batch."""
    if wanted:
        click.echo(json.dumps(schema.of_results(), indent=2, ensure_ascii=False))
        context.exit()


@click.command()
@batch_argument
@click.option("--json", "as_json", is_flag=True, help="Every number, as docs/results.schema.json describes.")
@click.option("--csv", "as_csv", is_flag=True, help="One row a candidate.")
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_schema,
    help="Print the JSON schema of --json and leave.",
)
@data_dir_option
def results(batch: int, as_json: bool, as_csv: bool, data_dir: Path | None) -> None:
    """Print the results of BATCH (a number; `assay try` and the pages show it)."""
    settings = settings_with(data_dir=data_dir)
    with open_database(settings).reading() as session, progress.computing() as on_step:
        found = service.of_batch(session, batch, key=secret_key(settings), on_step=on_step)
    if not as_json and not as_csv:
        click.echo(verdict(found, batch))
        return
    click.echo(
        json.dumps(found.to_json(), indent=2, ensure_ascii=False) if as_json else tables.of_candidates(found),
        nl=as_json,
    )


def verdict(found: Results, batch_id: int) -> str:
    """The results for people: one paragraph a candidate."""
    lines = [
        f"Batch {batch_id}: {found.settled} of {found.comparisons} comparisons settled, "
        f"{found.ratings} ratings by {found.raters} raters"
    ]
    if not found.ratings and not found.excluded:
        names = ", ".join(one.name for one in found.candidates)
        hint = f"`assay links {batch_id}` lists the links for raters, and makes more."
        return "\n".join([*lines, "", f"{names} against {found.baseline}: no rating has arrived yet. {hint}"])
    return "\n".join([*lines, *(paragraph(one, found) for one in found.candidates), "", beside(found)])


def paragraph(one: CandidateResult, found: Results) -> str:
    votes, outcomes, paper = one.votes, one.outcomes, one.majority.equal_or_better
    return "\n".join(
        [
            "",
            f"{one.name} against {found.baseline}",
            f"  votes            {votes.candidate} better, {votes.tie} about the same, {votes.baseline} worse",
            f"  majorities       {outcomes.candidate} better, {outcomes.tie} about the same, {outcomes.baseline} worse,"
            f" {outcomes.split} split{counted(found)}{unsettled(one)}",
            f"  win rate         {shown(one.win_rate)}",
            f"  equal or better  {shown(one.equal_or_better)}   95 % interval, {one.equal_or_better.method}",
            f"  paper's figure   {percent(paper.mean)} ± {percent(paper.standard_deviation)} "
            "(majority outcomes, one standard deviation)",
        ]
    )


def counted(found: Results) -> str:
    """How a comparison without majority counts, as the study declared it."""
    extra = found.split_rule == SplitRule.EXTRA
    rule = SplitRule(found.split_fallback if extra else found.split_rule)
    return f" ({'after two more raters ' if extra else ''}counted {SPLITS[rule]})"


def unsettled(one: CandidateResult) -> str:
    """The comparisons that have no outcome yet, or never will."""
    return f", {one.outcomes.unfinished} not settled" if one.outcomes.unfinished else ""


def beside(found: Results) -> str:
    """What else a reader should know before believing the numbers: agreement, position, style, flags, exclusions."""
    alpha, excess = found.agreement.coefficients.alpha_nominal, found.position.effect.excess_points
    lines = [
        f"agreement         Krippendorff’s α {number(alpha.value)} [{number(alpha.low)}, {number(alpha.high)}]",
        f"position          first {points(excess.mean)} points [{points(excess.low)}, {points(excess.high)}]",
    ]
    for name, one in found.style.candidates.items():
        parts = one.result.decomposition
        if parts.problem is None:
            lines.append(
                f"style             {name}: {points(parts.associated_points.mean)} of "
                f"{points(parts.raw_points.mean)} points are associated with style "
                f"[{points(parts.associated_points.low)}, {points(parts.associated_points.high)}]"
            )
    flagged = sum(bool(one.report.flags) for one in found.each_rater)
    lines.append(
        f"raters            {flagged} of {len(found.each_rater)} flagged, {len(found.excluded)} excluded by rule"
        f"{left_out(found)}"
    )
    return "\n".join(lines)


def left_out(found: Results) -> str:
    """How many votes went with the excluded raters."""
    votes = sum({one.rater: one.votes for one in found.excluded}.values())
    return f" (with {votes} votes, which no number above counts)" if votes else ""


def points(value: float | None) -> str:
    return "–" if value is None else f"{value:+.1f}"


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def shown(interval: Interval) -> str:
    return f"{percent(interval.mean)} [{percent(interval.low)}, {percent(interval.high)}]"
