"""Engines' replies: stored once for each question, found again by its hash. Knows no engine."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any  # what JSON columns hold

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from backend.db.replies import StoredReply
from backend.domain.asking import Reply, Request
from backend.services.once import insert_missing
from backend.services.studies.imports import clean

# Asked before every question, so it is made once, and without objects: that takes a third of the time.
STORED = select(StoredReply.reply, StoredReply.engine_version, StoredReply.revision).where(
    StoredReply.hash == bindparam("asked")
)


@dataclass(frozen=True, slots=True)
class Answered:
    """A question, its answer, and what it took. cost: in millionths of a dollar. is_new: it was not stored before."""

    request: Request
    reply: Reply
    engine_version: str
    revision: str
    cost: int
    seconds: float
    is_new: bool = True


def storable(reply: Reply) -> Reply:
    """The reply with what no database holds replaced, before anything is read in it, stored or asked again with it."""
    return replace(reply, text=clean(reply.text), finish=clean(reply.finish), model=clean(reply.model))


def find(session: Session, request: Request) -> Answered | None:
    """The stored answer to exactly this question: it costs nothing."""
    found = session.connection().execute(STORED, {"asked": request.content_hash}).first()
    if found is None:
        return None
    reply, engine_version, revision = found
    return Answered(request, reply_of(reply), engine_version, revision, 0, 0.0, is_new=False)


def reply_of(fields: Mapping[str, Any]) -> Reply:
    """A stored reply as it came."""
    return Reply(
        text=str(fields["text"]),
        finish=str(fields["finish"]),
        model=str(fields["model"]),
        prompt_tokens=int(fields["prompt_tokens"]),
        completion_tokens=int(fields["completion_tokens"]),
        logprobs=tuple(fields["logprobs"]),
    )


def texts(session: Session, hashes: Collection[str]) -> dict[str, str]:
    """hash of a question -> the text of its stored answer."""
    text = StoredReply.reply["text"].as_string()
    return dict(session.execute(select(StoredReply.hash, text).where(StoredReply.hash.in_(hashes))).all())


def store(session: Session, answered: Iterable[Answered], *, job_id: int, now: datetime) -> None:
    """Keep the new ones. The same question asked by two jobs at once keeps the answer that came first."""
    insert_missing(
        session,
        StoredReply,
        [
            {
                "hash": one.request.content_hash,
                "job_id": job_id,
                "request": one.request.to_json(),
                "reply": one.reply.to_json(),
                "engine_version": one.engine_version,
                "revision": one.revision,
                "cost": one.cost,
                "seconds": one.seconds,
                "answered_at": now,
            }
            for one in answered
            if one.is_new
        ],
    )
