"""What in a study's outputs would give a system away: finding it, and hiding it from raters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.comparisons import Comparison
from backend.db.outputs import Output, System
from backend.db.studies import Prompt, Study
from backend.domain.identity import Piece, diff, find
from backend.domain.identity import scrub as scrubbed
from backend.errors import Conflict
from backend.services.studies import batches

OUTPUTS_AT_ONCE = 500
SHOWN_MENTIONS = 50


@dataclass(frozen=True, slots=True)
class Mention:
    """An output that gives its system away, and what scrubbing changes in it."""

    system: str
    prompt: str
    pieces: tuple[Piece, ...]


def give_away(session: Session, study_id: int) -> Iterator[tuple[Output, str, str]]:
    """(output, its system's name, its scrubbed text) of each output that says who wrote it."""
    names = list(batches.systems_of(session, study_id))
    rows = session.execute(
        select(Output, System.name)
        .join(System, System.id == Output.system_id)
        .where(Output.study_id == study_id)
        .order_by(Output.id)
        .execution_options(yield_per=OUTPUTS_AT_ONCE)
    )
    for output, name in rows:
        if find(output.text, system_names=names):
            yield output, name, scrubbed(output.text, system_names=names)


def look(session: Session, study: Study) -> int:
    """Look through all outputs, once: how many say who wrote them. The report keeps the first."""
    note(study, found := find_all(session, study.id))
    session.flush()
    return len(found)


def find_all(session: Session, study_id: int) -> list[int]:
    """The ids of the outputs that say who wrote them; reads every text."""
    return [output.id for output, _, _ in give_away(session, study_id)]


def note(study: Study, found: Sequence[int]) -> None:
    """Keep how many there are, and the first."""
    noted = {"total": len(found), "outputs": list(found[:SHOWN_MENTIONS])}
    study.import_report = {**study.import_report, "mentions": noted}


def noted(session: Session, study: Study, *, most: int = SHOWN_MENTIONS) -> tuple[int, list[Mention]]:
    """(how many outputs say who wrote them, the first of them with what scrubbing would change)."""
    known = study.import_report.get("mentions", {"total": 0, "outputs": []})
    names = list(batches.systems_of(session, study.id))
    rows = session.execute(
        select(Output.text, System.name, Prompt.key)
        .join(System, System.id == Output.system_id)
        .join(Prompt, Prompt.id == Output.prompt_id)
        .where(Output.id.in_(known["outputs"][:most]))
        .order_by(Output.id)
    )
    return known["total"], [
        Mention(system, key, diff(text, scrubbed(text, system_names=names))) for text, system, key in rows
    ]


def is_scrubbed(session: Session, study_id: int) -> bool:
    """Whether raters see scrubbed texts."""
    statement = select(Output.id).where(Output.study_id == study_id, Output.shown.is_not(None)).limit(1)
    return session.execute(statement).first() is not None


def scrub(session: Session, study_id: int) -> int:
    """Show raters the texts without what gives systems away; how many changed. Conflict once it was launched."""
    refuse_after_launch(session, study_id)
    changed = [(output.id, after) for output, _, after in give_away(session, study_id)]
    for number, after in changed:
        session.execute(update(Output).where(Output.id == number).values(shown=after))
    return len(changed)


def hidden(session: Session, study_id: int, texts: Sequence[str]) -> list[str | None]:
    """What raters are shown of each new output instead of its text; None where they see it as it is."""
    if not is_scrubbed(session, study_id):
        return [None for _ in texts]
    names = list(batches.systems_of(session, study_id))
    return [scrubbed(text, system_names=names) if find(text, system_names=names) else None for text in texts]


def unscrub(session: Session, study_id: int) -> None:
    """Show raters the texts as they were written. Conflict once the study was launched."""
    refuse_after_launch(session, study_id)
    session.execute(update(Output).where(Output.study_id == study_id).values(shown=None))


def refuse_after_launch(session: Session, study_id: int) -> None:
    launched = select(Comparison.id).join(Batch, Batch.id == Comparison.batch_id).where(Batch.study_id == study_id)
    if session.execute(launched.limit(1)).first():
        raise Conflict("Raters have been given these outputs already, so what they see can't change any more.")
