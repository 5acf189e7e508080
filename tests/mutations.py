"""Makes important lines wrong, one at a time, and sees that a test fails; writes docs/mutations.md.

    python -m tests.mutations               every mutation, a quarter of an hour; writes the page
    python -m tests.mutations WORDS …       those whose name holds these words; writes nothing

It works on a copy of the tree: the checkout is never changed. A mutation is caught when a test fails, not when nothing
can be imported any more; and the same tests must pass before, or a test that always fails would catch everything.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

HOUSE = Path(__file__).parents[1]
LIST = Path(__file__).with_suffix(".toml")
PAGE = HOUSE / "docs" / "mutations.md"
OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}
FAILED = re.compile(r"^FAILED (\S+?::\S+)", re.M)
LEFT_BEHIND = shutil.ignore_patterns(".git", ".venv*", "__pycache__", ".*_cache", ".hypothesis", "assay-data")
HEAD = """# What the tests would notice

Each line was made wrong, alone, and the tests beside it were run: `python -m tests.mutations`, on {date}. {caught} of
{tried} mutations are caught. A test holds each line of this list to the code, so it can't grow stale unseen.

| made wrong | in | before → after | caught by |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One line made wrong. tests: what must notice it; database: on which it must be noticed."""

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]
    database: str = "sqlite"

    def applied(self, text: str) -> str:
        """The text of the file with this line made wrong. ValueError unless the line stands there exactly once."""
        if text.count(self.before) != 1:
            raise ValueError(f"“{self.name}”: the line stands {text.count(self.before)} times in {self.file}, not once")
        return text.replace(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutation. caught_by: the first test that failed; empty where all passed."""

    mutation: Mutation
    caught_by: str
    seconds: float


def listed() -> list[Mutation]:
    """Every mutation, as the list has them."""
    rows = tomllib.loads(LIST.read_text("utf-8"))["mutation"]
    return [Mutation(**{**row, "tests": tuple(row["tests"])}) for row in rows]


def pytest(tree: Path, tests: Sequence[str], database: str) -> subprocess.CompletedProcess[str]:
    """Run these tests in this tree, until the first one fails. No byte code: it is known by its age in seconds."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-k", f"not {OTHER[database]}", *tests],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def control(tree: Path, mutations: Sequence[Mutation]) -> None:
    """The tests as they are pass. Raises RuntimeError, with what they said, where they don't."""
    for database in OTHER:
        tests = sorted({test for one in mutations if one.database == database for test in one.tests})
        if tests and (ran := pytest(tree, tests, database)).returncode:
            raise RuntimeError(f"The tests fail before anything is made wrong:\n{ran.stdout[-3_000:]}{ran.stderr}")


def tried(mutation: Mutation) -> Verdict:
    """Make the line wrong in a copy of the tree, and run its tests there."""
    begun = monotonic()
    with copied() as tree:
        file = tree / mutation.file
        file.write_text(mutation.applied(file.read_text("utf-8")), "utf-8")
        ran = pytest(tree, mutation.tests, mutation.database)
    failed = FAILED.search(ran.stdout)
    if ran.returncode and not failed:
        raise RuntimeError(f"“{mutation.name}” broke more than a test can tell:\n{ran.stdout[-3_000:]}{ran.stderr}")
    return said(Verdict(mutation, failed[1] if failed else "", monotonic() - begun))


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the tree, for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="mutated-") as folder:
        yield Path(shutil.copytree(HOUSE, Path(folder) / "tree", ignore=LEFT_BEHIND))


def trial(mutations: Sequence[Mutation]) -> list[Verdict]:
    """What becomes of each; as many at one time as there are processors."""
    with copied() as tree:
        control(tree, mutations)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(tried, mutations))


def said(verdict: Verdict) -> Verdict:
    """The verdict, told as it comes."""
    what = f"caught by {verdict.caught_by}" if verdict.caught_by else "SURVIVED"
    sys.stdout.write(f"{verdict.mutation.name}: {what} ({verdict.seconds:.0f} s)\n")
    sys.stdout.flush()
    return verdict


def page(verdicts: Sequence[Verdict], *, date: str) -> str:
    """The list, and what caught each."""
    caught = sum(bool(one.caught_by) for one in verdicts)
    return HEAD.format(date=date, caught=caught, tried=len(verdicts)) + "".join(row(one) for one in verdicts)


def row(verdict: Verdict) -> str:
    one = verdict.mutation
    before, after = shown(one.before, one.after), shown(one.after, one.before)
    file, _, test = verdict.caught_by.partition("::")
    caught = f"`{test.partition('[')[0]}` of {file}" if test else "**nothing**"
    return f"| {one.name} | {one.file} | `{before}` → {f'`{after}`' if after else 'nothing'} | {caught} |\n"


def shown(text: str, other: str) -> str:
    """What differs from the other, in one line that fits a cell: of several lines those that are not in both."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and line not in other.splitlines()]
    return " ".join(lines).replace("|", "\\|")


def main() -> int:
    words = sys.argv[1:]
    mutations = [one for one in listed() if not words or any(word in one.name for word in words)]
    verdicts = trial(mutations)
    if not words:
        PAGE.write_text(page(verdicts, date=f"{datetime.now(UTC):%Y-%m-%d}"), "utf-8")
    return int(not all(one.caught_by for one in verdicts))


if __name__ == "__main__":
    sys.exit(main())
