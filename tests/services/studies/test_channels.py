"""Channels of a batch: declared once, with a reason where a channel can't run the batch."""

from dataclasses import replace

import pytest

from backend.db.raters import Channel
from backend.db.session import Database
from backend.domain.channels import Codes, Panel, defaults
from backend.domain.money import Money
from backend.domain.pay import PayRule
from backend.errors import Conflict, Invalid, NotFound
from backend.services.studies import batches, channels
from tests import factories
from tests.factories import NOW

PAID = PayRule(40_000)
TWO = {"base": ["a", "b"], "one": ["c", "d"], "two": ["e", "f"]}


def test_a_channel_is_declared_once_and_the_same_again_is_the_same(database: Database) -> None:
    settings = replace(defaults(Channel.PROLIFIC), pay=PAID)
    with database.transaction() as session:
        batch = factories.launched(session).id
        made = channels.declare(session, batch, Channel.PROLIFIC, settings, now=NOW)
        again = channels.declare(session, batch, Channel.PROLIFIC, settings, now=NOW)
        assert again.id == made.id
        assert [one.id for one in channels.of_batch(session, batch)] == [made.id]
        codes = channels.settings_of(made).codes
        assert codes is not None
        assert len({*dict(codes.pairs).values()}) == 3
        with pytest.raises(Conflict, match="stays as it was declared"):
            channels.declare(session, batch, Channel.PROLIFIC, replace(settings, places=3), now=NOW)


def test_codes_that_are_given_are_kept_and_links_need_none(database: Database) -> None:
    given = Codes("DONE", "NO", "OUT")
    with database.transaction() as session:
        batch = factories.launched(session).id
        panel = replace(defaults(Channel.PANEL), codes=given)
        made = channels.declare(session, batch, Channel.PANEL, panel, now=NOW)
        assert channels.settings_of(made).codes == given
        link = channels.declare(session, batch, Channel.LINK, defaults(Channel.LINK), now=NOW)
        assert channels.settings_of(link).codes is None
        assert channels.get(session, batch, Channel.LINK) is channels.by_id(session, link.id)


@pytest.mark.parametrize(
    ("channel", "changes", "said"),
    [
        (Channel.IMPORTED, {}, "brings ratings and no raters"),
        (Channel.MTURK, {}, "pay is missing"),
        (Channel.PROLIFIC, {"pay": PayRule(1, Money(0))}, "pays nothing below one minor unit"),
        (Channel.PANEL, {"panel": None}, "A panel's settings"),
        (Channel.LINK, {"panel": Panel("id")}, "A panel's settings"),
        (Channel.PANEL, {"panel": Panel("id", back="https://lab.example/done?id={id}")}, "only over https to: nowhere"),
    ],
)
def test_a_channel_that_can_not_run_a_batch_says_why(
    database: Database, channel: Channel, changes: dict[str, object], said: str
) -> None:
    with database.transaction() as session:
        batch = factories.launched(session).id
        with pytest.raises(Invalid, match=said):
            channels.declare(session, batch, channel, replace(defaults(channel), **changes), now=NOW)


def test_mechanical_turk_takes_batches_of_one_candidate(database: Database) -> None:
    settings = replace(defaults(Channel.MTURK), pay=PAID)
    with database.transaction() as session:
        batch = factories.launched(session, prompts=2, outputs=TWO).id
        with pytest.raises(Invalid, match=r"could accept two of one prompt\. Batch 1 has 2 candidates"):
            channels.declare(session, batch, Channel.MTURK, settings, now=NOW)


def test_nobody_comes_to_a_batch_that_is_closed_or_never_was(database: Database) -> None:
    with database.transaction() as session:
        batch = factories.launched(session)
        batches.close(session, batch)
        session.expire_all()
        with pytest.raises(Conflict, match="is closed"):
            channels.declare(session, batch.id, Channel.LINK, defaults(Channel.LINK), now=NOW)
        with pytest.raises(NotFound, match="no batch 77"):
            channels.declare(session, 77, Channel.LINK, defaults(Channel.LINK), now=NOW)
        with pytest.raises(NotFound, match="has no channel “mturk” yet"):
            channels.get(session, batch.id, Channel.MTURK)
        with pytest.raises(NotFound, match="no such way"):
            channels.by_id(session, 77)
