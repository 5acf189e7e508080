"""Says what a RUN.toml declares, whole: with its defaults, and paths that no longer depend on where it lies.

    python -m trainer.whole RUN.toml

Whoever keeps that text can train the run after RUN.toml was changed or moved. Loads no torch.
"""

import sys
from pathlib import Path

from trainer.errors import BadRun
from trainer.reading import read, to_toml


def main(words: list[str]) -> int:
    """The exit status: BadRun's, with its sentence on standard error, where the file declares no run."""
    if len(words) != 1:
        sys.stderr.write("python -m trainer.whole RUN.toml\n")
        return BadRun.status
    try:
        sys.stdout.write(to_toml(read(Path(words[0]))))
    except BadRun as error:
        sys.stderr.write(f"{error}\n")
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
