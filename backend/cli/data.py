"""`assay data`: the group of commands about imitation data. What they do is in the modules named data_…"""

import click

from backend.cli import data_bleu, data_categories, data_keep, data_mixture, data_sources, data_synth
from backend.cli.verbs import Verbs

PARTS = (data_sources, data_bleu, data_synth, data_mixture, data_categories, data_keep)


@click.group(cls=Verbs)
def data() -> None:
    """Imitation data: read it, clean it, make it from a few examples, mix it, and know what is in it."""


for part in PARTS:
    for command in part.COMMANDS:
        data.add_command(command)
