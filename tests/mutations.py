"""Makes important lines wrong, one at a time, and sees that a test fails; writes docs/mutations.md.

    python -m tests.mutations               every mutation, a quarter of an hour
    python -m tests.mutations WORD …        those whose name holds one of these; the page keeps the others as they were

It works on a copy of the tree: the checkout is never changed. A mutation is caught when a test fails, not when nothing
can be imported any more; and what failed must pass where nothing is wrong, or a test that always fails would do.
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
FAILED = re.compile(r"^FAILED (\S+?::\w+)", re.M)  # a case of a test may have a name with spaces in it
LEFT_BEHIND = shutil.ignore_patterns(".git", ".venv*", ".*_cache", ".hypothesis", "assay-data")
NOT_CAUGHT = "**nothing**"
HEAD = """# What the tests would notice

Each line was made wrong, alone, and the tests beside it were run: `python -m tests.mutations`, last on {date}.
{caught} of {tried} mutations are caught. A test holds the list to the code, so that it can't grow stale unseen.

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
    """Run these tests in this tree, until the first one fails."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-k", f"not {OTHER[database]}", *tests],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )


def control(verdicts: Sequence[Verdict]) -> None:
    """What has failed passes where nothing is wrong. Raises RuntimeError, with what it said, where it doesn't."""
    with copied() as tree:
        for database in OTHER:
            tests = sorted({one.caught_by for one in verdicts if one.mutation.database == database} - {""})
            if tests and (ran := pytest(tree, tests, database)).returncode:
                raise RuntimeError(f"A test fails where nothing is wrong:\n{ran.stdout[-3_000:]}{ran.stderr}")


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
    """A copy of the tree, for as long as the block runs. Files keep their age, so that compiled ones are used again."""
    with tempfile.TemporaryDirectory(prefix="mutated-") as folder:
        yield Path(shutil.copytree(HOUSE, Path(folder) / "tree", ignore=LEFT_BEHIND))


def trial(mutations: Sequence[Mutation]) -> list[Verdict]:
    """What becomes of each; as many at one time as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        verdicts = list(pool.map(tried, mutations))
    control(verdicts)
    return verdicts


def said(verdict: Verdict) -> Verdict:
    """The verdict, told as it comes."""
    what = f"caught by {verdict.caught_by}" if verdict.caught_by else "SURVIVED"
    sys.stdout.write(f"{verdict.mutation.name}: {what} ({verdict.seconds:.0f} s)\n")
    sys.stdout.flush()
    return verdict


def page(rows: dict[str, str], *, date: str) -> str:
    """The list, and what caught each. rows: of the page, by the mutation's name."""
    caught = sum(NOT_CAUGHT not in one for one in rows.values())
    return HEAD.format(date=date, caught=caught, tried=len(rows)) + "".join(rows.values())


def row(verdict: Verdict) -> str:
    one = verdict.mutation
    before, after = shown(one.before, one.after), shown(one.after, one.before)
    file, _, test = verdict.caught_by.partition("::")
    caught = f"`{test}` of {file}" if test else NOT_CAUGHT
    return f"| {one.name} | {one.file} | `{before}` → {f'`{after}`' if after else 'nothing'} | {caught} |\n"


def rows_of(text: str) -> dict[str, str]:
    """The rows of a page, by the mutation's name."""
    lines = text.partition("|---|")[2].splitlines(keepends=True)[1:]
    return {line.split(" | ")[0].removeprefix("| "): line for line in lines if line.startswith("| ")}


def renewed(text: str, verdicts: Sequence[Verdict], names: Sequence[str]) -> dict[str, str]:
    """The page's rows in the order of these names, those that were tried now in place of earlier ones."""
    rows = rows_of(text) | {one.mutation.name: row(one) for one in verdicts}
    return {name: rows[name] for name in names if name in rows}


def shown(text: str, other: str) -> str:
    """What differs from the other, in one line that fits a cell: of several lines those that are not in both."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and line not in other.splitlines()]
    return " ".join(lines).replace("|", "\\|")


def main() -> int:
    every = listed()
    words = sys.argv[1:]
    verdicts = trial([one for one in every if not words or any(word in one.name for word in words)])
    before = PAGE.read_text("utf-8") if PAGE.exists() else ""
    rows = renewed(before, verdicts, [one.name for one in every])
    PAGE.write_text(page(rows, date=f"{datetime.now(UTC):%Y-%m-%d}"), "utf-8")
    return int(not all(one.caught_by for one in verdicts))


if __name__ == "__main__":
    sys.exit(main())
