"""`assay data categories`: a random sample of queries, sorted by a person into the paper's nine categories."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from backend.cli.asking import Asks, takes_engine
from backend.cli.house import data_dir_option, open_database, settings_with
from backend.cli.progress import bar, many
from backend.cli.verbs import Verbs
from backend.db.base import LARGEST_NUMBER
from backend.domain.data.categories import PAPER, Share
from backend.domain.records import Json
from backend.errors import Invalid
from backend.services.data import categories as service
from backend.services.data import category_words
from backend.services.data.categories import Beside, Sorted
from worker import categories as worker


@click.group(cls=Verbs)
def categories() -> None:
    """Sort a random sample of what users ask into the nine categories of the paper's Table 5.

    \b
      assay data categories draw mix.jsonl --name mix        50 queries of a file, drawn by a seed
      assay serve                                            then sort them at /data/categories, with the keys 1 to 9
      assay data categories judge mix --url URL --model MODEL --judge gpt      a judge's labels beside
      assay data categories show mix                         shares with intervals, agreement
    """


@categories.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--study", type=click.IntRange(1, LARGEST_NUMBER), help="A study's prompts, in place of a file.")
@click.option("--name", required=True, help="Of the review.")
@click.option("--size", default=50, show_default=True, type=click.IntRange(1, 1000), help="Queries to draw.")
@click.option("--seed", default=0, show_default=True, help="Of the draw: the same gives the same sample.")
@data_dir_option
def draw(file: Path | None, study: int | None, name: str, size: int, seed: int, data_dir: Path | None) -> None:
    """Draw a sample of the queries in FILE, or in a study: every turn of a user's, the same text once."""
    if (file is None) == (study is None):
        raise Invalid("Name either a file or a study: `assay data categories draw mix.jsonl`, or `--study 1`.")
    database = open_database(settings_with(data_dir=data_dir))
    with database.transaction() as session:
        texts = service.of_file(file) if file is not None else service.of_study(session, study or 0)
        source = file.name if file is not None else f"study {study}"
        review = service.draw(session, name, texts, source=source, size=size, seed=seed, now=datetime.now(UTC))
        found = service.as_it_is(session, review)
        said = f"{review.name}: {many(len(found.lines), 'query', 'queries')} of {review.of:,} from {review.source}."
        click.echo(f"{said} Sort them with `assay serve`, at /data/categories/{review.id}.")


@categories.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Every number.")
@data_dir_option
def show(name: str, as_json: bool, data_dir: Path | None) -> None:
    """Show the shares of review NAME, and how far judges agree with the person."""
    with open_database(settings_with(data_dir=data_dir)).reading() as session:
        found = service.as_it_is(session, service.named(session, name))
    click.echo(json.dumps(as_numbers(found), ensure_ascii=False, indent=2) if as_json else table(found))


@categories.command()
@click.argument("name")
@click.option("--judge", required=True, help="A name for the judge; the same call again asks what is missing.")
@click.option("--concurrency", default=8, show_default=True, type=click.IntRange(1, 256), help="Questions at a time.")
@takes_engine
@data_dir_option
def judge(name: str, judge: str, concurrency: int, engine: Asks, data_dir: Path | None) -> None:
    """Have a judge sort review NAME, too. Its labels stand beside the person's, and count as none of theirs."""
    if not judge.strip():
        raise Invalid("A judge needs a name: --judge gpt.")
    settings = settings_with(data_dir=data_dir)
    database = open_database(settings)
    recipe = engine.recipe(defaults=category_words.words().sampling)
    with database.reading() as session:
        review = service.named(session, name)
        missing = service.unlabelled(session, review, judge)
    with bar(len(missing), "Asking") as advance:
        for said in worker.labels(recipe, missing, settings, concurrency=concurrency):
            with database.transaction() as session:
                service.store(session, review, judge, said, now=datetime.now(UTC))
            advance(len(said))
    with database.reading() as session:
        click.echo(table(service.as_it_is(session, review)))


def table(found: Sorted) -> str:
    """The shares, a line each, and a line for each judge."""
    review = found.review
    lines = [
        f"{review.name}: {found.labelled} of {len(found.lines)} sorted, drawn from {review.of:,} of {review.source}"
    ]
    lines += [row(one) for one in found.shares]
    if found.shares:
        lines.append("  95 % intervals by Wilson; in brackets, wide enough to hold for all nine at once (Bonferroni)")
    return "\n".join([*lines, *(judged(one) for one in found.judges)])


def row(one: Share) -> str:
    low, high = (100 * bound for bound in one.alone)
    least, most = (100 * bound for bound in one.together)
    name = category_words.words().words[one.category]
    interval = f"{low:4.0f} – {high:3.0f}   [{least:.0f} – {most:.0f}]"
    return f"  {name:14} {one.count:4}   {100 * one.share:5.1f} %  {interval:26} paper {PAPER[one.category]} %"


def judged(one: Beside) -> str:
    """How far a judge agrees."""
    unread = f", {one.unread} of its replies unread" if one.unread else ""
    if not one.pairs:
        return f"  judge {one.name}: {one.labelled} labelled{unread}; none that the person has sorted, too"
    kappa = one.kappa
    if kappa.value is None:
        return f"  judge {one.name}: agrees on {one.agreed} of {one.pairs}{unread}; κ: {kappa.method}"
    bounds = f" [{kappa.low:.2f} – {kappa.high:.2f}]" if kappa.low is not None and kappa.high is not None else ""
    return f"  judge {one.name}: agrees on {one.agreed} of {one.pairs}, κ {kappa.value:.2f}{bounds}{unread}"


def as_numbers(found: Sorted) -> dict[str, Json]:
    """Everything, for machines."""
    return {
        "review": found.review.name,
        "source": found.review.source,
        "seed": found.review.seed,
        "drawn_from": found.review.of,
        "queries": len(found.lines),
        "labelled": found.labelled,
        "shares": [numbers(one) for one in found.shares],
        "judges": [
            {
                "name": one.name,
                "labelled": one.labelled,
                "unread": one.unread,
                "both": one.pairs,
                "agreed": one.agreed,
                "kappa": one.kappa.value,
                "kappa_interval": [one.kappa.low, one.kappa.high],
                "shares": [numbers(share) for share in one.shares],
            }
            for one in found.judges
        ],
    }


def numbers(one: Share) -> dict[str, Json]:
    return {
        "category": one.category,
        "count": one.count,
        "share": one.share,
        "interval": list(one.alone),
        "interval_for_all_nine": list(one.together),
        "paper_percent": PAPER[one.category],
    }


COMMANDS = (categories,)
