"""A foreign file of ratings beside the batch that it is for: what is known of both, and how it may be read."""

import json
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.comparisons import Comparison
from backend.db.outputs import Output, System
from backend.db.studies import Prompt
from backend.domain.choices import Choice, Preference
from backend.domain.foreign.cells import Cells, cells
from backend.domain.foreign.lens import Lens
from backend.domain.foreign.proposal import Proposal, propose
from backend.domain.foreign.recognition import Known, known
from backend.domain.foreign.sheet import Sheet, sheet
from backend.domain.foreign.submissions import Submissions, submissions
from backend.domain.mapping import ANY, ColumnMapping, from_json
from backend.domain.records import Json, Turn, prompt_text
from backend.errors import Invalid
from backend.services.rating import collected as ours
from backend.services.studies.batches import names_of
from backend.services.studies.files import Source, rows

SAMPLE = 5_000
PREVIEWED = 8


@dataclass(frozen=True)
class Foreign:
    """A file with what a batch knows: its first rows, their columns, and a panel's submissions if there are any."""

    source: Source
    header: tuple[str, ...]
    sample: tuple[Cells, ...]
    known: Known
    submissions: Submissions | None

    def sheet(self) -> Sheet:
        return sheet(self.header, self.sample, self.known)

    def proposal(self) -> Proposal:
        return propose(self.header, self.sample, self.known, self.submissions)


def is_ours(source: Source) -> bool:
    """Whether the file speaks our own words, so that it needs no mapping."""
    sample = [cells(row) for row in islice(rows(source), SAMPLE)]
    names = set(sample[0])
    said = {row.get("preference", "") for row in sample} | {row.get("choice", "") for row in sample}
    named = "rater" in names and bool(names & set(ours.PROMPT_COLUMNS)) and bool(names & {"preference", "choice"})
    return named and bool(said & {*Preference, *Choice})


def foreign(session: Session, batch: Batch, source: Source, *, panel: Source | None = None) -> Foreign:
    """The file and the batch side by side. Raises Invalid where the file, or the panel's export, can't be read."""
    sample = tuple(cells(row) for row in islice(rows(source), SAMPLE))
    header = tuple(dict.fromkeys(name for row in sample for name in row))
    return Foreign(source, header, sample, known_of(session, batch), submissions_in(panel) if panel else None)


def submissions_in(panel: Source) -> Submissions:
    try:
        return submissions(panel.label, (cells(row) for row in rows(panel)))
    except ValueError as error:
        raise Invalid(f"{panel.label} {error}. Is it a panel’s export of submissions?") from None


def known_of(session: Session, batch: Batch) -> Known:
    """The batch's prompts by id and text, its systems, and what those answered, as stored and as shown."""
    names = names_of(session, batch)
    drawn = session.scalars(select(Comparison.candidate_id).where(Comparison.batch_id == batch.id).distinct()).all()
    here = select(Comparison.prompt_id).where(Comparison.batch_id == batch.id)
    asked = session.execute(select(Prompt.key, Prompt.dialogue).where(Prompt.id.in_(here))).all()
    answered = session.execute(
        select(Prompt.key, System.name, Output.text, Output.shown)
        .join(Prompt, Prompt.id == Output.prompt_id)
        .join(System, System.id == Output.system_id)
        .where(Prompt.id.in_(here), System.id.in_([batch.baseline_id, *drawn]))
    )
    return known(
        baseline=names[batch.baseline_id],
        candidates=sorted(names[one] for one in drawn),
        prompts=(
            (key, text)
            for key, dialogue in asked
            for text in {prompt_text([Turn(**turn) for turn in dialogue]), dialogue[-1]["text"]}
        ),
        outputs=(
            (key, system, one) for key, system, text, shown in answered for one in {text, shown} if one is not None
        ),
    )


def read_mapping(source: Source) -> ColumnMapping:
    """A mapping from a TOML or JSON file."""
    try:
        return from_json(parsed(source.path.read_text("utf-8-sig")))
    except OSError as error:
        raise Invalid(f"{source.label} can't be opened: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Invalid(f"{source.label} is not UTF-8; save it as UTF-8.") from None
    except ValueError as error:
        raise Invalid(f"{source.label} {error}.") from None


def parsed(text: str) -> Mapping[str, Json]:
    """TOML, or JSON where it begins like an object. Raises ValueError, in words that follow the file's name."""
    try:
        return json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"is no JSON ({error})") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"is no TOML ({error})") from None


def leaving_out(mapping: ColumnMapping, *, leave_out: bool) -> ColumnMapping:
    """The mapping, with rows that have problems left out where that is asked."""
    return replace(mapping, leave_out=mapping.leave_out or leave_out)


def lens_of(file: Foreign, mapping: ColumnMapping) -> Lens:
    """The mapping, ready to read this file with. Raises Invalid where it lacks a part or names a strange column."""
    if mapping.lacks:
        raise Invalid(
            f"Nothing says {' or '.join(mapping.lacks)}. Say in the mapping which column of {file.source.label} it is: "
            f"{', '.join(file.header)}."
        )
    for name in (
        mapping.rater,
        mapping.prompt,
        mapping.candidate,
        mapping.first,
        mapping.second,
        mapping.choice,
        mapping.order_column,
        mapping.seconds,
        mapping.status,
        mapping.assignment,
        mapping.session,
    ):
        if name and name not in file.header and ANY not in name:
            raise Invalid(f"{file.source.label} has no column {name!r}, which the mapping names.")
    shared = Counter[str]()
    if file.submissions and mapping.share_time:
        for _, row in read(file.source):
            shared[row.get(mapping.session, "") or row.get(mapping.rater, "")] += 1
    return Lens(mapping, file.known, file.submissions, shared)


def read(source: Source) -> Iterator[tuple[int, Cells]]:
    """(line, cells) of each row."""
    return ((row.line, cells(row)) for row in rows(source))
