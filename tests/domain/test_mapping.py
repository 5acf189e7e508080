"""A mapping of columns is data: it survives JSON and TOML, and says what it lacks."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.mapping import ColumnMapping, Meaning, OrderBy, PromptBy, Shown, from_json, to_toml

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
MAPPINGS = st.builds(
    ColumnMapping,
    **dict.fromkeys(("rater", "prompt", "choice", "first", "second", "order_column", "seconds", "session"), WORDS),
    prompt_by=st.sampled_from(PromptBy),
    order=st.sampled_from(OrderBy),
    share_time=st.booleans(),
    leave_out=st.booleans(),
    counted=st.lists(WORDS, max_size=3).map(tuple),
    systems=st.dictionaries(WORDS, WORDS, max_size=3),
    orders=st.dictionaries(WORDS, st.sampled_from(Shown), max_size=3),
    meanings=st.dictionaries(WORDS, st.sampled_from(Meaning), max_size=3),
)


@given(MAPPINGS)
def test_a_mapping_survives_json_and_toml(mapping: ColumnMapping) -> None:
    assert from_json(mapping.to_json()) == mapping
    assert from_json(tomllib.loads(to_toml(mapping))) == mapping


def test_a_mapping_as_a_person_writes_it() -> None:
    written = """
        rater = "WorkerId"
        prompt = "Input.id"
        choice = "Answer.choice"
        order = "systems"
        first = "Input.model_a"
        second = "Input.model_b"
        counted = ["Approved"]
        [meanings]
        A = "first"
        equal = "tie"
    """
    found = from_json(tomllib.loads(written))
    assert found.lacks == []
    assert found.meanings == {"A": Meaning.FIRST, "equal": Meaning.TIE}
    assert (found.prompt_by, found.order) == (PromptBy.ID, OrderBy.SYSTEMS)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"ratr": "x"}, "has 'ratr', which is not one of assignment, candidate"),
        ({"rater": 7}, "has a rater that is no text"),
        ({"leave_out": "yes"}, "has a leave_out that is neither true nor false"),
        ({"counted": "Approved"}, "has a counted that is no list"),
        ({"meanings": ["A"]}, "has meanings that are no table"),
        ({"meanings": {"A": "left"}}, "has 'left' in meanings; it must be one of first, second, tie"),
        ({"order": "sideways"}, "has 'sideways' in order; it must be one of systems, outputs"),
    ],
)
def test_what_is_no_mapping_is_told(given: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        from_json(given)


def test_a_mapping_says_what_it_lacks() -> None:
    assert ColumnMapping().lacks == ["who rated", "which prompt", "what was chosen"]
    named = ColumnMapping(rater="r", prompt="p", choice="c")
    assert named.lacks == []
    assert from_json({**named.to_json(), "order": "column"}).lacks == ["which output was shown first"]
    assert from_json({**named.to_json(), "order": "outputs", "first": "a"}).lacks == ["what was shown second"]
    assert from_json({**named.to_json(), "order": "systems"}).lacks == ["what was shown first", "what was shown second"]
    assert from_json({**named.to_json(), "order": "systems", "second": "b"}).lacks == []
