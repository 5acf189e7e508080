"""`assay data`: the group of commands that make and look at training data."""

import click

from backend.cli.data_keep import keep
from backend.cli.data_mixture import mix
from backend.cli.data_synth import synthesize


@click.group()
def data() -> None:
    """Make training data, and know what is in it."""


for command in (synthesize, mix, keep):
    data.add_command(command)
