"""What took long to make is made again later; what took no time, whenever somebody asks."""

import pytest
from starlette.testclient import TestClient

from backend.db.session import Database
from backend.web.again import Again
from tests import judged


class Clock:
    """A clock that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_was_never_made_is_made_at_once(clock: Clock) -> None:
    assert not Again(clock).is_too_soon(1)


def test_a_part_is_made_again_after_ten_times_as_long_as_it_took(clock: Clock) -> None:
    again = Again(clock)
    with again.making(1):
        clock.now += 2
    clock.now = 119.9
    assert again.is_too_soon(1)
    assert not again.is_too_soon(2), "another part took no time"
    clock.now = 120.0
    assert not again.is_too_soon(1)


def test_what_failed_is_tried_again_at_once(clock: Clock) -> None:
    again = Again(clock)

    def fail() -> None:
        with again.making(1):
            clock.now += 2
            raise ValueError("no part")

    with pytest.raises(ValueError, match="no part"):
        fail()
    assert not again.is_too_soon(1)


def test_a_list_of_judges_that_took_long_is_kept_for_now_and_the_whole_page_never(
    researcher: TestClient, database: Database, clock: Clock
) -> None:
    with database.transaction() as session:
        study = judged.launched(session).study_id
        judged.declared(session, study, "http://127.0.0.1:9/v1")
    again = researcher.app.state.again = Again(clock)
    page, asked = f"/studies/{study}/judges", {"HX-Request": "true"}
    assert "our-judge" in researcher.get(page, headers=asked).text
    with again.making(study):
        clock.now += 1
    assert researcher.get(page, headers=asked).status_code == 204
    assert "our-judge" in researcher.get(page).text
