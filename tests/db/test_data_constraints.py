"""What the database itself keeps of syntheses and sorted samples, tried with statements that no service would send."""

from collections.abc import Iterator

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from backend.db.categories import CategoryLabel, CategoryQuery, CategoryReview
from backend.db.jobs import Job
from backend.db.session import Database
from backend.db.syntheses import Synthesis, SynthesisCall
from backend.domain.jobs import Manner
from backend.services.asking import syntheses
from backend.services.data import categories
from tests import factories
from tests.db.test_constraints import refused
from tests.factories import NOW
from tests.synthesis import plan


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def one(session: Session) -> Synthesis:
    return syntheses.declare(session, "nq", plan("http://127.0.0.1:1/v1"), now=NOW)


@pytest.fixture
def review(session: Session) -> CategoryReview:
    return categories.draw(session, "mix", ["one", "two"], source="a file", size=2, seed=0, now=NOW)


@pytest.mark.parametrize("column", ["name", "url", "prompt", "draw", "way", "closest", "model"])
def test_how_entries_are_made_never_changes(session: Session, one: Synthesis, column: str) -> None:
    refused(session, update(Synthesis).values({column: getattr(one, column)}), "how entries are made never changes")


def test_how_many_are_wanted_may_change_and_is_at_least_one(session: Session, one: Synthesis) -> None:
    session.execute(update(Synthesis).values(wanted=one.wanted + 1, most_calls=99))
    refused(session, update(Synthesis).values(wanted=0), "wants_something")
    refused(session, delete(Synthesis), "a synthesis never goes")


def test_a_call_is_answered_or_refused_once_and_stays_so(session: Session, one: Synthesis) -> None:
    row = {"synthesis_id": one.id, "number": 1, "refusal": "too long"}
    session.execute(insert(SynthesisCall).values(row))
    refused(session, insert(SynthesisCall).values(row), "UNIQUE|synthesis_calls_pkey|pk_synthesis_calls")
    refused(session, insert(SynthesisCall).values({**row, "number": 2, "refusal": ""}), "answered_or_refused")
    refused(session, insert(SynthesisCall).values({**row, "number": 0}), "ck_synthesis_calls_number")
    refused(session, update(SynthesisCall).values(refusal="something else"), "an answered call never changes")
    refused(session, delete(SynthesisCall), "an answered call never goes")


def test_a_job_of_a_synthesis_names_it_and_no_study_and_is_the_only_live_one(session: Session, one: Synthesis) -> None:
    study = factories.study(session)
    syntheses.enqueue(session, one, Manner(), allowed=None, now=NOW)
    row = {"kind": "synthesize", "queue": "io", "state": "queued", "manner": {}, "created_at": NOW, "attempt": 0}
    for wrong in ({}, {"synthesis_id": one.id, "study_id": study.id}, {"kind": "judge", "synthesis_id": one.id}):
        refused(session, insert(Job).values({**row, "study_id": None, **wrong}), "names_its_work")
    refused(
        session,
        insert(Job).values({**row, "study_id": None, "synthesis_id": one.id}),
        "uq_jobs_live_synthesis|jobs.synthesis_id",
    )
    refused(session, update(Job).values(synthesis_id=one.id), "a job stays the work that it is")


def test_a_sample_never_changes(session: Session, review: CategoryReview) -> None:
    for statement in (
        update(CategoryReview).values(seed=1),
        update(CategoryQuery).values(text="three"),
        delete(CategoryQuery),
    ):
        refused(session, statement, "a sample never changes")


def test_a_label_is_a_category_or_a_reason_and_a_judges_stays(session: Session, review: CategoryReview) -> None:
    row = {"review_id": review.id, "place": 1, "labeller": "gpt", "reason": "", "reply": "", "labelled_at": NOW}
    for wrong, why in (
        ({"category": "music"}, "ck_category_labels_category"),
        ({"category": None}, "unread_for_a_reason"),
        ({"category": "chat", "reason": "no sign"}, "unread_for_a_reason"),
        ({"category": None, "reason": "no sign", "labeller": ""}, "a_person_can_read"),
        ({"category": "chat", "place": 3}, "FOREIGN KEY|fk_category_labels"),
    ):
        refused(session, insert(CategoryLabel).values({**row, **wrong}), why)
    session.execute(insert(CategoryLabel).values({**row, "category": "chat"}))
    refused(session, update(CategoryLabel).values(category="coding"), "a judge's word stays")
    refused(session, delete(CategoryLabel), "a label never goes")
