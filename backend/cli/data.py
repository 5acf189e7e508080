"""`assay data`: the group of commands about imitation data. What they do: data_mixture, data_synth, data_categories."""

import click

from backend.cli import data_categories, data_mixture, data_synth


@click.group()
def data() -> None:
    """Imitation data: make it from a few examples, mix it, know what is in it."""


for command in (*data_synth.COMMANDS, *data_mixture.COMMANDS, *data_categories.COMMANDS):
    data.add_command(command)
