"""Messages, blocks and groups at Prolific."""

import pytest

from backend.crowd.protocol import (
    Refused,
)
from backend.simulator.prolific import Person
from tests.prolific import House


def test_a_message_reaches_each_rater_once_in_a_study_of_theirs(at: House) -> None:
    first, second = at.published(), at.published(token="batch-8")
    at.handed_in(first, "ada")
    at.handed_in(second, "ben")
    at.crowd.message(["ada", "ben"], subject="Thank you", text="You were paid.")
    assert {(one.person_id, one.study_id, one.text) for one in at.account.letters} == {
        ("ada", first, "Thank you\n\nYou were paid."),
        ("ben", second, "Thank you\n\nYou were paid."),
    }
    with pytest.raises(Refused, match="stranger"):
        at.crowd.message(["stranger"], subject="Hello", text="Do you want to rate?")


def test_a_blocked_rater_is_shown_no_study_not_even_one_that_is_open(at: House) -> None:
    study_id = at.published()
    at.participants.sign_up(Person("ada"))
    at.crowd.block("ada", reason="planted answers")
    at.crowd.block("ada", reason="planted answers")
    assert at.participants.unfit(at.account.people["ada"], at.account.studies[study_id]) is not None
    at.crowd.unblock("ada")
    at.crowd.unblock("ada")
    assert at.participants.unfit(at.account.people["ada"], at.account.studies[study_id]) is None


def test_a_group_is_made_once_and_holds_whom_it_was_given(at: House) -> None:
    group = at.crowd.create_group("passed", description="the entry test")
    assert at.another_process().create_group("passed", description="the entry test") == group
    at.crowd.add_to_group(group, "ada", score=3)
    at.crowd.add_to_group(group, "ada", score=4)
    assert at.account.groups[group].members == ["ada"]
    at.crowd.remove_from_group(group, "ada")
    at.crowd.remove_from_group(group, "ada")
    assert at.account.groups[group].members == []
    with pytest.raises(Refused, match="no such participant group"):
        at.crowd.remove_from_group("nothing", "ada")
