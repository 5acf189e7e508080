"""What people write for a choice, and what it means."""

import pytest

from backend.domain.foreign.recognition import known, system_of
from backend.domain.foreign.words import meaning_of, orders_of, understanding
from backend.domain.mapping import Meaning, Shown

KNOWN = known(baseline="ChatGPT", candidates=["vicuna-13b", "alpaca-13b"], prompts=[], outputs=[])
FIRST, SECOND, TIE, BAD = Meaning.FIRST, Meaning.SECOND, Meaning.TIE, Meaning.BOTH_BAD


@pytest.mark.parametrize(
    ("written", "meaning"),
    [
        *(
            (word, FIRST)
            for word in ("A", "a", "1", "first", "Output 1", "Response A is better", "left", "optionA", "1a", "2a")
        ),
        *((word, FIRST) for word in ("A is much better", "Output 1 is slightly better", "I prefer the first response")),
        *((word, SECOND) for word in ("B", "2", "second", "Output 2 is better", "right", "response_b", "1b", "2b")),
        *(
            (word, TIE)
            for word in ("tie", "Equal", "same", "About the same", "no preference", "both good", "No difference")
        ),
        *((word, TIE) for word in ("equally good", "neither is better", "Both are equally good", "A and B are equal")),
        *((word, BAD) for word in ("both bad", "Both are bad", "neither is good", "both_bad")),
        ("candidate", Meaning.CANDIDATE),
        ("Baseline", Meaning.BASELINE),
        *((word, Meaning.SYSTEM) for word in ("chatgpt", "Vicuna 13B", "vicuna")),
        *((word, None) for word in ("neither", "", "yes", "7", "A or B", "better", "llama", "I don't know")),
    ],
)
def test_a_choice_is_understood_by_its_words(written: str, meaning: Meaning | None) -> None:
    assert meaning_of(written, KNOWN) == meaning


@pytest.mark.parametrize(
    ("values", "meanings", "guessed"),
    [
        (["1", "2"], [FIRST, SECOND], 0),
        (["0", "1"], [FIRST, SECOND], 2),
        (["0", "1", "2"], [TIE, FIRST, SECOND], 1),
        (["1", "2", "3"], [FIRST, SECOND, TIE], 1),
        (["1", "tie"], [FIRST, TIE], 0),
        (["A", "B", "C"], [FIRST, SECOND, TIE], 1),
        (["A", "B", "C", "D"], [FIRST, SECOND, None, None], 0),
        (["1", "2", "3", "4", "5"], [None] * 5, 0),
    ],
)
def test_numbers_and_letters_are_understood_as_a_whole(
    values: list[str], meanings: list[Meaning | None], guessed: int
) -> None:
    found = understanding(values, KNOWN)
    assert [found.meanings.get(value) for value in values] == meanings
    assert len(found.guessed) == guessed


@pytest.mark.parametrize("listed", [True, False])
def test_an_order_is_understood_by_its_words(listed: bool) -> None:
    turned, straight = (Shown.REVERSED, Shown.AS_LISTED) if listed else (Shown.BASELINE_FIRST, Shown.CANDIDATE_FIRST)
    found = orders_of(["true", "False", "1", "swapped", "original", "Candidate First", "AB"], listed=listed)
    assert found == {
        "true": turned,
        "False": straight,
        "1": turned,
        "swapped": turned,
        "original": straight,
        "Candidate First": Shown.CANDIDATE_FIRST,
    }


@pytest.mark.parametrize(
    ("name", "system"),
    [
        ("CHATGPT", "ChatGPT"),
        ("Vicuna", "vicuna-13b"),
        ("vicuna_13b", "vicuna-13b"),
        ("13b", None),
        ("gpt", None),
        ("", None),
    ],
)
def test_a_system_is_recognised_by_its_name_or_the_better_part_of_it(name: str, system: str | None) -> None:
    assert system_of(name, KNOWN) == system
