"""Links: no vendor, and what is due is noted for a person to pay."""

import pytest

from backend.crowd.link import Due, Links, Slate
from backend.crowd.protocol import Crowd, Posted, Qualifications, Refused
from backend.domain.money import Money
from tests.prolific import posting


def test_links_are_a_crowd_without_a_vendor() -> None:
    crowd: Crowd = Links()
    assert crowd.balance() is None
    assert crowd.publish(posting()) == Posted("batch-7")
    crowd.extend("batch-7", places=3, token="more")
    crowd.pause("batch-7")
    crowd.resume("batch-7")
    crowd.close("batch-7")
    assert list(crowd.submissions("batch-7")) == list(crowd.payments("batch-7")) == []


def test_no_wish_about_raters_can_be_kept() -> None:
    asked = Qualifications(95, 100, ("GB",), ("en",), masters=True, include=("a",), exclude=("b",))
    ignored = Links().publish(posting(qualifications=asked)).ignored
    assert [wish.split(":")[0] for wish in ignored] == [
        "min_approval", "min_approved", "countries", "languages", "masters", "include", "exclude",
    ]  # fmt: skip
    only = Links().publish(posting(qualifications=Qualifications(min_approval=0))).ignored
    assert [wish.split(":")[0] for wish in only] == ["min_approval"]


def test_a_reward_is_due_once() -> None:
    slate = Slate()
    for _ in range(2):
        Links(slate).approve("s1")
    assert list(slate.dues.values()) == [Due("reward:s1", "s1")]


def test_a_bonus_is_due_once_for_a_token() -> None:
    slate = Slate()
    for _ in range(2):
        Links(slate).pay_bonus("s1", rater_id="r1", amount=Money(30), reason="up to the target", token="b1")
    assert list(slate.dues.values()) == [Due("b1", "s1", "r1", Money(30), "up to the target")]
    with pytest.raises(Refused, match="another payment"):
        Links(slate).pay_bonus("s1", rater_id="r1", amount=Money(31), reason="up to the target", token="b1")


def test_a_rejection_takes_the_reward_away_and_leaves_the_bonus() -> None:
    slate = Slate()
    links = Links(slate)
    links.approve("s1")
    links.pay_bonus("s1", rater_id="r1", amount=Money(30), reason="time", token="b1")
    links.reject("s1", reason="a person's")
    links.reject("s1", reason="a person's")
    assert list(slate.dues) == ["b1"]


def test_what_only_a_vendor_can_do_is_refused_and_not_pretended() -> None:
    links = Links()
    for ask in (
        lambda: links.message(["r1"], subject="a", text="b"),
        lambda: links.block("r1", reason="a"),
        lambda: links.unblock("r1"),
        lambda: links.create_group("a", description="b"),
        lambda: links.add_to_group("a", "r1"),
        lambda: links.remove_from_group("a", "r1"),
    ):
        with pytest.raises(Refused):
            ask()
