"""`assay data`: the group of commands about imitation data. What they do is in the modules named data_…"""

import click

from backend.cli import data_keep, data_mixture, data_synth


@click.group()
def data() -> None:
    """Imitation data: make it from a few examples, mix it, know what is in it."""


for command in (*data_synth.COMMANDS, *data_mixture.COMMANDS, data_keep.keep):
    data.add_command(command)
