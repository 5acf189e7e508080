"""Builds a mixture that was surveyed: whole, in nested subsets, with a manifest. Knows no terminal.

The same declaration, files and versions give the same bytes: nothing in them tells of when, where or by whom.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from backend.domain.data.dialogues import to_line
from backend.errors import Unavailable
from backend.services.data import mixture_files
from backend.services.data.manifests import Written, manifest
from backend.services.data.surveys import Surveyed

OnDialogue = Callable[[int], None]


def build(found: Surveyed, folder: Path, *, on_dialogue: OnDialogue | None = None) -> dict[str, Written]:
    """Write the whole, its subsets and the manifest; file -> what is in it. Each is there whole or not at all."""
    name = found.mixture.name
    targets = {f"{name}-{size}.jsonl": tokens for size, tokens in found.mixture.subsets.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            files = [stack.enter_context(source.path.open("rb")) for source in found.sources]
            opened = {
                file: stack.enter_context((folder / f"{file}.part").open("wb")) for file in (*targets, f"{name}.jsonl")
            }
            written = {
                file: Written.empty(targets.get(file), len(found.sources), len(found.counters)) for file in opened
            }
            write(found, files, opened, written, on_dialogue)
        for file in opened:
            (folder / f"{file}.part").replace(folder / file)
        part = folder / "manifest.json.part"
        part.write_text(manifest(found, written), encoding="utf-8")
        part.replace(folder / "manifest.json")
    except OSError as error:
        raise Unavailable(f"{folder} can't be written: {error.strerror}.") from None
    return written


def write(
    found: Surveyed,
    files: Sequence[BinaryIO],
    opened: Mapping[str, BinaryIO],
    written: Mapping[str, Written],
    on_dialogue: OnDialogue | None,
) -> None:
    """Every dialogue into each file that has room for it; one that is full stays full, so they lie in one another."""
    for number, row in found.order():
        source, label = found.sources[number], found.mixture.sources[number].file
        raw = mixture_files.line_at(files[number], source, row, label)
        line = (to_line(mixture_files.parsed(raw, label, 0)) + "\n").encode()
        tokens = [counted[row] for counted in source.tokens]
        answered = [counted[row] for counted in source.answered]
        for file, one in written.items():
            if one.has_room(tokens[found.measure], measure=found.measure):
                opened[file].write(line)
                one.add(number, line, tokens, answered)
        if on_dialogue is not None:
            on_dialogue(1)
