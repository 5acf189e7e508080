"""Replay packs in folders: a judge's verdicts leave the database, are read anywhere, and come into another one."""

import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from importlib.metadata import version
from itertools import product
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from backend.db.judges import Judge, Judging, Verdict
from backend.db.outputs import Output, System
from backend.db.replies import StoredReply
from backend.db.studies import Prompt
from backend.domain.asking import EngineKind
from backend.domain.hashes import content_hash
from backend.domain.judging.orders import Orders, Rule
from backend.domain.judging.pack import Asked, Entry, Pack, PackedJudge, Shown
from backend.domain.judging.packing import (
    FORMAT,
    entry_from_json,
    entry_to_json,
    judge_from_json,
    judge_to_json,
)
from backend.domain.judging.templates import Template, rendered
from backend.domain.plain import rows, text
from backend.domain.records import Turn
from backend.errors import Conflict, Invalid
from backend.services.asking import replies
from backend.services.exports import digest, write_json, write_lines
from backend.services.judging import judgements, judges, judgings
from backend.services.studies import files
from backend.services.studies.files import Source

FIRST, SECOND = aliased(Output), aliased(Output)
FIRST_SYSTEM, SECOND_SYSTEM = aliased(System), aliased(System)
Turns = list[dict[str, str]]
README = """# A replay pack of Assay

The verdicts of one judge, with everything that they rest on: they can be read again when the judge is gone.

- `manifest.json`: the judge (its templates whole, with their hashes; model, sampling, orders, rule), and the hash of
  the other file
- `verdicts.jsonl`: one line a verdict: the prompt, both outputs as they were shown, the questions with their
  parameters, the replies as they came, the model that answered, when, how it was read, and the hash of all that

`assay judge rescore .` reads the replies again, without any database, and says what changed.
"""


def export(session: Session, judge: Judge, folder: Path) -> list[Path]:
    """Write the pack into a new or empty folder; its files."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict(f"{folder} exists already and is not empty.")
    folder.mkdir(parents=True, exist_ok=True)
    pack = packed(session, judge)
    verdicts = folder / "verdicts.jsonl"
    write_lines(verdicts, (entry_to_json(entry) for entry in pack.entries))
    (folder / "README.md").write_text(README, encoding="utf-8")
    write_json(folder / "manifest.json", manifest(pack, verdicts))
    return sorted(folder.iterdir())


def manifest(pack: Pack, verdicts: Path) -> dict[str, object]:
    """What the pack is, and with what it was made."""
    return {
        "format": FORMAT,
        "judge": judge_to_json(pack.judge),
        "comparisons": [{"candidate": candidate, "baseline": baseline} for candidate, baseline in pack.comparisons],
        "verdicts": len(pack.entries),
        "versions": {"assay": version("assay-eval"), "python": platform.python_version()},
        "files": {verdicts.name: digest(verdicts)},
    }


def packed(session: Session, judge: Judge) -> Pack:
    """A judge with all that it said."""
    names = dict(session.execute(select(System.id, System.name).where(System.study_id == judge.study_id)).all())
    asked = session.scalars(select(Judging).where(Judging.judge_id == judge.id).order_by(Judging.id))
    comparisons = tuple((names[one.candidate_id], names[one.baseline_id]) for one in asked)
    made = packed_judge(judge)
    return Pack(made, comparisons, tuple(entries(session, judge, made)))


def packed_judge(judge: Judge) -> PackedJudge:
    """A judge as it was declared."""
    return PackedJudge(
        name=judge.name,
        template=judge.template,
        templates=judges.templates_of(judge),
        engine=None if judge.engine is None else EngineKind(judge.engine),
        model=judge.model,
        url=judge.url,
        sampling=judge.sampling,
        serving=judge.serving,
        orders=Orders(judge.orders),
        rule=Rule(judge.rule),
        created_at=judge.created_at.isoformat(),
    )


def entries(session: Session, judge: Judge, made: PackedJudge, *, prompt_id: int | None = None) -> Iterator[Entry]:
    """Every verdict of the judge, in the order in which they were given; or only those on one prompt."""
    wanted = Verdict.judge_id == judge.id
    rows = (
        select(Verdict, Prompt, FIRST, SECOND, FIRST_SYSTEM.name, SECOND_SYSTEM.name, StoredReply)
        .join(Prompt, Prompt.id == Verdict.prompt_id)
        .join(FIRST, FIRST.id == Verdict.first_id)
        .join(SECOND, SECOND.id == Verdict.second_id)
        .join(FIRST_SYSTEM, FIRST_SYSTEM.id == Verdict.first_system_id)
        .join(SECOND_SYSTEM, SECOND_SYSTEM.id == Verdict.second_system_id)
        .outerjoin(StoredReply, StoredReply.hash == Verdict.reply_hash)
        .where(wanted if prompt_id is None else wanted & (Verdict.prompt_id == prompt_id))
        .order_by(Verdict.id)
    )
    for verdict, prompt, first, second, first_name, second_name, reply in session.execute(rows).all():
        dialogue = tuple(Turn(**turn) for turn in prompt.dialogue)
        template = made.template_for(prompt.category)
        texts = as_shown(template, dialogue, (first, second), reply)
        opening = [] if template is None else [asdict(turn) for turn in rendered(template, dialogue, *texts)]
        yield Entry(
            prompt=prompt.key,
            category=prompt.category,
            dialogue=dialogue,
            first=Shown(first_name, texts[0]),
            second=Shown(second_name, texts[1]),
            asked=tuple(asked_of(session, reply, opening)),
            raw=verdict.raw,
            finish=verdict.finish,
            model=verdict.model,
            tries=verdict.tries,
            given_at=None if verdict.given_at is None else verdict.given_at.isoformat(),
            reading=judgements.reading_of(verdict),
        )


def as_shown(
    template: Template | None, dialogue: tuple[Turn, ...], outputs: tuple[Output, Output], reply: StoredReply | None
) -> tuple[str, str]:
    """The two texts as the judge saw them: an output may have been scrubbed since, or may not have been yet."""
    seen = [(judgings.shown(one).text, one.text) for one in outputs]
    if template is not None and reply is not None:
        question = reply.request["turns"][1]["text"]
        for first, second in product(*seen):
            if question.startswith(rendered(template, dialogue, first, second)[1].text.rstrip()):
                return first, second
    return seen[0][0], seen[1][0]


def asked_of(session: Session, last: StoredReply | None, opening: Turns) -> Iterator[Asked]:
    """The questions that led to a verdict, in their order. opening: the turns of the first one."""
    if last is None:
        return
    turns = last.request["turns"]
    before = turns[:-2] if len(turns) > len(opening) else opening
    if before != turns:
        yield from asked_of(session, session.get(StoredReply, content_hash({**last.request, "turns": before})), opening)
    yield Asked(
        hash=last.hash,
        request=last.request,
        reply=replies.reply_of(last.reply),
        engine_version=last.engine_version,
        revision=last.revision,
        answered_at=last.answered_at.isoformat(),
    )


def load(folder: Path) -> Pack:
    """The pack in a folder. Raises Invalid where it can't be read, or where anything in it was altered."""
    manifest = folder / "manifest.json"
    try:
        plain = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(f"{manifest} can't be read: {error}. Is this the folder of a replay pack?") from None
    if not isinstance(plain, dict) or "judge" not in plain:
        raise Invalid(f"{manifest} is not of a replay pack.")
    if plain.get("format") != FORMAT:
        raise Invalid(f"{folder} is a pack of format {plain.get('format')}; this version reads format {FORMAT}.")
    refuse_altered(folder, plain.get("files"))
    try:
        judge = judge_from_json(plain["judge"])
        comparisons = tuple((text(one, "candidate"), text(one, "baseline")) for one in rows(plain, "comparisons"))
    except ValueError as error:
        raise Invalid(f"{manifest}: {error}.") from None
    return Pack(judge, comparisons, tuple(loaded(folder / "verdicts.jsonl")))


def refuse_altered(folder: Path, known: object) -> None:
    """Invalid where a file is missing or is not what the manifest says."""
    if not isinstance(known, Mapping) or "verdicts.jsonl" not in known:
        raise Invalid(f"{folder / 'manifest.json'} does not name the pack's files.")
    for name, expected in known.items():
        file = folder / Path(str(name)).name
        if not file.is_file():
            raise Invalid(f"{file} is missing.")
        if digest(file) != expected:
            raise Invalid(f"{file} was altered: it does not have the hash that the manifest says.")


def loaded(file: Path) -> Iterator[Entry]:
    """Each verdict; Invalid with file and line."""
    if not file.stat().st_size:
        return
    for row in files.rows(Source(file, None, file.name)):
        try:
            yield entry_from_json(row.fields)
        except ValueError as error:
            raise Invalid(f"{file}, line {row.line}: {error}.") from None
