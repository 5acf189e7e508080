"""`assay data import`, `clean`, `presets`, `filter-prompts` and `measure-filters`: where dialogues come from."""

from pathlib import Path

import click

from backend.cli import data_words, progress
from backend.cli.house import one_of
from backend.cli.launch import FILE
from backend.domain.data.cleaning import Cleaning, step_from
from backend.domain.data.kinds import Kind
from backend.errors import Invalid
from backend.services.data import cleaning, presets, prompts, reading
from backend.services.data.cleaning import Cleaned
from backend.services.data.tools import identify, tools
from backend.services.studies.files import Source

FILES = click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
OUT = click.option("--out", required=True, type=FILE, help="File to write, JSONL. It is replaced whole, or not at all.")
AS = click.option("--as", "kind", type=one_of(Kind), help="What the files are.  [default: told by their first records]")


@click.command("import")
@FILES
@OUT
@AS
def import_(files: tuple[Path, ...], out: Path, kind: str | None) -> None:
    """Read dialogues as people keep them, and write them as Assay does: {id, source, turns: [{role, text}], meta}.

    \b
      assay data import sharegpt.json hc3.jsonl --out dialogues.jsonl
      assay data import channel.json --as discord --out discord.jsonl

    Known are dumps of ShareGPT (HTML or Markdown), HC3, channels from DiscordChatExporter, logs of OpenAI's interface,
    Alpaca's and Self-Instruct's rows, plain pairs, and what this command wrote; JSONL, JSON arrays or CSV, gzipped or
    not. Nothing is judged: rows that are none of these are left out, each with its line; the rest is for `clean`.
    """
    click.echo("\n".join(data_words.of_import(run(files, kind, presets.UNTOUCHED, out), out)))


@click.command()
@FILES
@OUT
@AS
@click.option("--preset", "name", default="paper", show_default=True, help="Which steps; see `assay data presets`.")
@click.option("--steps", type=FILE, help="TOML: steps of your own instead.")
@click.option("--skip", multiple=True, metavar="STEP", help="Switch a step off; may be given several times.")
@click.option("--split-words", type=click.IntRange(1), help="At the end, cut dialogues into parts of so many words.")
def clean(
    files: tuple[Path, ...],
    out: Path,
    kind: str | None,
    name: str,
    steps: Path | None,
    skip: tuple[str, ...],
    split_words: int | None,
) -> None:
    """Clean dialogues by the steps of a cleaning, and say of each step what went and why.

    \b
      assay data clean sharegpt.json --out clean.jsonl
      assay data clean dialogues.jsonl --preset fastchat --skip length --out clean.jsonl
      assay data clean dialogues.jsonl --steps mine.toml --split-words 1500 --out clean.jsonl

    Takes every file that `import` takes. Beside FILE lies FILE.report.json, with the counts, and samples of what went.
    The same dialogues in another order leave the same ones.
    """
    chosen = presets.of_file(steps, tools()) if steps else presets.preset(name, tools())
    try:
        chosen = chosen.without(skip)
    except ValueError as error:
        raise Invalid(f"The preset {error}.") from None
    if split_words:
        chosen = chosen.then(step_from({"step": "split", "longest": split_words, "counted_in": "words"}, tools()))
    click.echo("\n".join(data_words.of_cleaning(run(files, kind, chosen, out), out)))


def run(files: tuple[Path, ...], kind: str | None, chosen: Cleaning, out: Path) -> Cleaned:
    """Read, clean and write, with a bar over the bytes."""
    sources = [Source(path, None, path.name) for path in files]
    found = [reading.look(source, Kind(kind) if kind else None) for source in sources]
    with progress.reading(sources) as on_bytes:
        return cleaning.clean(found, chosen, out, on_bytes=on_bytes)


@click.command("presets")
def presets_() -> None:
    """List the presets of cleaning and their steps, in order."""
    for preset in presets.presets(tools()).values():
        click.echo(f"{preset.name}: {preset.about}")
        click.echo(f"  {' → '.join(step.name for step in preset.steps)}")


@click.command("filter-prompts")
@click.argument("file", type=FILE)
@OUT
@click.option("--gone", type=FILE, help="File for the prompts that go, each with its verdict and why.")
def filter_prompts(file: Path, out: Path, gone: Path | None) -> None:
    """Keep evaluation prompts that raters can judge: in English, and not about code. Says of the others why.

    \b
      assay data filter-prompts questions.jsonl --out kept.jsonl --gone gone.jsonl
    """
    source = Source(file, None, file.name)
    with progress.reading([source]) as on_bytes:
        found = prompts.filter_file(source, identify, out, gone, on_bytes=on_bytes)
    click.echo("\n".join(data_words.of_filtering(found, out)))


@click.command("measure-filters")
@click.argument("file", type=FILE)
def measure_filters(file: Path) -> None:
    """Print the filters' precision and recall on labelled prompts: {prompt, expect: keep, non_english or coding}.

    \b
      assay data measure-filters labelled.jsonl
    """
    click.echo("\n".join(data_words.of_measuring(*prompts.measure_file(Source(file, None, file.name), identify))))


COMMANDS = (import_, clean, presets_, filter_prompts, measure_filters)
