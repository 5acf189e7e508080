"""Rows of a foreign file become ratings, or are kept out, or are problems. All or nothing.

A rehearsal stores every row under the rules of the database, in a transaction that is then rolled back: what it says of
the import is what the import would do.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.batches import Batch
from backend.db.raters import Channel, Rater
from backend.db.studies import Prompt
from backend.domain.collected import Collected
from backend.domain.foreign.lens import KeptOut, Problem
from backend.domain.foreign.reading import collected
from backend.domain.mapping import ColumnMapping
from backend.errors import Invalid
from backend.services.rating import collected as ours
from backend.services.rating.incoming import Foreign, lens_of, read

PREVIEWED = 8


@dataclass(frozen=True)
class Trouble:
    """A row that can't come in, and why."""

    line: int
    why: str


@dataclass
class Report:
    """What an import does, or would do. `problems`: kind -> rows; `first`: the first ratings as they are understood."""

    rows: int = 0
    ratings: int = 0
    raters: set[str] = field(default_factory=set)
    prompts: set[str] = field(default_factory=set)
    kept_out: Counter[str] = field(default_factory=Counter)
    problems: dict[str, list[Trouble]] = field(default_factory=dict)
    first: list[Collected] = field(default_factory=list)

    @property
    def troubles(self) -> int:
        return sum(map(len, self.problems.values()))

    def add_problem(self, kind: str, line: int, why: str) -> None:
        self.problems.setdefault(kind, []).append(Trouble(line, why))

    def add(self, row: Collected) -> None:
        self.ratings += 1
        self.raters.add(row.rater)
        self.prompts.add(row.prompt)
        if len(self.first) < PREVIEWED:
            self.first.append(row)


def bring(session: Session, batch: Batch, file: Foreign, mapping: ColumnMapping, *, now: datetime) -> Report:
    """Store the file's ratings. Raises Invalid as `check` does, and then the transaction must not be kept."""
    report = take(session, batch, file, mapping, now=now)
    check(file, mapping, report)
    return report


def check(file: Foreign, mapping: ColumnMapping, report: Report) -> None:
    """Raises Invalid with the first problem, unless rows with problems are left out; and where nothing comes in."""
    if report.problems and not mapping.leave_out:
        raise Invalid(refusal(file, report))
    if not report.ratings:
        raise Invalid(f"{file.source.label} holds no rating that counts, so nothing was imported.")


def refusal(file: Foreign, report: Report) -> str:
    first = min((one for ones in report.problems.values() for one in ones), key=lambda one: one.line)
    more = report.troubles - 1
    rest = f" {more:,} more {'row has a problem' if more == 1 else 'rows have problems'}." if more else ""
    return f"{file.source.label}, line {first.line}: {first.why}.{rest} Nothing was imported."


def take(session: Session, batch: Batch, file: Foreign, mapping: ColumnMapping, *, now: datetime) -> Report:
    """Store every row that can be stored, and say what became of each. For a rehearsal, or for `bring`."""
    lens, report = lens_of(file, mapping), Report()
    places, met = ours.places_of(session, batch), met_before(session, batch)
    seen: dict[tuple[str, str], Collected] = {}
    for line, row in read(file.source):
        report.rows += 1
        try:
            rating = collected(lens, line, row)
            once(seen, row.get(mapping.assignment, ""), rating)
            if (rating.rater, rating.prompt) in met:
                raise Problem("A rater meets a prompt once", f"{rating.rater} has met prompt {rating.prompt} already")
            ours.store(session, places, rating, now=now)
        except KeptOut as reason:
            report.kept_out[str(reason)] += 1
        except Problem as problem:
            report.add_problem(problem.kind, line, str(problem))
        except ValueError as error:
            report.add_problem("The batch has no place for it", line, str(error))
        else:
            met.add((rating.rater, rating.prompt))
            report.add(rating)
    return report


def once(seen: dict[tuple[str, str], Collected], assignment: str, rating: Collected) -> None:
    """Keep a row out that has stood in the file already, as where two exports overlap."""
    before = seen.setdefault((assignment, rating.prompt), rating) if assignment else rating
    if before is rating:
        return
    if replace(before, line=rating.line) == rating:
        raise KeptOut("the assignment stands in the file before")
    raise Problem("An assignment says two things", f"assignment {assignment} says other than in line {before.line}")


def met_before(session: Session, batch: Batch) -> set[tuple[str, str]]:
    """(rater, prompt) of every assignment of the batch, by the names that raters were imported under."""
    found = session.execute(
        select(Rater.external_id, Prompt.key)
        .join(Assignment, Assignment.rater_id == Rater.id)
        .join(Prompt, Prompt.id == Assignment.prompt_id)
        .where(Assignment.batch_id == batch.id, Rater.channel == Channel.IMPORTED)
    )
    return {(name.removeprefix(f"{batch.study_id}/"), key) for name, key in found}
