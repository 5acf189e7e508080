"""Cleaning a dump of dialogues by the preset `paper`, as a ratio to parsing its JSON once in the same run.

python -m benchmarks.bench_cleaning [dialogues]        100,000 by default; one in ten is HTML, one in ten doubled

Memory is told at a tenth of the size and at the whole: what is added is hashes, never texts.
"""

import json
import random
import resource
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

from backend.services.data import cleaning, reading
from backend.services.data.presets import preset
from backend.services.data.tools import tools
from backend.services.studies.files import Source

DIALOGUES = 100_000
SENTENCE = "Words of an answer that is about as long as such answers are, neither short nor very long."
CODE = (
    '<pre><div>python<button>Copy code</button><code class="hljs language-python">print(1 &lt; 2)\n</code></div></pre>'
)
PAGE = f'<div class="markdown prose"><p>{SENTENCE}</p>{CODE}<ul><li>{SENTENCE}</li><li>{SENTENCE}</li></ul></div>'
TEXT = f"{SENTENCE}\n\n```python\nprint(1 < 2)\n```\n\n- {SENTENCE}\n- {SENTENCE}"


def records(count: int) -> Iterator[dict[str, object]]:
    """Dialogues of two questions and two answers, 1 KB each; the tenth asks what another one asked first."""
    drawn = random.Random(1)
    for number in range(count):
        asked = drawn.randrange(number) if number % 10 == 9 else number
        answer = PAGE if number % 10 == 0 else TEXT
        texts = (f"What do you know about the number {asked}?", answer, f"And about {number + 1} and words?", answer)
        said = [{"from": ("human", "gpt")[at % 2], "value": text} for at, text in enumerate(texts)]
        yield {"id": str(number), "conversations": said}


def write(path: Path, count: int) -> Source:
    with path.open("w") as file:
        file.writelines(json.dumps(record) + "\n" for record in records(count))
    return Source(path, None, path.name)


def parsing(source: Source) -> float:
    """Seconds to parse every line, and nothing else."""
    start = monotonic()
    with source.path.open() as file:
        for line in file:
            json.loads(line)
    return monotonic() - start


def cleaned(source: Source, target: Path) -> tuple[float, int, float]:
    """(seconds, dialogues left, the most memory so far in MB)."""
    start = monotonic()
    found = cleaning.clean([reading.look(source, None)], preset("paper", tools()), target)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return monotonic() - start, found.left, peak


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else DIALOGUES
    with tempfile.TemporaryDirectory() as folder:
        _, _, few = cleaned(write(Path(folder) / "few.jsonl", count // 10), Path(folder) / "few.out.jsonl")
        source = write(Path(folder) / "all.jsonl", count)
        limit = parsing(source)
        seconds, left, peak = cleaned(source, Path(folder) / "all.out.jsonl")
        size = source.path.stat().st_size / 1e6
    print(f"{count:,} dialogues, {size:.0f} MB; parsing their JSON alone: {limit:.1f} s")
    print(f"cleaned in {seconds:.0f} s, {left:,} left; {count / seconds:,.0f} dialogues a second")
    more = (peak - few) * 2**20 / (0.9 * count)
    print(f"peak memory {peak:.0f} MB, and {few:.0f} MB at a tenth: {more:.0f} B more a dialogue")
    print(f"cleaning: {seconds / limit:.0f} times the parsing")


if __name__ == "__main__":
    main()
