"""`assay data`: the group of commands about imitation data. What they do: data_sources."""

import click

from backend.cli import data_sources


@click.group()
def data() -> None:
    """Imitation data: read dialogues, clean them, filter prompts. Works on files; needs no study and no database."""


for command in data_sources.COMMANDS:
    data.add_command(command)
