"""`assay data`: what is in training data. A group; each of its commands is in a file of its own."""

import click

from backend.cli.data_bleu import diversity, leakage


@click.group()
def data() -> None:
    """Look at training data before a model learns from it."""


for command in (diversity, leakage):
    data.add_command(command)
