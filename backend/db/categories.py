"""Samples of queries that are sorted into categories, by a person and by judges."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id, one_of
from backend.domain.data.categories import Category


class CategoryReview(Base):
    """A sample of queries, for ever. source: of which file or study; of: out of how many; seed: of the draw."""

    __tablename__ = "category_reviews"
    __table_args__ = (CheckConstraint("of >= 1", name="of"),)

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    source: Mapped[str]
    seed: Mapped[int]
    of: Mapped[int]
    created_at: Mapped[datetime]


class CategoryQuery(Base):
    """A query of the sample at its place, from 1; insert-only."""

    __tablename__ = "category_queries"
    __table_args__ = (CheckConstraint("place >= 1", name="place"),)

    review_id: Mapped[int] = mapped_column(ForeignKey("category_reviews.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str]


class CategoryLabel(Base):
    """What a query is, by somebody; a person may think again, a judge's word stays.

    labeller: "" for the person, else the judge's name. category: NULL where a judge's reply holds none, and reason says
    why. reply: the judge's, as it came.
    """

    __tablename__ = "category_labels"
    __table_args__ = (
        ForeignKeyConstraint(["review_id", "place"], ["category_queries.review_id", "category_queries.place"]),
        one_of("category", Category),
        CheckConstraint("(category IS NULL) = (reason <> '')", name="unread_for_a_reason"),
        CheckConstraint("labeller <> '' OR category IS NOT NULL", name="a_person_can_read"),
    )

    review_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    labeller: Mapped[str] = mapped_column(primary_key=True)
    category: Mapped[str | None]
    reason: Mapped[str]
    reply: Mapped[str]
    labelled_at: Mapped[datetime]
