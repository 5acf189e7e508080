"""`assay data`: the group of commands about imitation data. What they do: data_sources, data_synth and their like."""

import click

from backend.cli import data_categories, data_mixture, data_sources, data_synth

PARTS = (data_sources, data_synth, data_mixture, data_categories)


@click.group()
def data() -> None:
    """Imitation data: read it, clean it, make it from a few examples, mix it, and know what is in it."""


for part in PARTS:
    for command in part.COMMANDS:
        data.add_command(command)
