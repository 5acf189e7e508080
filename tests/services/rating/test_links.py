"""Links: personal ones, open ones, and their end."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.raters import Channel, Link, Rater
from backend.db.session import Database
from backend.errors import Conflict, Forbidden, NotFound
from backend.services.rating import links, raters, visitors
from backend.services.studies import batches
from backend.services.tokens import Tokens
from tests import factories
from tests.entrances import declared
from tests.factories import NOW

LATER = NOW + timedelta(days=1)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


def test_each_personal_link_is_of_a_new_rater(session: Session) -> None:
    batch = factories.launched(session)
    made = links.create_personal(session, batch.id, count=3, now=NOW)
    assert len({link.id for link in made}) == len({link.rater_id for link in made}) == 3
    people = session.scalars(select(Rater)).all()
    assert {person.channel for person in people} == {Channel.LINK}
    assert len({person.external_id for person in people}) == 3


def test_a_rater_can_be_spoken_of_by_a_code(session: Session) -> None:
    (link,) = links.create_personal(session, factories.launched(session).id, count=1, now=NOW)
    assert link.rater_id is not None
    assert [len(part) for part in raters.code(session, link.rater_id).split("-")] == [5, 5]


def test_a_personal_link_leads_to_its_batch(session: Session) -> None:
    batches_made = [factories.launched(session) for _ in range(2)]
    for batch in batches_made:
        (link,) = links.create_personal(session, batch.id, count=1, now=NOW)
        who = visitors.visitor(session, link_id=link.id)
        assert (who.batch_id, who.rater_id) == (batch.id, link.rater_id)


def test_each_visitor_of_an_open_link_becomes_a_rater(session: Session) -> None:
    batch = factories.launched(session)
    entrance = links.create_open(session, batch.id, now=NOW)
    first, second = (links.join(session, entrance.id, now=NOW) for _ in range(2))
    assert entrance.rater_id is None
    assert len({first.rater_id, second.rater_id, None}) == 3
    assert first.batch_id == second.batch_id == batch.id


def test_nobody_joins_through_a_personal_or_unknown_link(session: Session) -> None:
    (personal,) = links.create_personal(session, factories.launched(session).id, count=1, now=NOW)
    for link in (personal.id, 404):
        with pytest.raises(NotFound, match="leads nowhere"):
            links.join(session, link, now=NOW)


def test_a_revoked_open_link_lets_nobody_new_in_and_keeps_who_came(session: Session) -> None:
    entrance = links.create_open(session, factories.launched(session).id, now=NOW)
    before = links.join(session, entrance.id, now=NOW)
    links.revoke(session, entrance.id, now=NOW)
    session.expire_all()
    with pytest.raises(Forbidden, match="nobody new can join"):
        links.join(session, entrance.id, now=NOW)
    assert visitors.visitor(session, link_id=before.id).rater_id == before.rater_id


def test_people_join_a_paused_batch_and_not_a_closed_one(session: Session) -> None:
    batch = factories.launched(session)
    entrance = links.create_open(session, batch.id, now=NOW)
    batches.pause(session, batch)
    links.join(session, entrance.id, now=NOW)
    batches.close(session, batch)
    with pytest.raises(Conflict, match="has ended"):
        links.join(session, entrance.id, now=NOW)


def test_no_more_people_join_than_the_channel_has_places(database: Database) -> None:
    with database.transaction() as session:
        batch = factories.launched(session)
        declared(session, batch, Channel.LINK, places=2)
        entrance = links.create_open(session, batch.id, now=NOW).id
        for _ in range(2):
            links.join(session, entrance, now=NOW)
    with pytest.raises(Conflict, match="As many people"), database.transaction() as session:
        links.join(session, entrance, now=NOW)
    with database.reading() as session:
        assert len(links.of_batch(session, batch.id)) == 3


def test_revoking_again_keeps_the_first_moment(session: Session) -> None:
    (link,) = links.create_personal(session, factories.launched(session).id, count=1, now=NOW)
    links.revoke(session, link.id, now=NOW)
    links.revoke(session, link.id, now=LATER)
    assert session.execute(select(Link.revoked_at)).scalar_one() == NOW


def test_withdrawing_again_keeps_the_first_moment(session: Session) -> None:
    (link,) = links.create_personal(session, factories.launched(session).id, count=1, now=NOW)
    raters.withdraw(session, link_id=link.id, now=NOW)
    raters.withdraw(session, link_id=link.id, now=LATER)
    assert session.execute(select(Link.withdrawn_at)).scalar_one() == NOW


def test_only_a_raters_own_link_can_be_withdrawn_and_only_a_known_one_revoked(session: Session) -> None:
    entrance = links.create_open(session, factories.launched(session).id, now=NOW)
    for link in (entrance.id, 404):
        with pytest.raises(NotFound, match="leads nowhere"):
            raters.withdraw(session, link_id=link, now=NOW)
    with pytest.raises(NotFound, match="no such link"):
        links.revoke(session, 404, now=NOW)


def test_a_batchs_links_are_listed_with_the_open_ones_first(session: Session) -> None:
    batch, other = factories.launched(session), factories.launched(session)
    personal = links.create_personal(session, batch.id, count=2, now=NOW)
    entrance = links.create_open(session, batch.id, now=NOW)
    links.create_open(session, other.id, now=NOW)
    listed = links.of_batch(session, batch.id)
    assert [link.id for link, _ in listed] == [entrance.id, *(link.id for link in personal)]
    assert [rater and rater.id for _, rater in listed] == [None, *(link.rater_id for link in personal)]


def test_a_token_opens_only_what_it_was_signed_for() -> None:
    tokens = Tokens("a key for tests")
    token = tokens.sign("link", 7)
    assert tokens.read("link", token) == 7
    for reader, kind, given in (
        (tokens, "open", token),
        (tokens, "link", token[:-1]),
        (tokens, "link", "7"),
        (Tokens("another key"), "link", token),
    ):
        with pytest.raises(NotFound):
            reader.read(kind, given)
