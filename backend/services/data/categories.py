"""Samples of queries, and what they were sorted into by a person and by judges. Asks no judge."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend.db.categories import CategoryLabel, CategoryQuery, CategoryReview
from backend.db.studies import Prompt, Study
from backend.domain.data import categories
from backend.domain.data.categories import Category, Share, Unread
from backend.domain.data.dialogues import from_row
from backend.domain.records import LONGEST_NAME, RowProblem, prompt_record
from backend.domain.statistics.agreement import Measure
from backend.errors import Conflict, Invalid, NotFound
from backend.services.once import insert_once
from backend.services.studies import files, studies
from backend.services.studies.files import Source
from backend.services.studies.imports import clean

PERSON = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A query, and what it is by the person; None while it is not labelled."""

    place: int
    text: str
    category: Category | None


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a judge said of a query."""

    place: int
    said: Category | Unread
    reply: str


@dataclass(frozen=True, slots=True)
class Beside:
    """A judge's labels beside the person's. kappa: over the queries that both have labelled; pairs: how many."""

    name: str
    shares: tuple[Share, ...]
    labelled: int
    unread: int
    pairs: int
    agreed: int
    kappa: Measure


@dataclass(frozen=True, slots=True)
class Sorted:
    """A review as it is now."""

    review: CategoryReview
    lines: tuple[Line, ...]
    shares: tuple[Share, ...]
    judges: tuple[Beside, ...]

    @property
    def labelled(self) -> int:
        """How many the person has labelled."""
        return sum(one.category is not None for one in self.lines)

    @property
    def next(self) -> Line | None:
        """The first that the person has not."""
        return next((one for one in self.lines if one.category is None), None)


def of_file(path: Path) -> Iterator[str]:
    """What users say in a file of dialogues or prompts, turn by turn. Invalid with file and line."""
    source = Source(path, None, path.name)
    for row in files.rows(source):
        try:
            turns = from_row(row)[0].turns if "turns" in row.fields else prompt_record(row).dialogue or ()
        except RowProblem as problem:
            raise Invalid(f"{path.name}, line {row.line}: {problem}.") from None
        yield from (turn.text for turn in turns if turn.role == "user")


def of_study(session: Session, study_id: int) -> Iterator[str]:
    """What users say in a study's prompts, turn by turn."""
    studies.get(session, study_id)
    rows = select(Prompt.dialogue).where(Prompt.study_id == study_id).order_by(Prompt.id)
    for dialogue in session.scalars(rows).yield_per(500):
        yield from (turn["text"] for turn in dialogue if turn["role"] == "user")


def draw(
    session: Session, name: str, texts: Iterable[str], *, source: str, size: int, seed: int, now: datetime
) -> CategoryReview:
    """A sample under a name. Conflict where the name is taken; Invalid where there is nothing to draw from."""
    name = clean(name).strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid(f"A review's name has between 1 and {LONGEST_NAME} characters.")
    if session.scalar(select(CategoryReview.id).where(CategoryReview.name == name)) is not None:
        raise Conflict(f"There is a review {name} already. Choose another name, or go on with that one.")
    found = categories.drawn((clean(text) for text in texts if text.strip()), size=size, seed=seed)
    if not found.texts:
        raise Invalid(f"{source} holds nothing that a user says.")
    review = CategoryReview(name=name, source=source, seed=seed, of=found.of, created_at=now)
    session.add(review)
    session.flush()
    session.add_all(
        CategoryQuery(review_id=review.id, place=place, text=text) for place, text in enumerate(found.texts, start=1)
    )
    session.flush()
    return review


def studies_there(session: Session) -> Sequence[tuple[int, str]]:
    """(id, name) of the studies that a sample can be drawn from, the newest first."""
    rows = session.execute(select(Study.id, Study.name).order_by(Study.id.desc()))
    return [(number, name) for number, name in rows]


def get(session: Session, review_id: int) -> CategoryReview:
    """The review, or NotFound."""
    review = session.get(CategoryReview, review_id)
    if review is None:
        raise NotFound(f"There is no review {review_id}.")
    return review


def named(session: Session, name: str) -> CategoryReview:
    """The review of this name, or NotFound with the names there are."""
    review = session.scalar(select(CategoryReview).where(CategoryReview.name == name))
    if review is None:
        known = session.scalars(select(CategoryReview.name).order_by(CategoryReview.id)).all()
        raise NotFound(f"There is no review {name!r}; there are: {', '.join(known) or 'none yet'}.")
    return review


def reviews(session: Session) -> Sequence[tuple[CategoryReview, int, int]]:
    """(review, labelled by the person, queries), the newest first."""
    queries = select(func.count()).where(CategoryQuery.review_id == CategoryReview.id).scalar_subquery()
    labelled = (
        select(func.count())
        .where(CategoryLabel.review_id == CategoryReview.id, CategoryLabel.labeller == PERSON)
        .scalar_subquery()
    )
    rows = session.execute(select(CategoryReview, labelled, queries).order_by(CategoryReview.id.desc()))
    return [(review, done, total) for review, done, total in rows]


def label(session: Session, review_id: int, place: int, category: Category, *, now: datetime) -> None:
    """The person says what a query is; said again, the last word counts. NotFound where there is no such query."""
    if session.get(CategoryQuery, (review_id, place)) is None:
        raise NotFound(f"Review {review_id} has no query {place}.")
    key = {"review_id": review_id, "place": place, "labeller": PERSON}
    said = {"category": category, "labelled_at": now}
    if not insert_once(session, CategoryLabel, {**key, **said, "reason": "", "reply": ""}):
        session.execute(update(CategoryLabel).filter_by(**key).values(**said))


def unlabelled(session: Session, review: CategoryReview, judge: str) -> list[tuple[int, str]]:
    """(place, query) of those that a judge has not labelled."""
    done = select(CategoryLabel.place).where(CategoryLabel.review_id == review.id, CategoryLabel.labeller == judge)
    rows = select(CategoryQuery.place, CategoryQuery.text).where(
        CategoryQuery.review_id == review.id, CategoryQuery.place.not_in(done)
    )
    return [(place, text) for place, text in session.execute(rows.order_by(CategoryQuery.place))]


def store(session: Session, review: CategoryReview, judge: str, said: Sequence[Labelled], *, now: datetime) -> None:
    """A judge's labels; what it said of a query before stays."""
    for one in said:
        is_read = isinstance(one.said, Category)
        values = {"category": one.said if is_read else None, "reason": "" if is_read else str(one.said)}
        key = {"review_id": review.id, "place": one.place, "labeller": judge}
        insert_once(session, CategoryLabel, {**key, **values, "reply": clean(one.reply), "labelled_at": now})


def as_it_is(session: Session, review: CategoryReview) -> Sorted:
    """The sample with everybody's labels."""
    rows = select(CategoryQuery).where(CategoryQuery.review_id == review.id).order_by(CategoryQuery.place)
    queries = session.scalars(rows).all()
    said: dict[str, dict[int, Category | None]] = {}
    for one in session.scalars(select(CategoryLabel).where(CategoryLabel.review_id == review.id)):
        said.setdefault(one.labeller, {})[one.place] = Category(one.category) if one.category else None
    own = said.pop(PERSON, {})
    lines = tuple(Line(one.place, one.text, own.get(one.place)) for one in queries)
    person = {one.place: one.category for one in lines if one.category is not None}
    judges = tuple(beside(name, labels, person) for name, labels in sorted(said.items()))
    return Sorted(review, lines, categories.shares(list(person.values())), judges)


def beside(name: str, labels: dict[int, Category | None], person: dict[int, Category]) -> Beside:
    """A judge's labels, and how far they are the person's."""
    read = {place: one for place, one in labels.items() if one is not None}
    pairs = [(person[place], one) for place, one in read.items() if place in person]
    return Beside(
        name=name,
        shares=categories.shares(list(read.values())),
        labelled=len(labels),
        unread=len(labels) - len(read),
        pairs=len(pairs),
        agreed=sum(one == other for one, other in pairs),
        kappa=categories.agreement(pairs),
    )
