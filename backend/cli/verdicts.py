"""`assay judge show`, `import` and `gold`: what a judge said, verdicts from elsewhere, and how far a judge is right."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from backend.cli import judge_words
from backend.cli.house import data_dir_option, one_of, open_database, settings_with
from backend.db.base import LARGEST_NUMBER
from backend.db.session import Database
from backend.domain.judging.gold import trust
from backend.domain.judging.orders import Rule
from backend.domain.judging.published import Format
from backend.errors import Invalid
from backend.services.judging import gold_pairs, judge_reports, packs, published, unpacking
from backend.services.judging.published import Read, Wish
from backend.services.studies.files import Source

STUDY = click.IntRange(1, LARGEST_NUMBER)
EXISTING = click.Path(exists=True, path_type=Path)
FILES = click.Path(exists=True, dir_okay=False, path_type=Path)
PRESET = "gudibande-2023"


def source(path: Path) -> Source:
    """A file by the name under which messages know it."""
    return Source(path, None, path.name)


@click.command()
@click.argument("study", type=STUDY)
@click.option("--name", help="One judge alone.")
@click.option("--json", "as_json", is_flag=True, help="Every number, for scripts.")
@data_dir_option
def show(study: int, name: str | None, as_json: bool, data_dir: Path | None) -> None:
    """Say what the judges of STUDY said: tally, order, what could not be read, and which verdicts to doubt."""
    with open_database(settings_with(data_dir=data_dir)).reading() as session:
        found = judge_reports.reports(session, study, name=name)
    if as_json:
        click.echo(judge_words.as_json([judge_words.report_json(one) for one in found]))
        return
    click.echo("\n\n".join(map(judge_words.of_report, found)) or "No judge has been asked yet.")


@click.command("import")
@click.argument("study", type=STUDY)
@click.argument("sources", metavar="FILE…", nargs=-1, required=True, type=EXISTING)
@click.option("--name", help="The judge's name here; a pack's own name without it.")
@click.option("--candidate", help="Name of a system of the study.")
@click.option("--baseline", help="Name of the system it was compared with.")
@click.option("--format", "form", type=one_of(Format), help="Without it, what the fields say.")
@click.option(
    "--read",
    type=one_of(Read),
    help="Count what the file says, or what is read in the replies.",
)
@click.option(
    "--rule",
    type=one_of(Rule),
    help="How verdicts become one; without it, its authors' rule.",
)
@click.option("--answers", multiple=True, type=FILES, help="Vicuna's answers, to check that these were judged.")
@click.option("--first", help="System that stood first, where a Vicuna file does not say.")
@click.option("--as", "names", multiple=True, metavar="SYSTEM=NAME", help="A system's name in the files.")
@click.option("--model", help="The judge that is meant, where files hold several.")
@click.option("--dry-run", is_flag=True, help="Say what would be understood, and store nothing.")
@data_dir_option
def import_(
    study: int,
    sources: tuple[Path, ...],
    name: str | None,
    candidate: str | None,
    baseline: str | None,
    form: str | None,
    read: str | None,
    rule: str | None,
    answers: tuple[Path, ...],
    first: str | None,
    names: tuple[str, ...],
    model: str | None,
    dry_run: bool,
    data_dir: Path | None,
) -> None:
    """Import verdicts that were given elsewhere into STUDY, or the folder of a replay pack.

    \b
      assay judge import 1 review_gpt35_vicuna-13b.jsonl --name gpt-4 --candidate gpt35 --baseline vicuna-13b
      assay judge import 1 gpt-4_pair.jsonl --name gpt-4 --candidate mine --baseline theirs --as mine=vicuna-13b-v1.3
      assay judge import 1 annotations.json --name ae --candidate mine --baseline text_davinci_003

    Files: Vicuna's reviews, MT-bench's judgements of pairs, AlpacaEval's annotations; or a pack's folder alone. The
    same again adds nothing.
    """
    database = open_database(settings_with(data_dir=data_dir))
    if sources[0].is_dir():
        click.echo(from_pack(database, study, sources, name, dry_run=dry_run))
        return
    if not (name and candidate and baseline):
        raise Invalid("Files of verdicts need --name, --candidate and --baseline.")
    wish = Wish(
        name=name,
        candidate=candidate,
        baseline=baseline,
        form=Format(form) if form else None,
        read=Read(read) if read else None,
        rule=Rule(rule) if rule else None,
        first=first,
        answers=[source(one) for one in answers],
        names=named(names),
        model=model,
    )
    with database.rehearsal() if dry_run else database.transaction() as session:
        found = published.import_verdicts(session, study, [source(one) for one in sources], wish, now=datetime.now(UTC))
        click.echo(judge_words.of_import(found))
    if dry_run:
        click.echo("Nothing was stored.")


def from_pack(database: Database, study: int, folders: tuple[Path, ...], name: str | None, *, dry_run: bool) -> str:
    """A pack's judge and verdicts, come in."""
    if len(folders) > 1:
        raise Invalid("One pack at a time: each has a judge of its own.")
    pack = packs.load(folders[0])
    with database.rehearsal() if dry_run else database.transaction() as session:
        judge, added, already = unpacking.import_pack(session, study, pack, name=name, now=datetime.now(UTC))
        told = f"{added} verdicts added to judge {judge.name}, {already} were there already."
    return f"{told} Nothing was stored." if dry_run else told


def named(given: tuple[str, ...]) -> dict[str, str]:
    """“mine=gpt-4” as gpt-4 -> mine."""
    found = {}
    for one in given:
        system, _, name = one.partition("=")
        if not system or not name:
            raise Invalid(f"--as {one!r} can't be read; write SYSTEM=NAME-IN-THE-FILES.")
        found[name] = system
    return found


@click.command()
@click.argument("sources", metavar="FILE…", nargs=-1, required=True, type=FILES)
@click.option("--study", metavar="NAME", help="Make a study of the pairs, for a judge to be asked about.")
@click.option("--json", "as_json", is_flag=True, help="Every number, for scripts.")
@data_dir_option
def gold(sources: tuple[Path, ...], study: str | None, as_json: bool, data_dir: Path | None) -> None:
    """Say how often a judge is right on gold pairs, before it is trusted.

    \b
    FILE has a row a pair: input, output_1, output_2, label (1 or 2, the right one), and a judge's verdicts: LLMBar's
    results, or winner and winner_swapped (1, 2, tie or empty), the latter with the outputs exchanged.
      assay judge gold Natural_GPT-4_Vanilla_result.json
      assay judge gold Natural.json --study "LLMBar Natural"     then ask any judge, and `assay judge show`
    """
    pairs = gold_pairs.read([source(one) for one in sources])
    if study is not None:
        with open_database(settings_with(data_dir=data_dir)).transaction() as session:
            made = gold_pairs.study(session, pairs, name=study, preset=PRESET, now=datetime.now(UTC)).id
        click.echo(
            f"Study {made} has {len(pairs)} gold pairs. Ask a judge, whose win rate is then its accuracy:\n"
            f"  assay judge ask {made} --name NAME --template mtbench-pair-v2 --candidate {gold_pairs.RIGHT} "
            f"--baseline {gold_pairs.WRONG} --url URL --model MODEL"
        )
        return
    found = trust(pairs)
    if not found.pairs:
        raise Invalid("These pairs hold no verdicts in both orders. To ask a judge about them, give --study NAME.")
    click.echo(judge_words.as_json(asdict(found)) if as_json else judge_words.of_trust(found))
