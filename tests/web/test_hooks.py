"""Prolific's notifications over HTTP: what is signed makes us read again, and none is believed."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from backend.config import Settings
from backend.crowd.prolific.events import signature
from backend.db.channels import Posting
from backend.db.raters import Channel
from backend.db.session import Database
from backend.db.submissions import Submission
from backend.services.crowd import bells
from backend.services.crowd.bells import Bells, Door
from backend.web.app import create_app
from tests import factories
from tests.channels import OnProlific, on_prolific
from tests.entrances import declared, posted

SECRET = "the vendor's secret"


@pytest.fixture
def study(database: Database) -> Iterator[OnProlific]:
    """A batch on the simulated Prolific, which offers it."""
    with on_prolific(database) as made:
        made.keep()
        yield made


def client(study: OnProlific, **changes: object) -> TestClient:
    """Our server, which the vendor knows."""
    settings = {
        "secret_key": "a key for tests",
        "prolific_webhook_secret": SECRET,
        "prolific_token": study.vendor.account.token,
        "prolific_project": "a-project",
        "prolific_url": study.vendor.base_url,
    }
    return TestClient(create_app(Settings(**{**settings, **changes}), study.database))


def event(resource: str, **changes: str) -> bytes:
    said = {"event_type": "submission.status.change", "resource_id": resource, "status": "AWAITING-REVIEW"}
    return json.dumps(said | changes).encode()


def signed(body: bytes, *, secret: str = SECRET, age: timedelta = timedelta(0)) -> Mapping[str, str]:
    stamp = str(int((datetime.now(UTC) - age).timestamp()))
    return {
        "X-Prolific-Request-Timestamp": stamp,
        "X-Prolific-Request-Signature": signature(secret, stamp, body),
        "X-Event-ID": "event-1",
    }


def states(study: OnProlific) -> list[tuple[str, bool]]:
    with study.database.reading() as session:
        rows = session.scalars(select(Submission).order_by(Submission.id))
        return [(row.state, row.confirmed_at is not None) for row in rows]


def test_a_ring_makes_us_read_the_vendors_list(study: OnProlific) -> None:
    name, _ = study.arrive("ada")
    assert states(study) == [("active", False)]
    study.vendor.participants.submit(name, "DONE")
    body = event(name)
    assert client(study).post("/hooks/prolific", content=body, headers=signed(body)).status_code == 204
    assert states(study) == [("submitted", True)]


def test_what_a_notification_says_is_not_believed(study: OnProlific) -> None:
    name, _ = study.arrive("ada")
    body = event(name, status="APPROVED")
    for _ in range(2):
        client(study).post("/hooks/prolific", content=body, headers=signed(body))
    assert states(study) == [("active", True)]


def test_whatever_is_not_signed_fresh_and_short_is_refused_and_nothing_is_read(study: OnProlific) -> None:
    name, _ = study.arrive("ada")
    body, server = event(name), client(study)
    before = len(study.vendor.asked)
    for content, headers, status in (
        (body, {}, 403),
        (body, signed(body, secret="another"), 403),
        (body + b" ", signed(body), 403),
        (body, signed(body, age=timedelta(minutes=6)), 403),
        (body, signed(body, age=-timedelta(minutes=6)), 403),
        (body, {**signed(body), "X-Event-ID": ""}, 403),
        (b"not json", signed(b"not json"), 403),
        (long := b"x" * 65_537, signed(long), 422),
    ):
        assert server.post("/hooks/prolific", content=content, headers=headers).status_code == status
    assert server.get("/hooks/prolific").status_code == 405
    assert len(study.vendor.asked) == before


def test_without_a_secret_no_notification_is_taken(study: OnProlific) -> None:
    body = event("study")
    for secret in ("", SECRET):
        answer = client(study, prolific_webhook_secret="").post(
            "/hooks/prolific", content=body, headers=signed(body, secret=secret)
        )
        assert answer.status_code == 403


def test_a_vendor_that_does_not_answer_makes_no_error_of_a_ring(study: OnProlific) -> None:
    name, _ = study.arrive("ada")
    body = event(name)
    for changes in ({"prolific_token": "expired"}, {"prolific_token": ""}):
        server = client(study, **changes)
        assert server.post("/hooks/prolific", content=body, headers=signed(body)).status_code == 204
    assert states(study) == [("active", False)]


def test_a_ring_leads_to_the_posting_it_names_or_to_every_open_one(database: Database) -> None:
    with database.transaction() as session:
        ours = declared(session, factories.launched(session), Channel.PROLIFIC)
        other = declared(session, factories.launched(session), Channel.PROLIFIC)
        panel = declared(session, factories.launched(session), Channel.PANEL)
        first, second = posted(session, ours, "study1"), posted(session, other, "study2")
        posted(session, panel, "study3")
        assert bells.doors(session, Channel.PROLIFIC, "study1") == [Door(ours.id, first.id)]
        everywhere = {Door(ours.id), Door(other.id)}
        assert set(bells.doors(session, Channel.PROLIFIC, "study3")) == everywhere
        assert set(bells.doors(session, Channel.PROLIFIC, "nobody")) == everywhere
        closed = session.get_one(Posting, second.id)
        closed.state, closed.closed_at = "closed", factories.NOW
        session.flush()
        assert bells.doors(session, Channel.PROLIFIC, "nobody") == [Door(ours.id)]


def test_many_rings_at_a_door_are_answered_once_until_somebody_looks(study: OnProlific) -> None:
    waiting, door = Bells(), Door(study.channel)
    assert [waiting.ring(door) for _ in range(3)] == [True, False, False]
    assert waiting.ring(Door(study.channel, 1))
    settings = Settings(prolific_token="a token", prolific_project="a-project", prolific_url=study.vendor.base_url)
    waiting.answer(door, study.database, settings, clock=study.clock)
    assert waiting.ring(door)
