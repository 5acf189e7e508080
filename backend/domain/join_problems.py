"""What does not fit where outputs are joined, kind by kind: counted, and the first thousand kept to be shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backend.domain.row_facts import Facts, SystemFacts

SHOWN_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Problem:
    """One row to look at."""

    file: str
    line: int
    key: str
    first_words: str
    note: str = ""


@dataclass
class Problems:
    """Every problem of one kind: all are counted, the first thousand are shown."""

    total: int = 0
    rows: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        """Count it, and keep it while there is room."""
        self.total += 1
        if len(self.rows) < SHOWN_ROWS:
            self.rows.append(problem)


# Each kind of problem, and how one of it and a count of it read on.
KINDS = {
    "missing": (
        "prompt without an output on one side (not compared there)",
        "prompts without an output on one side (not compared there)",
    ),
    "duplicate": ("duplicate row (the first is used)", "duplicate rows (the first is used)"),
    "empty": ("empty output (compared: no answer is an answer)", "empty outputs (compared: no answer is an answer)"),
    "identical": ("output identical to the baseline’s", "outputs identical to the baseline’s"),
    "truncated": ("output that looks cut off", "outputs that look cut off"),
    "mismatch": ("id with different prompts (left out)", "ids with different prompts (left out)"),
    "other_prompt": (
        "output with another prompt than the prompts file’s (kept)",
        "outputs with another prompt than the prompts file’s (kept)",
    ),
    "extra_turns": ("output with further turns (the first is used)", "outputs with further turns (the first is used)"),
}


def in_words(kind: str, count: int) -> str:
    """So many problems of a kind: “1 empty output …”, “2 empty outputs …”."""
    one, many = KINDS[kind]
    return f"{count:,} {one if count == 1 else many}"


def note_outputs(
    systems: Sequence[SystemFacts],
    answers: Mapping[str, Mapping[str | bytes, Facts]],
    baseline: str,
    problems: Mapping[str, Problems],
) -> None:
    """Report outputs that are empty, look cut off, have more turns, or are the baseline's to the letter."""
    for system in systems:
        for value, row in answers[system.name].items():
            other = answers[baseline].get(value)
            if row.empty:
                problems["empty"].add(problem(system.file, row))
            elif system.name != baseline and other is not None and other.output == row.output:
                problems["identical"].add(problem(system.file, row, f"the same text as {baseline}, line {other.line}"))
            if row.looks_truncated:
                problems["truncated"].add(problem(system.file, row))
            if row.extra_turns:
                problems["extra_turns"].add(problem(system.file, row, f"{row.extra_turns} further turns are not used"))


def note_other_prompts(rows: Mapping[str, Facts], asked: Facts, files: Mapping[str, str], found: Problems) -> None:
    """Report outputs that come with another prompt than the prompts file has under their id."""
    for name, row in rows.items():
        if row.prompt not in (None, asked.prompt):
            found.add(problem(files[name], row, f"the prompts file, line {asked.line}, has other words"))


def note_missing(
    answers: Mapping[str, object], rows: Mapping[str, Facts], file: str, row: Facts, missing: Problems
) -> None:
    for name in answers:
        if name not in rows:
            missing.add(problem(file, row, f"no output by {name}"))


def note_unasked(
    asked: Mapping[str | bytes, Facts],
    answers: Mapping[str, Mapping[str | bytes, Facts]],
    files: Mapping[str, str],
    prompts_file: str,
    missing: Problems,
) -> None:
    for name, index in answers.items():
        for value, row in index.items():
            if value not in asked:
                missing.add(problem(files[name], row, f"no prompt in {prompts_file}"))


def problem(file: str, row: Facts, note: str = "") -> Problem:
    return Problem(file, row.line, row.key or "", row.first_words, note)
