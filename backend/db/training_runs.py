"""Training runs: what each was declared to be, and the model that came of it. How far one is stands in its folder."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id


class TrainingRun(Base):
    """A run as it was declared. Triggers refuse changes once it has begun to train, and another name ever.

    declaration: the whole TOML, which needs no other file to say where its data lie; sha256: of that text. folder: what
    the trainer writes to. processes: how many train together, which a run can't change once it has begun.
    """

    __tablename__ = "training_runs"
    __table_args__ = (
        CheckConstraint("name <> '' AND declaration <> ''", name="says_what"),
        CheckConstraint("processes >= 1", name="processes"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    declaration: Mapped[str]
    sha256: Mapped[str]
    folder: Mapped[str] = mapped_column(unique=True)
    processes: Mapped[int]
    created_at: Mapped[datetime]


class TrainedModel(Base):
    """What a run came to; insert-only, and only once its model was whole.

    folder: of the model; fingerprint: what tells it from another one that lies there some day. loss: the last one.
    """

    __tablename__ = "trained_models"
    __table_args__ = (CheckConstraint("steps >= 1", name="steps"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("training_runs.id"), primary_key=True, autoincrement=False)
    folder: Mapped[str]
    fingerprint: Mapped[str]
    steps: Mapped[int]
    loss: Mapped[float | None]
    finished_at: Mapped[datetime]
