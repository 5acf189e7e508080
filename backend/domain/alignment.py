"""Joins the outputs of systems by prompt, and reports what did not fit. Knows no file, only facts of rows.

The texts themselves are never held: a row is a line number, an id and two digests, so that files of any size can join.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count

from backend.domain.records import Record, prompt_text, text_hash

SHOWN_ROWS = 1_000
SENTENCE_ENDS = tuple(".!?…。！？:;\"'”’»)]}>`*_|~$")
LONG_ENOUGH_TO_BE_CUT = 200


class AlignmentError(ValueError):
    """Nothing can be compared; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is remembered of a row."""

    line: int
    key: str | None
    prompt: bytes | None
    output: bytes
    empty: bool
    looks_truncated: bool
    extra_turns: int
    first_words: str


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """A system's rows, and the file that they are from."""

    name: str
    file: str
    rows: Sequence[Facts]


@dataclass(frozen=True, slots=True)
class AlignedPrompt:
    """A prompt to keep: its id, whose row holds its text (None: the prompts file), and each system's line."""

    key: str
    text_from: str | None
    text_line: int
    outputs: Mapping[str, int]


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


@dataclass(frozen=True)
class Alignment:
    """What can be compared, and the report of what can't."""

    joined_on: str
    baseline: str
    systems: tuple[tuple[str, str, int], ...]
    prompts: tuple[AlignedPrompt, ...]
    problems: Mapping[str, Problems]

    @property
    def comparisons(self) -> dict[str, int]:
        """How many prompts each candidate is compared at."""
        names = [name for name, _, _ in self.systems if name != self.baseline]
        return {name: sum(name in prompt.outputs for prompt in self.prompts) for name in names}

    def to_json(self) -> dict[str, object]:
        """The join report as plain data."""
        return {
            "joined_on": self.joined_on,
            "baseline": self.baseline,
            "systems": [{"name": name, "file": file, "rows": rows} for name, file, rows in self.systems],
            "prompts": len(self.prompts),
            "comparisons": self.comparisons,
            "problems": {
                kind: {
                    "total": found.total,
                    "rows": [
                        {"file": row.file, "line": row.line, "key": row.key, "words": row.first_words, "note": row.note}
                        for row in found.rows
                    ],
                }
                for kind, found in self.problems.items()
            },
        }


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


def facts(record: Record) -> Facts:
    """The little that is remembered of a record."""
    output = record.output or ""
    prompt = prompt_text(record.dialogue) if record.dialogue else None
    return Facts(
        line=record.line,
        key=record.key,
        prompt=None if prompt is None else bytes.fromhex(text_hash(prompt))[:16],
        output=bytes.fromhex(text_hash(output))[:16],
        empty=not output.strip(),
        looks_truncated=looks_truncated(output),
        extra_turns=record.extra_turns,
        first_words=" ".join((output if record.output is not None else prompt or "")[:120].split())[:60],
    )


def looks_truncated(output: str) -> bool:
    """Whether a long output seems to stop in the middle: no sentence's end, or a code fence left open."""
    text = output.rstrip()
    if text.count("```") % 2:
        return True
    return len(text) > LONG_ENOUGH_TO_BE_CUT and not text.endswith(SENTENCE_ENDS)


def align(
    systems: Sequence[SystemFacts], prompts: tuple[str, Sequence[Facts]] | None, *, baseline: str | None
) -> Alignment:
    """Join every system's outputs with the baseline's.

    systems: in the order the user gave them; the last is the baseline unless `baseline` names another.
    prompts: (file, rows) of a file of prompts, or None when the outputs hold them.
    A prompt is kept when the baseline and a candidate answered it. Of fewer than two systems every prompt is kept, for
    others are to answer them yet. Raises AlignmentError when nothing is left.
    """
    if not systems and prompts is None:
        raise AlignmentError("There is nothing to import: give files of outputs, or a file of prompts to be answered.")
    chosen = baseline_of(systems, baseline)
    problems = {kind: Problems() for kind in KINDS}
    everything = [*((prompts,) if prompts else ()), *((system.file, system.rows) for system in systems)]
    joined_on = join_field(everything)
    answers = {system.name: indexed(system.file, system.rows, joined_on, problems["duplicate"]) for system in systems}
    asked = indexed(prompts[0], prompts[1], joined_on, problems["duplicate"]) if prompts else None
    note_outputs(systems, answers, chosen, problems)
    files = {system.name: system.file for system in systems}
    kept = tuple(aligned(chosen, asked, answers, files, prompts[0] if prompts else "", problems))
    if not kept or (systems and not any(prompt.outputs for prompt in kept)):
        raise AlignmentError(nothing_matches(systems, answers, asked, problems))
    sizes = tuple((system.name, system.file, len(system.rows)) for system in systems)
    return Alignment(joined_on, chosen, sizes, kept, problems)


def baseline_of(systems: Sequence[SystemFacts], wanted: str | None) -> str:
    """The baseline's name; empty where no system is there yet."""
    names = [system.name for system in systems]
    if wanted is not None and wanted not in names:
        there = f"the systems are {', '.join(names)}" if len(names) > 1 else f"there is {names[0] if names else 'none'}"
        raise AlignmentError(f"There is no system called {wanted!r}; {there}.")
    return wanted or next(reversed(names), "")


def join_field(everything: Sequence[tuple[str, Sequence[Facts]]]) -> str:
    """ "id" when every row has one, else "prompt" when every row has that."""
    without_id = first_without(everything, "key")
    if without_id is None:
        return "id"
    without_prompt = first_without(everything, "prompt")
    if without_prompt is None:
        return "prompt"
    raise AlignmentError(
        f"The files can't be joined: {without_id} has no id, and {without_prompt} has no prompt. "
        "Give every row an id, or every row its prompt."
    )


def first_without(everything: Sequence[tuple[str, Sequence[Facts]]], attribute: str) -> str | None:
    return next(
        (f"{file}, line {row.line}," for file, rows in everything for row in rows if getattr(row, attribute) is None),
        None,
    )


def indexed(file: str, rows: Sequence[Facts], joined_on: str, duplicates: Problems) -> dict[str | bytes, Facts]:
    """The rows by what they join on; of equal ones the first is kept and the rest reported."""
    index: dict[str | bytes, Facts] = {}
    for row in rows:
        value = row.key if joined_on == "id" else row.prompt
        assert value is not None  # join_field saw to it
        first = index.setdefault(value, row)
        if first is not row:
            duplicates.add(problem(file, row, f"the same {joined_on} as line {first.line}; the first is used"))
    return index


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


def aligned(
    baseline: str,
    asked: Mapping[str | bytes, Facts] | None,
    answers: Mapping[str, Mapping[str | bytes, Facts]],
    files: Mapping[str, str],
    prompts_file: str,
    problems: Mapping[str, Problems],
) -> Iterator[AlignedPrompt]:
    """The prompts to keep, in the order of the prompts file or of first appearance."""
    sources = [asked] if asked is not None else list(answers.values())
    order = dict.fromkeys(value for source in sources for value in source)
    if asked is not None:
        note_unasked(asked, answers, files, prompts_file, problems["missing"])
    seen_texts: dict[bytes, str | bytes] = {}
    used_keys: set[str] = set()
    for value in order:
        rows = {name: index[value] for name, index in answers.items() if value in index}
        text_from, text_row = text_source(value, asked, rows)
        file = prompts_file if text_from is None else files[text_from]
        note_missing(answers, rows, file, text_row, problems["missing"])
        if asked is not None:
            note_other_prompts(rows, text_row, files, problems["other_prompt"])
        outputs = {name: row.line for name, row in rows.items()}
        if len(answers) > 1 and (baseline not in outputs or len(outputs) < 2):
            continue
        if text_row.prompt is None:
            raise AlignmentError(no_prompt_text(file, text_row))
        if asked is None and len({row.prompt for row in rows.values() if row.prompt}) > 1:
            problems["mismatch"].add(problem(file, text_row, "the files have different prompts under this id"))
            continue
        if seen_texts.setdefault(text_row.prompt, value) != value:
            problems["duplicate"].add(
                problem(file, text_row, f"the same prompt as {shown(seen_texts[text_row.prompt])}")
            )
            continue
        key = unused(text_row.key or str(text_row.line), used_keys)
        yield AlignedPrompt(key, text_from, text_row.line, outputs)


def unused(key: str, used: set[str]) -> str:
    """The key, or the key with a number: rows without an id have line numbers, which several files share."""
    free = next(name for name in chain([key], (f"{key}-{number}" for number in count(2))) if name not in used)
    used.add(free)
    return free


def note_other_prompts(rows: Mapping[str, Facts], asked: Facts, files: Mapping[str, str], found: Problems) -> None:
    """Report outputs that come with another prompt than the prompts file has under their id."""
    for name, row in rows.items():
        if row.prompt not in (None, asked.prompt):
            found.add(problem(files[name], row, f"the prompts file, line {asked.line}, has other words"))


def no_prompt_text(file: str, row: Facts) -> str:
    return (
        f"{file}, line {row.line}: neither this nor another file holds the text of prompt {row.key!r}. "
        "Give a file of prompts with --prompts FILE."
    )


def text_source(
    value: str | bytes, asked: Mapping[str | bytes, Facts] | None, rows: Mapping[str, Facts]
) -> tuple[str | None, Facts]:
    """Whose row holds the prompt's text: the prompts file's, else the first system's that has it."""
    if asked is not None:
        return None, asked[value]
    for name, row in rows.items():
        if row.prompt is not None:
            return name, row
    return next(iter(rows.items()))


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


def nothing_matches(
    systems: Sequence[SystemFacts],
    answers: Mapping[str, Mapping[str | bytes, Facts]],
    asked: Mapping[str | bytes, Facts] | None,
    problems: Mapping[str, Problems],
) -> str:
    """Why nothing is left, with what the ids look like on each side."""
    if problems["mismatch"].total:
        return (
            "The files use the same ids for different prompts, so nothing can be compared: "
            f"all {problems['mismatch'].total} ids that match have other prompts."
        )
    sides: dict[str, list[str]] = defaultdict(list)
    for system in systems:
        sides[system.name] = [shown(value) for value in list(answers[system.name])[:3]]
    if asked is not None:
        sides["the prompts file"] = [shown(value) for value in list(asked)[:3]]
    looks = "; ".join(f"{file}: {', '.join(values) or 'no rows'}" for file, values in sides.items())
    answered = "by the baseline and another system" if len(systems) > 1 else f"by {systems[0].name}"
    return f"No prompt was answered {answered}. The first ids are: {looks}."


def shown(value: str | bytes) -> str:
    return repr(value) if isinstance(value, str) else f"prompt {value.hex()[:8]}"


def problem(file: str, row: Facts, note: str = "") -> Problem:
    return Problem(file, row.line, row.key or "", row.first_words, note)
