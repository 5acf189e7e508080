"""`assay data mix`: a mixture of dialogues, built from its declaration."""

from pathlib import Path

import click

from backend.cli.progress import bar, many
from backend.services.data import mixtures, surveys
from backend.services.data.manifests import Written
from backend.services.data.surveys import Surveyed

DECLARATION = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("declaration", type=DECLARATION)
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write to.")
@click.option("--dry-run", is_flag=True, help="Read everything, say what there is, and write nothing.")
def mix(declaration: Path, out: Path, dry_run: bool) -> None:
    """Build the mixture that DECLARATION, a TOML file, says, into a folder with a manifest.

    \b
      name = "sharegpt-mix"
      seed = 0
      measure = "gpt2"                       # what subsets are measured with: whitespace, 13a or a tokenizer
      subsets = ["0.3M", "1M", "5M", "20M", "80M", "150M"]         # tokens; each lies within the next
      tokenizers = { gpt2 = "gpt2/tokenizer.json" }
      [[sources]]
      name = "sharegpt"
      file = "sharegpt.jsonl"                # dialogues, as `assay data import` and `synthesize` write them
      licence = "unknown"
      origin = "https://…"
      weight = 0.7                           # share of the tokens; leave it out everywhere to take all there is

    Dialogues that say the same are taken once. Their order follows from the seed and what they say: the same
    declaration and files give the same bytes. The manifest holds counts, tokens, sha256, licences and origins.
    """
    with bar(surveys.size_of(declaration), "Reading") as advance:
        found = surveys.survey(declaration, on_bytes=advance)
    click.echo(surveyed(found))
    if dry_run:
        return
    with bar(sum(len(rows) for rows in found.rows), "Writing") as advance:
        written = mixtures.build(found, out, on_dialogue=advance)
    for file, one in written.items():
        click.echo(line(out / file, one, found))
    click.echo(f"{out / 'manifest.json'} says what is in them.")


def surveyed(found: Surveyed) -> str:
    """What each source has."""
    rows = []
    for number, (declared, stages) in enumerate(zip(found.mixture.sources, found.stages, strict=True)):
        left = many(len(found.rows[number]), "dialogue")
        doubled = stages.doubled + stages.doubled_elsewhere
        gone = f", {doubled:,} more said the same as others" if doubled else ""
        tokens = sum(found.tokens(number))
        rows.append(f"{declared.name}: {left}, {tokens:,} tokens by {found.mixture.measure}{gone}")
    return "\n".join(rows)


def line(path: Path, one: Written, found: Surveyed) -> str:
    """What a file has."""
    tokens = one.tokens[found.measure]
    shares = ", ".join(
        f"{100 * counted[found.measure] / max(tokens, 1):.1f} % {declared.name}"
        for declared, counted in zip(found.mixture.sources, one.source_tokens, strict=True)
    )
    return f"{path}: {many(one.dialogues, 'dialogue')}, {tokens:,} tokens ({shares})"


COMMANDS = (mix,)
