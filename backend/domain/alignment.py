"""Joins the outputs of systems by prompt, and reports what did not fit. Knows no file, only facts of rows.

The texts themselves are never held: a row is a line number, an id and two digests, so that files of any size can join.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count

from backend.domain.join_problems import (
    KINDS,
    Problems,
    note_missing,
    note_other_prompts,
    note_outputs,
    note_unasked,
    problem,
)
from backend.domain.row_facts import Facts, SystemFacts


class AlignmentError(ValueError):
    """Nothing can be compared; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class AlignedPrompt:
    """A prompt to keep: its id, whose row holds its text (None: the prompts file), and each system's line."""

    key: str
    text_from: str | None
    text_line: int
    outputs: Mapping[str, int]


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
