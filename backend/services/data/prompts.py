"""Files of evaluation prompts through the filters of language and coding, and the filters on labelled prompts."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.domain.data.dialogues import mended
from backend.domain.data.languages import Identify
from backend.domain.data.prompts import Judged, Measured, Verdict, judged, measured
from backend.domain.records import Row, RowProblem, prompt_record, prompt_text
from backend.errors import Invalid
from backend.services.data.writing import whole_file
from backend.services.studies import files
from backend.services.studies.files import OnBytes, Source


@dataclass(frozen=True, slots=True)
class Filtered:
    """How many prompts have each verdict, and the first that went, (line, why, words)."""

    counts: dict[Verdict, int]
    gone: list[tuple[int, Judged]]


@dataclass(frozen=True, slots=True)
class Missed:
    """A labelled prompt that was told otherwise."""

    line: int
    labelled: Verdict
    told: Judged
    prompt: str


def filter_file(
    source: Source, identify: Identify, target: Path, gone: Path | None, *, on_bytes: OnBytes | None = None
) -> Filtered:
    """Write the rows that stay to `target`, as they were; those that go to `gone`, each with its verdict and why."""
    counts: Counter[Verdict] = Counter()
    left_out = []
    with whole_file(target) as file:
        for row, found in verdicts(source, identify, on_bytes):
            counts[found.verdict] += 1
            if found.verdict == Verdict.KEEP:
                file.write(as_line(row) + "\n")
            else:
                left_out.append((row, found))
    if gone is not None:
        with whole_file(gone) as file:
            file.writelines(as_line(row, found) + "\n" for row, found in left_out)
    return Filtered({verdict: counts[verdict] for verdict in Verdict}, [(row.line, found) for row, found in left_out])


def as_line(row: Row, found: Judged | None = None) -> str:
    """A row as it was, with what was found where it goes."""
    told = {"filtered": {"verdict": found.verdict, "why": found.why, "what": found.what}} if found else {}
    return mended(json.dumps({**row.fields, **told}, ensure_ascii=False))


def verdicts(source: Source, identify: Identify, on_bytes: OnBytes | None) -> Iterator[tuple[Row, Judged]]:
    """Every prompt of a file with its verdict. Invalid with the line of a row that has none."""
    for row in files.rows(source, on_bytes=on_bytes):
        yield row, judged(text_of(source, row), identify)


def text_of(source: Source, row: Row) -> str:
    """What a row asks."""
    try:
        dialogue = prompt_record(row).dialogue
    except RowProblem as problem:
        raise Invalid(f"{source.label}, line {row.line}: {problem}.") from None
    return prompt_text(dialogue or ())


def measure_file(source: Source, identify: Identify) -> tuple[list[Measured], list[Missed]]:
    """Precision and recall on labelled prompts, and every prompt that was told otherwise than labelled."""
    pairs, missed = [], []
    for row, found in verdicts(source, identify, None):
        labelled = label_of(source, row)
        pairs.append((labelled, found.verdict))
        if labelled != found.verdict:
            missed.append(Missed(row.line, labelled, found, text_of(source, row)))
    return measured(pairs), missed


def label_of(source: Source, row: Row) -> Verdict:
    """What a prompt is labelled as."""
    expected = row.fields.get("expect")
    if expected not in list(Verdict):
        raise Invalid(
            f"{source.label}, line {row.line}: expect is {expected!r}; it must be one of {', '.join(Verdict)}."
        )
    return Verdict(str(expected))
