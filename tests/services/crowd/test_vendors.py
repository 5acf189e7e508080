"""The crowd of a channel from the server's settings, and what is said where something is missing."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from backend.config import Settings
from backend.crowd.journal import Entry
from backend.crowd.link import Due, Links
from backend.crowd.mturk import MTurk
from backend.crowd.mturk_queue import Queue
from backend.crowd.prolific import Prolific
from backend.db.raters import Channel
from backend.db.session import Database
from backend.db.vendor_calls import HandPayment
from backend.domain.money import Money
from backend.errors import Invalid, Unavailable
from backend.services.crowd import vendors
from backend.services.money.vendor_calls import StoredJournal, StoredNotes

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def crowd(database: Database, channel: str, **settings: object) -> object:
    return vendors.crowd_of(database, channel, Settings.model_validate(settings), clock=lambda: NOW)


def test_each_channel_has_its_crowd(database: Database) -> None:
    assert isinstance(crowd(database, Channel.LINK), Links)
    assert isinstance(crowd(database, Channel.PANEL), Links)
    prolific = crowd(database, Channel.PROLIFIC, prolific_token="t", prolific_project="p", prolific_url="http://here")
    assert isinstance(prolific, Prolific)
    assert (prolific.base_url, prolific.journal) == ("http://here", StoredJournal(database))
    mturk = crowd(database, Channel.MTURK, mturk_access_key="a", mturk_secret_key="s", mturk_endpoint_url="http://x")
    assert isinstance(mturk, MTurk)
    mturk.client.close()


def test_only_mechanical_turk_has_a_queue_and_only_where_it_is_set(database: Database) -> None:
    account = {"mturk_access_key": "a", "mturk_secret_key": "s", "mturk_endpoint_url": "http://x"}
    with_queue = Settings.model_validate(account | {"mturk_queue": "https://sqs.us-east-1.amazonaws.com/1/q"})
    assert vendors.queue_of(Channel.MTURK, Settings.model_validate(account)) is None
    assert vendors.queue_of(Channel.PROLIFIC, with_queue) is None
    queue = vendors.queue_of(Channel.MTURK, with_queue)
    assert isinstance(queue, Queue)
    assert queue.url == "https://sqs.us-east-1.amazonaws.com/1/q"
    assert queue.crowd.client.meta.endpoint_url == "http://x"
    queue.close()
    with pytest.raises(ValidationError, match="mturk_queue"):
        Settings.model_validate(account | {"mturk_queue": "arn:aws:sqs:us-east-1:1:q"})


def test_what_is_missing_is_said(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unavailable, match="ASSAY_PROLIFIC_TOKEN and ASSAY_PROLIFIC_PROJECT"):
        crowd(database, Channel.PROLIFIC, prolific_token="t")
    with pytest.raises(Unavailable, match="ASSAY_MTURK_ACCESS_KEY"):
        crowd(database, Channel.MTURK)
    with pytest.raises(Invalid, match="Nobody comes through"):
        crowd(database, Channel.IMPORTED)
    monkeypatch.setattr(vendors, "HAS_BOTO3", False)
    with pytest.raises(Unavailable, match=r"pip install 'assay-eval\[mturk\]'"):
        crowd(database, Channel.MTURK)


def test_a_stored_journal_outlives_its_process_and_takes_a_token_once(database: Database) -> None:
    journal, entry = StoredJournal(database), Entry("t", "S1", 30, 0, NOW)
    assert journal.find("t") is None
    assert journal.begin(entry)
    assert not StoredJournal(database).begin(Entry("t", "S2", 40, 0, NOW))
    assert StoredJournal(database).find("t") == entry
    journal.finish("t")
    assert [one.done for one in StoredJournal(database).of("S1")] == [True]
    journal.drop("t")
    assert list(journal.of("S1")) == []


def test_stored_notes_are_replaced_and_struck_until_they_are_paid(database: Database) -> None:
    notes = StoredNotes(database, lambda: NOW)
    assert notes.find("t") is None
    notes.note(Due("t", "S1", "ada", Money(30), "first"))
    notes.note(Due("t", "S1", "ada", Money(30), "second"))
    notes.note(Due("reward:S2", "S2"))
    assert notes.find("t") == Due("t", "S1", "ada", Money(30), "second")
    assert notes.find("reward:S2") == Due("reward:S2", "S2")
    with database.transaction() as session:
        session.get_one(HandPayment, "t").paid_at = NOW
    notes.note(Due("t", "S1", "ada", Money(99), "third"))
    notes.strike("t")
    notes.strike("reward:S2")
    assert notes.find("t") == Due("t", "S1", "ada", Money(30), "second")
    assert notes.find("reward:S2") is None
