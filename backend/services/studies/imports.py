"""From files of outputs, or of prompts, to a study: read once to join and report, again to store. All or nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from backend.db.outputs import Output, System
from backend.db.studies import Prompt, Study
from backend.domain.alignment import AlignedPrompt, Alignment, AlignmentError, align
from backend.domain.records import (
    Record,
    Row,
    RowProblem,
    output_record,
    prompt_record,
    prompt_text,
    text_hash,
)
from backend.domain.row_facts import Facts, SystemFacts, facts
from backend.domain.settings import StudySettings
from backend.errors import Invalid
from backend.services.studies.files import OnBytes, Source, rows

ROWS_AT_ONCE = 1_000
Parse = Callable[[Row], Record]


@dataclass(frozen=True)
class Inspected:
    """Files that were read and joined. Nothing is stored yet; `store` reads the texts again."""

    sources: tuple[Source, ...]
    prompts: Source | None
    alignment: Alignment

    @property
    def systems(self) -> list[str]:
        """The systems' names, in the order of the files."""
        return [name for name, _, _ in self.alignment.systems]

    @property
    def baseline(self) -> str:
        """The system that the others are compared with."""
        return self.alignment.baseline


def inspect(
    sources: Sequence[Source], *, prompts: Source | None, baseline: str | None, on_bytes: OnBytes | None = None
) -> Inspected:
    """Read every file once and join them. Raises Invalid, with file and line, when something can't be used."""
    systems: dict[str, SystemFacts] = {}
    for source in sources:
        for name, found in facts_by_system(source, on_bytes).items():
            if name in systems:
                raise Invalid(
                    f"Both {systems[name].file} and {source.label} are of a system called {name!r}. "
                    "Rename one of the files, or give them names, as in first=FILE second=FILE."
                )
            systems[name] = SystemFacts(name, source.label, found)
    try:
        alignment = align(list(systems.values()), prompt_facts(prompts, on_bytes), baseline=baseline)
    except AlignmentError as error:
        raise Invalid(str(error)) from None
    return Inspected(tuple(sources), prompts, alignment)


def name_of(inspected: Inspected) -> str:
    """What a study is called where nobody says: its systems, or else its file of prompts."""
    return " and ".join(inspected.systems) or (inspected.prompts.stem if inspected.prompts else "")


def prompt_facts(prompts: Source | None, on_bytes: OnBytes | None) -> tuple[str, list[Facts]] | None:
    """The file of prompts, if there is one, and its rows."""
    if prompts is None:
        return None
    return prompts.label, [facts(record) for record in records(prompts, prompt_record, on_bytes)]


def facts_by_system(source: Source, on_bytes: OnBytes | None) -> dict[str, list[Facts]]:
    """The file's rows by system: one name for all where the user gave it, else each row's own, else the file's."""
    found: dict[str, list[Facts]] = defaultdict(list)
    for record in records(source, output_record, on_bytes):
        found[system_of(source, record)].append(facts(record))
    return found


def system_of(source: Source, record: Record) -> str:
    return source.name or record.system or source.stem


def records(source: Source, parse: Parse, on_bytes: OnBytes | None = None) -> Iterator[Record]:
    """Every row understood; Invalid with file and line where one is not."""
    for row in rows(source, on_bytes=on_bytes):
        try:
            yield parse(row)
        except RowProblem as error:
            raise Invalid(f"{source.label}, line {row.line}: this row {error}.") from None


def store(
    session: Session,
    inspected: Inspected,
    *,
    name: str,
    settings: StudySettings,
    now: datetime,
    on_rows: Callable[[int], None] | None = None,
) -> Study:
    """Store the study with the prompts and outputs that joined. on_rows is told how many more outputs are stored."""
    alignment = inspected.alignment
    study = Study(name=name, settings=settings.to_json(), import_report=alignment.to_json(), created_at=now)
    session.add(study)
    session.flush()
    systems = [System(study_id=study.id, name=system) for system in inspected.systems]
    session.add_all(systems)
    session.flush()
    ids = {system.name: system.id for system in systems}
    prompts = store_prompts(session, study.id, inspected)
    for source in inspected.sources:
        for chunk in chunks(output_rows(source, study.id, ids, prompts, alignment.prompts)):
            session.execute(insert(Output), chunk)
            if on_rows:
                on_rows(len(chunk))
    return study


def store_prompts(session: Session, study_id: int, inspected: Inspected) -> dict[str, int]:
    """Store the prompts' texts from wherever they are; prompt key -> id."""
    wanted: dict[str | None, dict[int, AlignedPrompt]] = defaultdict(dict)
    for prompt in inspected.alignment.prompts:
        wanted[prompt.text_from][prompt.text_line] = prompt
    for chunk in chunks(prompt_rows(study_id, inspected, wanted)):
        session.execute(insert(Prompt), chunk)
    stored = select(Prompt.key, Prompt.id).where(Prompt.study_id == study_id)
    return dict(session.execute(stored).all())


def prompt_rows(
    study_id: int, inspected: Inspected, wanted: Mapping[str | None, Mapping[int, AlignedPrompt]]
) -> Iterator[dict[str, object]]:
    """Rows for the prompts table, from the prompts file and from the outputs that hold their prompt."""
    if inspected.prompts:
        for record in records(inspected.prompts, prompt_record):
            if prompt := wanted[None].get(record.line):
                yield prompt_row(study_id, prompt, record)
    for source in inspected.sources if any(wanted) else ():
        for record in records(source, output_record):
            if prompt := wanted.get(system_of(source, record), {}).get(record.line):
                yield prompt_row(study_id, prompt, record)


def prompt_row(study_id: int, prompt: AlignedPrompt, record: Record) -> dict[str, object]:
    dialogue = record.dialogue or ()
    return {
        "study_id": study_id,
        "key": prompt.key,
        "dialogue": [{"role": turn.role, "text": clean(turn.text)} for turn in dialogue],
        "text_hash": text_hash(prompt_text(dialogue)),
        "category": record.category,
    }


def output_rows(
    source: Source,
    study_id: int,
    systems: Mapping[str, int],
    prompts: Mapping[str, int],
    aligned: Sequence[AlignedPrompt],
) -> Iterator[dict[str, object]]:
    """Rows for the outputs table, for the lines of this file that joined."""
    wanted = {(name, line): prompt.key for prompt in aligned for name, line in prompt.outputs.items()}
    for record in records(source, output_record):
        name = system_of(source, record)
        key = wanted.get((name, record.line))
        if key is not None:
            yield {
                "study_id": study_id,
                "system_id": systems[name],
                "prompt_id": prompts[key],
                "text": clean(record.output or ""),
                "shown": None,
            }


def clean(text: str) -> str:
    """Text that both databases can hold: PostgreSQL refuses NUL, and UTF-8 has no lone surrogates."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def chunks(made: Iterable[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    """Pieces small enough to send at once."""
    rest = iter(made)
    while chunk := list(islice(rest, ROWS_AT_ONCE)):
        yield chunk
