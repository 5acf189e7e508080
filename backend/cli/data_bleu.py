"""`assay data diversity` and `leakage`: how alike training queries are, which evaluation prompts are among them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from backend.cli import queries as reading
from backend.cli.bleu_words import diversity_json, diversity_shown, leakage_json, leakage_shown
from backend.cli.data_meaning import meaning_of, with_meaning
from backend.cli.progress import bar
from backend.domain.bleu import diversity as alike
from backend.domain.bleu import leakage as leaking
from backend.domain.bleu.scoring import Bleu, Smoothing
from backend.domain.queries import Query
from backend.errors import Invalid
from backend.fast.cores import CoreKind, core
from backend.services.data import bleu_reports, reports

FILE = click.Path(path_type=Path, dir_okay=False)
FILES = click.argument("files", nargs=-1, required=True, type=FILE)
MEASURE: tuple[Callable[[Callable[..., None]], Callable[..., None]], ...] = (
    click.option(
        "--smoothing",
        type=click.Choice([one.value for one in Smoothing]),
        default="exp",
        show_default=True,
        help="BLEU's.",
    ),
    click.option("--cased", is_flag=True, help="A capital letter makes another word."),
    click.option(
        "--core",
        "kind",
        type=click.Choice([one.value for one in CoreKind]),
        default="auto",
        help="All come to the same.",
    ),
    click.option("--report", type=FILE, help="A report to keep: `assay data keep` shows it in the pages."),
    click.option("--json", "as_json", is_flag=True, help="Every number, and every text's nearest."),
)


def measured(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options above."""
    for option in reversed(MEASURE):
        command = option(command)
    return command


@click.command()
@FILES
@click.option("--all-turns", is_flag=True, help="Every query of a dialogue, not its first alone.")
@click.option("--both", is_flag=True, help="The higher BLEU of both directions; takes twice the time.")
@measured
def diversity(
    files: tuple[Path, ...],
    *,
    all_turns: bool,
    both: bool,
    smoothing: str,
    cased: bool,
    kind: str,
    report: Path | None,
    as_json: bool,
) -> None:
    """How alike queries are: the BLEU of each with its most similar other one, exactly.

    FILES are dialogues or prompts (JSONL, JSON or CSV, gzipped or not), or .txt with a query a line.

    \b
      assay data diversity train.jsonl              mean, histogram, the nearest pairs to read
      assay data diversity train.jsonl --json       with the nearest of each
    """
    given = read(files, all_turns=all_turns)
    try:
        with bar(len(given) * (1 + both), "Comparing") as advance:
            found = alike.diversity(
                [query.text for query in given],
                core(CoreKind(kind)),
                both=both,
                bleu=Bleu(Smoothing(smoothing), cased),
                on_settled=advance,
            )
    except ValueError as error:
        raise Invalid(f"This can't be told: {error}.") from None
    if report:
        reports.write(report, bleu_reports.diversity_report(found, given, [path.name for path in files]))
    click.echo(json.dumps(diversity_json(found, given)) if as_json else diversity_shown(found, given))


@click.command()
@click.option(
    "--eval", "evaluated", required=True, multiple=True, type=FILE, help="Evaluation prompts; again for more."
)
@click.option("--train", required=True, multiple=True, type=FILE, help="Training data; again for more files.")
@click.option("--threshold", type=click.FloatRange(0, 100), default=leaking.THRESHOLD, show_default=True, help="BLEU.")
@click.option("--answers", is_flag=True, help="Look in the training data's answers too.")
@click.option("--only-above", is_flag=True, help="No nearest text for prompts below the threshold: takes less time.")
@click.option(
    "--embed-url", default="", help="Of OpenAI's interface, with /v1: a third signal, which sees paraphrases."
)
@click.option("--embed-model", default="", help="The embedding model there. Its key: ASSAY_ENGINE_KEYS.")
@click.option(
    "--embed-alike", type=click.FloatRange(-1, 1), default=0.9, show_default=True, help="Marked from this cosine on."
)
@measured
def leakage(
    *,
    evaluated: tuple[Path, ...],
    train: tuple[Path, ...],
    threshold: float,
    answers: bool,
    only_above: bool,
    embed_url: str,
    embed_model: str,
    embed_alike: float,
    smoothing: str,
    cased: bool,
    kind: str,
    report: Path | None,
    as_json: bool,
) -> None:
    """Which evaluation prompts stand in the training data: by BLEU, by sequences of 13 words, and by meaning.

    Prompts are marked with the nearest training text beside them; nothing is deleted.

    \b
      assay data leakage --eval prompts.jsonl --train train.jsonl
      assay data leakage --eval prompts.jsonl --train one.jsonl --train two.jsonl --answers --json
      assay data leakage --eval prompts.jsonl --train train.jsonl --embed-url http://…/v1 --embed-model NAME
    """
    meaning = meaning_of(embed_url, embed_model, embed_alike)
    prompts = read(evaluated, all_turns=False)
    with bar(sum(size_of(path) for path in train), "Comparing") as advance:
        texts = reading.queries(train, all_turns=True, answers=answers, on_bytes=advance)
        found = leaking.leakage(
            [prompt.text for prompt in prompts],
            reading.parts(texts),
            core(CoreKind(kind)),
            threshold=threshold,
            only_above=only_above,
            bleu=Bleu(Smoothing(smoothing), cased),
        )
    if meaning and prompts and found.texts:
        found = with_meaning(found, prompts, train, meaning, answers=answers)
    signature = Bleu(Smoothing(smoothing), cased).signature
    if report:
        told = bleu_reports.leakage_report(
            found,
            prompts,
            evaluation=[path.name for path in evaluated],
            files=[path.name for path in train],
            signature=signature,
            only_above=only_above,
            embedding=embed_model,
        )
        reports.write(report, told)
    click.echo(
        json.dumps({"signature": signature, **leakage_json(found, prompts)})
        if as_json
        else leakage_shown(found, prompts, signature)
    )


def read(files: Sequence[Path], *, all_turns: bool) -> list[Query]:
    with bar(sum(size_of(path) for path in files), "Reading") as advance:
        return list(reading.queries(files, all_turns=all_turns, answers=False, on_bytes=advance))


def size_of(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


COMMANDS = (diversity, leakage)
