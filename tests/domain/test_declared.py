"""Declared rules in words: those that are on, and numbers that read back as they were."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain import declared
from backend.domain.choices import SplitRule
from tests import factories
from tests.ways import JOURNEY


def test_a_plain_study_declares_nothing() -> None:
    assert declared.sentences(factories.settings(qualifying={})) == ()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"checks": {"gold": 0.05, "repeat": 0.1}},
            ["Raters meet checks among their comparisons: 5 % gold comparisons, 10 % repeats."],
        ),
        (
            {
                "exclusions": [
                    {"kind": "failed_checks", "limit": 0.3, "least": 4},
                    {"kind": "too_fast", "limit": 900, "least": 10},
                ]
            },
            [
                "Raters are left out who fail more than 30 % of their gold and attention checks (4 or more), or read "
                "more than 900 words a minute (median of 10 or more comparisons); their seats are not filled again."
            ],
        ),
        (
            {"stopping": {"error": 0.05, "least_prompts": 40}},
            [
                "The batch may stop early, from 40 prompts on, with an error of 5 %.",
                "The results are sealed until the batch has ended.",
            ],
        ),
        ({"analysis": {"sealed": True}}, ["The results are sealed until the batch has ended."]),
        (
            {"analysis": {"primary": "a", "margin": 0.07, "base": "b", "ladder": [{"system": "a", "amount": 1e5}]}},
            [
                "A difference of up to 7 points counts as none.",
                "The primary candidate is a.",
                "The ladder is a at 100000.",
                "The system that imitation started from is b.",
            ],
        ),
        (
            {"journey": JOURNEY},
            [
                "Raters are asked for their consent first.",
                "Raters practise on 2 exercises with feedback, which nobody fails.",
                "Raters take an entry test: 2 of 2 exercises must be right; whoever fails is paid for it and does not "
                "go on.",
            ],
        ),
        ({"qualifying": {"languages": ["en"]}}, ["Raters are to speak en, where their channel knows that."]),
    ],
)
def test_each_rule_that_is_on_is_a_sentence(changes: dict[str, object], says: list[str]) -> None:
    assert list(declared.sentences(factories.settings(**{"qualifying": {}, **changes}))) == says


@pytest.mark.parametrize("rule", list(SplitRule))
def test_every_split_rule_is_told(rule: SplitRule) -> None:
    told = declared.split_in_words(factories.settings(split_rule=rule, split_fallback="half"))
    assert declared.SPLITS[rule] in told
    assert told.endswith("leave open counts as half a win") == (rule == SplitRule.EXTRA)


@given(st.floats(min_value=0, max_value=1e9, allow_subnormal=False))
def test_digits_read_back_as_the_number_they_were_made_from(value: float) -> None:
    assert float(declared.digits(value)) == value
    assert float(Decimal(declared.digits(value, 100)).scaleb(-2)) == value


@pytest.mark.parametrize(
    ("value", "times", "shown"), [(0.07, 100, "7"), (1000.0, 1, "1000"), (0.0, 100, "0"), (0.075, 100, "7.5")]
)
def test_digits_are_plain(value: float, times: int, shown: str) -> None:
    assert declared.digits(value, times) == shown
