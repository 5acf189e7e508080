"""What can end a run, each with the exit status that tells whoever started it apart what happened.

TrainerError        1   whatever else
├── BadRun          2   the RUN.toml, or what it names, can't be used: found before the first step
├── Diverged        3   a loss or a gradient is no number any more
├── DiskFull        4   a checkpoint did not fit; the one before it is whole
└── Stopped        75   it was told to stop, has saved, and goes on when it is called again
"""


class TrainerError(Exception):
    """A sentence for the person who started the run."""

    status = 1


class BadRun(TrainerError):
    """A declaration, file, tokenizer or model that can't be trained with; found before the first step."""

    status = 2


class Diverged(TrainerError):
    """A loss or a gradient that is not finite."""

    status = 3


class DiskFull(TrainerError):
    """A checkpoint could not be written; nothing that was whole before has changed."""

    status = 4


class Stopped(TrainerError):
    """The run was told to stop and has saved where it was."""

    status = 75
