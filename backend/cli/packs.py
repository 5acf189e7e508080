"""`assay judge export`, `rescore` and `compare`: replay packs, and two judges side by side."""

from pathlib import Path

import click

from backend.cli import judge_words
from backend.cli.house import data_dir_option, one_of, open_database, settings_with
from backend.cli.verdicts import STUDY
from backend.db.session import Database
from backend.domain.judging.orders import Orders, Rule
from backend.domain.judging.pack import rescored
from backend.domain.judging.summary import summed
from backend.errors import Invalid
from backend.services.exports import digest
from backend.services.judging import face_offs, judges, packs
from backend.services.judging.face_offs import Side

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("study", type=STUDY)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", required=True, help="The judge.")
@data_dir_option
def export(study: int, folder: Path, name: str, data_dir: Path | None) -> None:
    """Write all that a judge of STUDY said into FOLDER, a replay pack that can be read again without the judge."""
    with open_database(settings_with(data_dir=data_dir)).reading() as session:
        packs.export(session, judges.by_name(session, study, name), folder)
    click.echo(f"{folder} is a replay pack: assay judge rescore {folder}")
    click.echo(f"sha256 of its manifest: {digest(folder / 'manifest.json')}")


@click.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--rule",
    type=one_of(Rule),
    help="How verdicts become one; without it, the judge's own rule.",
)
def rescore(folder: Path, rule: str | None) -> None:
    """Read the replies of the pack in FOLDER again, and say what changed. Needs no database and no judge."""
    pack = packs.load(folder)
    judge, chosen = pack.judge, Rule(rule) if rule else pack.judge.rule
    click.echo(f"{judge.name} ({judge.model}), asked {judge.template}; {judge.orders}, {chosen}")
    click.echo(f"sha256 of its manifest: {digest(folder / 'manifest.json')}")
    for candidate, baseline in pack.comparisons:
        said, changes, kept = rescored(pack, candidate, baseline)
        found = summed(said, orders=judge.orders, rule=chosen)
        click.echo(f"{candidate} against {baseline}")
        lines = judge_words.of_summary(found, candidate, baseline, both=judge.orders == Orders.BOTH)
        click.echo("\n".join([*lines, f"  {len(changes)} verdicts read otherwise than stored"]))
        click.echo("\n".join(judge_words.of_changes(changes)), nl=bool(changes))
        if kept:
            click.echo(f"  {kept} can't be read again, and stand as they were stored")


@click.command()
@click.argument("one")
@click.argument("other")
@click.option("--study", type=STUDY, help="Where judges that are named are of; packs need none.")
@click.option("--candidate", help="Which systems, where a judge compared several.")
@click.option("--baseline")
@click.option("--json", "as_json", is_flag=True, help="Every number, and every prompt that they differ on.")
@data_dir_option
def compare(
    one: str,
    other: str,
    study: int | None,
    candidate: str | None,
    baseline: str | None,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    """Hold two judges against each other: agreement, κ and AC1 with intervals, and where they differ.

    \b
      assay judge compare gpt-4 ours --study 1        two judges of a study, by name
      assay judge compare PACK ours --study 1         a replay pack's judge and a new one
      assay judge compare PACK PACK                   two packs; no database is needed
    """
    if (candidate is None) != (baseline is None):
        raise Invalid("Name both --candidate and --baseline, or neither.")
    pair = (candidate, baseline) if candidate is not None and baseline is not None else None
    needs_house = not (Path(one).is_dir() and Path(other).is_dir())
    database = open_database(settings_with(data_dir=data_dir)) if needs_house else None
    sides = [side(name, study, database, pair) for name in (one, other)]
    found = face_offs.compare(*sides)
    plain = judge_words.as_json(judge_words.face_off_json(found))
    click.echo(plain if as_json else judge_words.of_face_off(found))


def side(name: str, study: int | None, database: Database | None, pair: tuple[str, str] | None) -> Side:
    """A judge by its name or by its pack's folder."""
    if Path(name).is_dir():
        return face_offs.of_pack(packs.load(Path(name)), pair)
    if study is None or database is None:
        raise Invalid(f"{name!r} is no folder of a pack; for a judge by its name say which --study it is of.")
    with database.reading() as session:
        return face_offs.of_study(session, study, name, pair)
