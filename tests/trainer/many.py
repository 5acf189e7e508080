"""Does several runs in one process group, one after another: torch and DeepSpeed take ten seconds to load.

python -m tests.trainer.many RUN.toml …         by torchrun, too; RUN.toml.status gets each run's exit status
"""

import sys
from pathlib import Path

from transformers import logging

from trainer import engine, reading
from trainer.errors import TrainerError
from trainer.signals import Stop
from trainer.train import watched


def status(path: Path, world: engine.World) -> str:
    """What the command would have ended with, and said."""
    try:
        watched(reading.read(path), world, Stop())
    except TrainerError as error:
        return f"{error.status}\n{error}"
    return "0\n"


logging.set_verbosity_error()
logging.disable_progress_bar()
here = engine.join()
for name in sys.argv[1:]:
    told = status(Path(name), here)
    if here.rank == 0:
        Path(f"{name}.status").write_text(told, "utf-8")
engine.leave()
