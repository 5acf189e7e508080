"""What results are computed from, as it comes out of either database."""

import numpy as np
import pytest

from backend.db.session import Database
from backend.services import columns
from backend.services.rating import assignments, links, ratings, visitors
from backend.services.rating.ratings import Vote
from backend.services.results.material import gather
from tests import factories
from tests.factories import NOW


@pytest.mark.parametrize("milliseconds", [None, 0, 1500, 999_999_999])
def test_times_come_out_as_they_were_sent_even_the_longest(database: Database, milliseconds: int | None) -> None:
    with database.transaction() as session:
        batch = factories.launched(session, prompts=1, seats=1)
        (link,) = links.create_personal(session, batch.id, count=1, now=NOW)
        who = visitors.visitor(session, link_id=link.id)
        held = assignments.claim(session, who, now=NOW)
        assert held is not None
        vote = Vote(factories.settings().options[2].choice, active_ms=milliseconds)
        ratings.submit(session, rater_id=who.rater_id, assignment_id=held, vote=vote, now=NOW)
        found = gather(session, batch, key="a key").votes
    expected = np.nan if milliseconds is None else milliseconds / 1000
    assert found.seconds.tolist() == pytest.approx([expected], nan_ok=True)
    assert found.preference.tolist() == [0]


def test_columns_are_joined_by_keys_in_any_order() -> None:
    keys = np.array([30, 10, 20])
    assert columns.places(keys, np.array([10, 30])).tolist() == [1, 0]
    assert columns.places(np.sort(keys), np.array([10, 30])).tolist() == [0, 2]
    first, second = columns.in_order([keys, np.array([3, 1, 2])])
    assert (first.tolist(), second.tolist()) == ([10, 20, 30], [1, 2, 3])
