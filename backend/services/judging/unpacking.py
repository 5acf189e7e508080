"""A replay pack comes into a study: the judge, its replies and its verdicts. All or nothing; twice is once."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.judges import Judge
from backend.db.outputs import Output, System
from backend.db.replies import StoredReply
from backend.db.studies import Prompt
from backend.domain.judging.pack import Asked, Entry, Pack, PackedJudge, Shown
from backend.domain.judging.stored import template_to_json
from backend.domain.records import prompt_text, text_hash
from backend.errors import Invalid
from backend.services.judging import judges, judgings
from backend.services.judging.judgings import Given
from backend.services.judging.placing import same
from backend.services.judging.verdicts import add
from backend.services.once import insert_once
from backend.services.studies import studies

Outputs = Mapping[tuple[int, str], Output]


def import_pack(
    session: Session, study_id: int, pack: Pack, *, name: str | None = None, now: datetime
) -> tuple[Judge, int, int]:
    """(the judge, verdicts added, verdicts that were there). Invalid where the study's texts are others."""
    judge = judges.kept(session, judge_of(session, study_id, pack.judge, name or pack.judge.name))
    for candidate, baseline in pack.comparisons:
        judgings.compare(session, judge, candidate=candidate, baseline=baseline, now=now)
    prompts = {one.text_hash: one for one in session.scalars(select(Prompt).where(Prompt.study_id == study_id))}
    found = session.execute(
        select(Output, System.name).join(System, System.id == Output.system_id).where(System.study_id == study_id)
    )
    outputs = {(output.prompt_id, system): output for output, system in found}
    for entry in pack.entries:
        for asked in entry.asked:
            keep(session, asked)
    given = [(f"Prompt {one.prompt} of the pack", row_of(judge, one, prompts, outputs)) for one in pack.entries]
    return judge, *add(session, judge, given)


def judge_of(session: Session, study_id: int, packed: PackedJudge, name: str) -> Judge:
    """The judge as it was declared where the pack is from."""
    return Judge(
        study_id=studies.get(session, study_id).id,
        name=judges.named(name),
        template=packed.template,
        templates=[template_to_json(one) for one in packed.templates.values()],
        engine=packed.engine,
        model=packed.model,
        url=packed.url,
        sampling=packed.sampling,
        serving=packed.serving,
        orders=packed.orders,
        rule=packed.rule,
        created_at=moment(packed.created_at),
    )


def row_of(judge: Judge, entry: Entry, prompts: Mapping[str, Prompt], outputs: Outputs) -> dict[str, object]:
    """A verdict as it is stored."""
    prompt = prompts.get(text_hash(prompt_text(entry.dialogue)))
    if prompt is None:
        raise Invalid(f"Prompt {entry.prompt} of the pack is not in this study.")
    pair = judgings.pair_of(prompt, output_of(outputs, prompt, entry.first), output_of(outputs, prompt, entry.second))
    return judgings.row(judge, Given(pair, entry.reading, entry.reply, ())) | {
        "raw": entry.raw,
        "tries": entry.tries,
        "reply_hash": entry.asked[-1].hash if entry.asked else None,
        "given_at": None if entry.given_at is None else moment(entry.given_at),
    }


def output_of(outputs: Outputs, prompt: Prompt, shown: Shown) -> Output:
    """The study's output that has this text; Invalid where it has another, or none."""
    found = outputs.get((prompt.id, shown.system))
    if found is None:
        raise Invalid(f"This study has no output of {shown.system} to prompt {prompt.key}.")
    if not any(text is not None and same(text, shown.text) for text in (found.text, found.shown)):
        raise Invalid(f"{shown.system} has another output to prompt {prompt.key} here than the judge of the pack saw.")
    return found


def keep(session: Session, asked: Asked) -> None:
    """A reply; one that is stored already stays."""
    insert_once(
        session,
        StoredReply,
        {
            "hash": asked.hash,
            "job_id": None,
            "request": asked.request,
            "reply": asked.reply.to_json(),
            "engine_version": asked.engine_version,
            "revision": asked.revision,
            "cost": 0,
            "seconds": 0.0,
            "answered_at": moment(asked.answered_at),
        },
    )


def moment(written: str) -> datetime:
    """An instant as it was written; Invalid where it is none."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise Invalid(f"{written!r} in the pack is no moment.") from None
    if found.tzinfo is None:
        raise Invalid(f"{written!r} in the pack has no time zone.")
    return found
