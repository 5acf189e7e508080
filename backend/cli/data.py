"""`assay data`: the group of commands about imitation data. A group; what they do is in a file for each part."""

import click

from backend.cli import data_bleu, data_categories, data_mixture, data_sources, data_synth

COMMANDS = (
    *data_sources.COMMANDS,
    data_bleu.diversity,
    data_bleu.leakage,
    *data_synth.COMMANDS,
    *data_mixture.COMMANDS,
    *data_categories.COMMANDS,
)


@click.group()
def data() -> None:
    """Imitation data: read it, clean it, make it from a few examples, mix it, and know what is in it."""


for command in COMMANDS:
    data.add_command(command)
