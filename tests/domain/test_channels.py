"""What a channel offers and pays: plain data there and back, and what can't be used, in a sentence."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from backend.domain.channels import PROLIFIC, ChannelSettings, Codes, Panel, defaults, from_json
from backend.domain.money import Money
from backend.domain.pay import MTURK, NO_FEES, Fees, PayRule

PLAIN = {"title": "Compare", "description": "Two answers."}


def full() -> ChannelSettings:
    return ChannelSettings(
        title="Compare",
        description="Two answers.",
        pay=PayRule(40_000, Money(1_200, "GBP"), Money(5, "GBP")),
        fees=Fees(Fraction(1, 3), Fraction(2, 7), many=Fraction(1, 5), masters=Fraction(1, 20), minimum=1),
        places=20,
        seats=2,
        time_allowed_minutes=45,
        open_for_hours=24,
        codes=Codes("DONE", "NO", "OUT"),
        panel=Panel("id", "C", "https://lab.example/{id}", frozenset({"lab.example"})),
    )


@pytest.mark.parametrize("settings", [full(), defaults("link"), defaults("mturk"), defaults("panel")])
def test_settings_come_back_from_plain_data_as_they_were(settings: ChannelSettings) -> None:
    assert from_json(settings.to_json()) == settings


def test_a_rule_without_a_minimum_and_a_panel_without_hosts_come_back_too() -> None:
    settings = replace(full(), pay=PayRule(40_000), panel=Panel("id"))
    assert from_json(settings.to_json()) == settings


def test_what_is_left_out_has_a_default() -> None:
    found = from_json(PLAIN)
    assert (found.pay, found.fees, found.places, found.codes) == (None, NO_FEES, None, None)
    assert (found.time_allowed, found.open_for) == (timedelta(hours=1), timedelta(days=7))


def test_vendors_fees_are_their_channels_defaults() -> None:
    assert defaults("mturk").fees == MTURK
    assert defaults("prolific").fees == PROLIFIC == Fees(Fraction(1, 3), Fraction(1, 3))
    assert defaults("link").fees == NO_FEES


def test_codes_come_as_pairs_for_the_vendor() -> None:
    assert Codes("A", "B", "C").pairs == (("completed", "A"), ("no_consent", "B"), ("screened_out", "C"))


PAY = {"median_ms": 40_000, "per_hour": 1_500, "currency": "USD"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"colour": "red"}, "unknown setting of a channel colour"),
        ({"title": " "}, "title must be a text"),
        ({"description": 7}, "description must be a text"),
        ({"time_allowed_minutes": 0}, "time_allowed_minutes must be between 1 and 10,080"),
        ({"open_for_hours": 9_000}, "open_for_hours must be between 1 and 8,760"),
        ({"places": 0}, "places and seats are at least 1"),
        ({"seats": -1}, "places and seats are at least 1"),
        ({"seats": True}, "seats must be a whole number"),
        ({"pay": {**PAY, "bonus": 1}}, "unknown key of the pay bonus"),
        ({"pay": {**PAY, "median_ms": 0}}, "takes some time"),
        ({"pay": {"median_ms": 1}}, "currency must be a text"),
        ({"fees": {"reward": "a fifth"}}, "reward must be a share such as 1/5"),
        ({"fees": {"reward": "1/0"}}, "reward must be a share such as 1/5"),
        ({"fees": {"bonus": "11"}}, "bonus must be a share of the pay, not 11"),
        ({"fees": {"minimum": -1}}, "fees are never negative"),
        ({"fees": {"tax": "1/5"}}, "unknown key of the fees tax"),
        ({"codes": {"completed": "A", "no_consent": "A", "screened_out": "B"}}, "three different texts"),
        ({"codes": {"completed": "A"}}, "no_consent must be a text"),
        ({"panel": {"parameter": "id", "hosts": "lab.example"}}, "hosts must be a list of texts"),
        ({"panel": {"back": "https://lab.example"}}, "parameter must be a text"),
    ],
)
def test_what_can_not_be_used_is_named(changes: Mapping[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        from_json({**PLAIN, **changes})


def test_a_channel_needs_words_that_raters_read_first() -> None:
    with pytest.raises(ValueError, match="needs a title and a description"):
        ChannelSettings(" ", "Two answers.")
