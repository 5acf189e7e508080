"""What engines answered, each once for each question: asked again, a question costs nothing."""

from datetime import datetime
from typing import Any  # JSON columns hold whatever the domain's to_json() gives

from sqlalchemy import JSON, BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class StoredReply(Base):
    """A question by the hash of its content, and its answer as it came. Triggers refuse any change.

    request, reply: of backend.domain.asking; no key is in them. engine_version, revision: of what answered. cost: in
    millionths of a dollar, by the prices of its job.
    """

    __tablename__ = "replies"

    hash: Mapped[str] = mapped_column(primary_key=True)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id"))
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    reply: Mapped[dict[str, Any]] = mapped_column(JSON)
    engine_version: Mapped[str]
    revision: Mapped[str]
    cost: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float]
    answered_at: Mapped[datetime]


Index("ix_replies_job_id", StoredReply.job_id)
