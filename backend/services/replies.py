"""Engines' replies: stored once for each question, found again by its hash. Knows no engine."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.replies import StoredReply
from backend.domain.asking import Reply, Request
from backend.services.imports import clean
from backend.services.once import insert_missing


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


def find(session: Session, request: Request) -> Answered | None:
    """The stored answer to exactly this question: it costs nothing."""
    stored = session.get(StoredReply, request.content_hash)
    if stored is None:
        return None
    return Answered(request, reply_of(stored), stored.engine_version, stored.revision, 0, 0.0, is_new=False)


def reply_of(stored: StoredReply) -> Reply:
    """A stored reply as it came."""
    fields = stored.reply
    return Reply(
        text=str(fields["text"]),
        finish=str(fields["finish"]),
        model=str(fields["model"]),
        prompt_tokens=int(fields["prompt_tokens"]),
        completion_tokens=int(fields["completion_tokens"]),
        logprobs=tuple(fields["logprobs"]),
    )


def store(session: Session, answered: Iterable[Answered], *, job_id: int, now: datetime) -> None:
    """Keep the new ones. The same question asked by two jobs at once keeps the answer that came first."""
    insert_missing(
        session,
        StoredReply,
        [
            {
                "hash": one.request.content_hash,
                "job_id": job_id,
                "request": asdict(one.request),
                "reply": one.reply.to_json() | {"text": clean(one.reply.text)},
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


def by_hash(session: Session, hashes: Collection[str]) -> dict[str, StoredReply]:
    """Stored replies by their hashes."""
    return {one.hash: one for one in session.scalars(select(StoredReply).where(StoredReply.hash.in_(hashes)))}
