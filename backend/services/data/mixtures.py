"""Builds a mixture that was surveyed: whole, in nested subsets, with a manifest. Knows no terminal.

The same declaration, files and versions give the same bytes: nothing in them tells of when, where or by whom.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, BinaryIO

from backend.domain.data.dialogues import to_line
from backend.errors import Unavailable
from backend.services.data import mixture_files
from backend.services.data.manifests import Written, manifest
from backend.services.data.surveys import Surveyed
from backend.services.data.writing import whole_file

OnDialogue = Callable[[int], None]


def build(found: Surveyed, folder: Path, *, on_dialogue: OnDialogue | None = None) -> Mapping[str, Written]:
    """Write the whole, its subsets and the manifest; file -> what is in it. They are there together or not at all."""
    name, subsets = found.mixture.name, found.mixture.subsets
    targets: dict[str, int | None] = {f"{name}-{size}.jsonl": tokens for size, tokens in subsets.items()}
    targets[f"{name}.jsonl"] = None
    written = {file: Written.empty(target, len(found.sources), len(found.counters)) for file, target in targets.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{folder} can't be written: {error.strerror}.") from None
    with ExitStack() as stack:
        last = stack.enter_context(whole_file(folder / "manifest.json"))
        files = {file: stack.enter_context(whole_file(folder / file)) for file in written}
        sources = [stack.enter_context(source.path.open("rb")) for source in found.sources]
        write(found, sources, files, written, on_dialogue)
        last.write(manifest(found, written))
    return written


def write(
    found: Surveyed,
    sources: Sequence[BinaryIO],
    files: Mapping[str, IO[str]],
    written: Mapping[str, Written],
    on_dialogue: OnDialogue | None,
) -> None:
    """Every dialogue into each file that has room for it; one that is full stays full, so they lie in one another."""
    for number, row in found.order():
        source, label = found.sources[number], found.mixture.sources[number].file
        raw = mixture_files.line_at(sources[number], source, row, label)
        line = to_line(mixture_files.parsed(raw, label, row + 1)) + "\n"
        tokens = [counted[row] for counted in source.tokens]
        answered = [counted[row] for counted in source.answered]
        for file, one in written.items():
            if one.has_room(tokens[found.measure], measure=found.measure):
                files[file].write(line)
                one.add(number, line.encode(), tokens, answered)
        if on_dialogue is not None:
            on_dialogue(1)
