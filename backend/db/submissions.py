"""What vendors say of raters' work on a posting, and what people decided about it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, and_
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id, one_of
from backend.domain.submissions import LEFT, SubmissionState


class Submission(Base):
    """One rater's piece of work on a posting, as the vendor knows it; what it last said stands in `state`.

    vendor_id: the submission's id there, given on to another rater by some vendors once the work was returned.
    confirmed_at: when the vendor first listed it; until then the ids are what an address said, and nothing is paid.
    accepted_at .. deadline: while the vendor holds the place for them. code: what the rater handed in with it.
    """

    __tablename__ = "submissions"
    __table_args__ = (
        ForeignKeyConstraint(["posting_id", "batch_id"], ["postings.id", "postings.batch_id"]),
        UniqueConstraint("posting_id", "vendor_id", "rater_id"),
        UniqueConstraint("id", "batch_id", "rater_id"),
        one_of("state", SubmissionState),
        CheckConstraint("confirmed_at IS NOT NULL OR state = 'active'", name="ends_by_the_vendor"),
    )

    id: Mapped[Id]
    posting_id: Mapped[int]
    batch_id: Mapped[int]
    rater_id: Mapped[int] = mapped_column(ForeignKey("raters.id"))
    vendor_id: Mapped[str]
    state: Mapped[str] = mapped_column(default=SubmissionState.ACTIVE)
    accepted_at: Mapped[datetime]
    deadline: Mapped[datetime | None] = mapped_column(default=None)
    submitted_at: Mapped[datetime | None] = mapped_column(default=None)
    confirmed_at: Mapped[datetime | None] = mapped_column(default=None)
    code: Mapped[str | None] = mapped_column(default=None)


# The vendor has said that this is the rater's, and has not taken it back.
IS_LIVE = and_(Submission.confirmed_at.is_not(None), Submission.state.not_in(LEFT))
Index(
    "uq_submissions_holder",
    Submission.posting_id,
    Submission.vendor_id,
    unique=True,
    sqlite_where=IS_LIVE,
    postgresql_where=IS_LIVE,
)
Index("ix_submissions_rater_id", Submission.batch_id, Submission.rater_id)


class Rejection(Base):
    """A person's decision, never a rule's, to refuse a submission's reward, with the reason that the rater reads."""

    __tablename__ = "rejections"
    __table_args__ = (CheckConstraint("reason <> ''", name="says_why"),)

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), primary_key=True, autoincrement=False)
    reason: Mapped[str]
    decided_at: Mapped[datetime]
    told_at: Mapped[datetime | None] = mapped_column(default=None)


class Appeal(Base):
    """A rater's objection, about a rejection or about pay, and what a person answered."""

    __tablename__ = "appeals"
    __table_args__ = (
        CheckConstraint("text <> ''", name="says_something"),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered_once"),
    )

    id: Mapped[Id]
    link_id: Mapped[int] = mapped_column(ForeignKey("links.id"))
    text: Mapped[str]
    made_at: Mapped[datetime]
    answer: Mapped[str | None] = mapped_column(default=None)
    answered_at: Mapped[datetime | None] = mapped_column(default=None)


Index("ix_appeals_link_id", Appeal.link_id)
