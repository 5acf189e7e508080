"""Importing and launching two files of outputs, as a ratio to parsing their JSON once in the same run.

python -m benchmarks.bench_import [rows]        100,000 by default, about 2 KB an output
"""

import json
import resource
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from backend.db.migrate import upgrade
from backend.db.session import Database
from backend.services.studies import imports, launching
from backend.services.studies.files import Source
from backend.services.studies.studies import preset

ROWS = 100_000
SENTENCE = "Words of an answer that is about as long as such answers are, neither short nor very long. "


def write(path: Path, rows: int) -> Source:
    with path.open("w") as file:
        for number in range(rows):
            row = {"id": number, "prompt": f"Question {number}?", "output": f"{path.stem} {number}. {SENTENCE * 22}"}
            file.write(json.dumps(row) + "\n")
    return Source(path, None, path.name)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        sources = [write(Path(folder) / f"{name}.jsonl", rows) for name in ("first", "second")]
        size = sum(source.path.stat().st_size for source in sources) / 1e6
        start = monotonic()
        for source in sources:
            with source.path.open() as file:
                for line in file:
                    json.loads(line)
        limit = monotonic() - start
        database = Database(f"sqlite:///{folder}/assay.db")
        upgrade(database)
        start = monotonic()
        inspected = imports.inspect(sources, prompts=None, baseline=None)
        joined = monotonic()
        now = datetime.now(UTC)
        with database.transaction() as session:
            study = imports.store(session, inspected, name="a study", settings=preset("gudibande-2023"), now=now)
        stored = monotonic()
        with database.transaction() as session:
            launching.launch(session, study, baseline="second", seed=1, now=now)
        launched = monotonic()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{rows:,} rows in each of two files, {size:.0f} MB; parsing their JSON alone: {limit:.1f} s")
    print(f"join and report {joined - start:.1f} s, store {stored - joined:.1f} s, launch {launched - stored:.1f} s")
    print(f"import: {(stored - start) / limit:.1f} times the parsing; peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
