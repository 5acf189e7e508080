"""Qualifications: what they may hold, whom they turn away, and in which words."""

import pytest

from backend.domain.qualifications import (
    ANYBODY,
    NO_SCORE,
    WAS_NOT_THERE,
    WAS_THERE,
    Qualifying,
    Record,
    Score,
    qualifying,
    refusal,
    sentences,
)
from backend.services.studies import studies
from tests import factories

EVERYTHING = {
    "min_approval": 95,
    "min_approved": 100,
    "countries": ["US", "GB"],
    "languages": ["en"],
    "masters": True,
    "exclude_batches": [1, 2],
    "include_batches": [3],
    "scores": [{"batch": 3, "score": 4}],
}


def test_the_papers_preset_asks_for_what_the_paper_asked_for() -> None:
    asked = studies.preset("gudibande-2023").qualifying
    assert (asked.min_approval, asked.min_approved) == (95, 100)
    assert asked.countries == ("US", "GB", "CA", "AU", "NZ", "IE")
    assert not asked.asks_our_records


def test_qualifications_survive_json_and_stay_out_of_it_at_their_default() -> None:
    plain = factories.settings(qualifying={})
    assert "qualifying" not in plain.to_json()
    declared = plain.but(qualifying=EVERYTHING)
    assert declared.but() == declared
    assert declared.qualifying == qualifying(EVERYTHING)
    assert declared.content_hash != plain.content_hash


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"min_approval": 101}, "between 0 and 100"),
        ({"min_approval": "95"}, "min_approval must be a whole number"),
        ({"min_approved": -1}, "can't be negative"),
        ({"countries": ["USA"]}, "two capitals such as US"),
        ({"languages": ["English"]}, "two or three small letters"),
        ({"masters": "yes"}, "masters must be true or false"),
        ({"exclude_batches": 3}, "exclude_batches must be a list"),
        ({"exclude_batches": ["3"]}, "exclude_batches must be a whole number"),
        ({"include_batches": [2]}, "batch 2 can't be both"),
        ({"scores": [{"batch": 1}]}, "score must be a whole number"),
        ({"age": 18}, "unknown qualification age"),
    ],
)
def test_a_qualification_that_makes_no_sense_is_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        qualifying({**EVERYTHING, **changes})


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (Record(), WAS_NOT_THERE),
        (Record(frozenset({2, 3}), {3: 5}), WAS_THERE),
        (Record(frozenset({3})), NO_SCORE),
        (Record(frozenset({3}), {3: 3}), NO_SCORE),
        (Record(frozenset({3}), {3: 4}), None),
    ],
)
def test_who_is_turned_away_is_told_why(known: Record, why: str | None) -> None:
    assert refusal(qualifying(EVERYTHING), known) == why


def test_what_only_a_vendor_knows_is_held_against_nobody() -> None:
    asked = Qualifying(min_approval=100, countries=("US",), masters=True)
    assert refusal(asked, Record()) is None


def test_each_qualification_is_said_in_words() -> None:
    assert list(sentences(ANYBODY)) == []
    assert list(sentences(qualifying(EVERYTHING))) == [
        "Raters need 95 % of their earlier work approved and 100 pieces of work approved and the title of Master, "
        "where their channel knows that.",
        "Raters are to live in US, GB, where their channel knows that.",
        "Raters are to speak en, where their channel knows that.",
        "Nobody rates who took part in batch 1 or 2.",
        "Only those rate who took part in batch 3.",
        "Only those rate who had 4 right in the entry test of batch 3.",
    ]
    assert Score(3, 4) in qualifying(EVERYTHING).scores
