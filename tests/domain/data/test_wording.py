"""What pages leave in copied text, failures, and who the assistant says it is. The examples are made by hand."""

import pytest

from backend.domain.data.dialogues import Dialogue
from backend.domain.data.outcomes import Outcome
from backend.domain.data.wording import (
    BLANK_LINES,
    REMNANTS,
    USUAL,
    without_broken_lists,
    without_failures,
    without_long_numbers,
    without_phrases,
    without_plugins,
    without_remnants,
)
from tests.domain.data.talk import said, texts

KOALA = ("openai", "chatgpt", "gpt-3", "open ai")
BUSY = "Too many requests in 1 hour. Try again later."


def why(outcome: Outcome) -> list[str]:
    """What it was dropped for; nothing where it stayed."""
    return [] if outcome.dialogues else [note.why for note in outcome.notes]


@pytest.mark.parametrize(
    ("text", "left", "names"),
    [
        ("python\nCopy code\nprint()", "python\n\nprint()", ["a line “Copy code”"]),
        ("See:\n  Copy code", "See:\n", ["a line “Copy code”"]),
        ("```\npythonCopy code\nprint()\n```", "```python\nprint()\n```", ["“Copy code” after a fence"]),
        ("```c++Copy codeint x;\n```", "```c++\nint x;\n```", ["“Copy code” after a fence"]),
        ("```Copy code\nx\n```", "```\nx\n```", ["“Copy code” after a fence"]),
        ("a\n```\nCopy code\n```\nb", "a\nb", ["an empty block to copy"]),
        ("2 / 3\n\nBecause.", "Because.", ["a count of versions"]),
        ("Copy1021 chars / 179 words\nBecause.", "Because.", ["a count of characters"]),
        ("a\n\n\n \nb", "a\n\nb", [BLANK_LINES]),
        (
            "1 / 2\nCopy2 chars / 1 words\nx\n\n\n\ny",
            "x\n\ny",
            ["a count of versions", "a count of characters", BLANK_LINES],
        ),
    ],
)
def test_what_a_page_leaves_is_taken_out_and_named(text: str, left: str, names: list[str]) -> None:
    outcome = without_remnants(said("Why?", text), tuple(REMNANTS))
    assert texts(outcome.dialogues[0]) == ["Why?", left]
    assert [note.why for note in outcome.notes] == names


@pytest.mark.parametrize(
    "text",
    [
        "3 / 5",
        "How much is 3 / 5\nof it?",
        "Press “Copy code” in the corner.",
        "```python\nprint()\n```\n\n```\nx\n```",
        "a\n\nb\n",
        "Copy 3 chars / 2 words",
    ],
)
def test_text_that_only_looks_like_it_stays_as_it_is(text: str) -> None:
    dialogue = said(text, text)
    assert without_remnants(dialogue, tuple(REMNANTS)) == Outcome((dialogue,))


def test_blank_lines_are_left_alone_unless_they_are_named() -> None:
    assert without_remnants(said("a", "b\n\n\n\nc"), USUAL).notes == ()


def test_only_the_remnants_that_are_named_are_looked_for() -> None:
    outcome = without_remnants(said("a", "1 / 2\nb\nCopy code\n"), ["a count of versions"])
    assert texts(outcome.dialogues[0]) == ["a", "b\nCopy code\n"]


def test_a_dialogue_whose_answer_is_the_pages_failure_is_dropped() -> None:
    assert why(without_failures(said("a", f" {BUSY}"), (BUSY,))) == [f"an answer begins “{BUSY}”"]
    assert why(without_failures(said(BUSY, "What do you mean?"), (BUSY,))) == []


@pytest.mark.parametrize(
    ("dialogue", "reason"),
    [
        (said("Who are you?", "I am ChatGPT."), ["says “chatgpt”"]),
        (said("Is this OPENAI?", "No."), ["says “openai”"]),
        (said("a", "b", "c", "trained by Open AI on GPT-3"), ["says “gpt-3”"]),
        (said("Who are you?", "An assistant."), []),
    ],
)
def test_a_dialogue_that_names_the_system_is_dropped_for_the_first_phrase(
    dialogue: Dialogue, reason: list[str]
) -> None:
    assert why(without_phrases(dialogue, KOALA, ("user", "assistant"))) == reason


def test_phrases_are_looked_for_only_in_the_turns_of_these_roles_and_shown_with_what_is_around() -> None:
    assert why(without_phrases(said("Is this OpenAI?", "No."), KOALA, ("assistant",))) == []
    outcome = without_phrases(said("a", "x" * 300 + " I am ChatGPT, you see." + "y" * 300), KOALA, ("assistant",))
    assert "I am ChatGPT, you see." in outcome.notes[0].what


def test_a_dialogue_with_plugins_is_dropped() -> None:
    assert why(without_plugins(said("a", "b", plugins="web"))) == ["used plugins"]
    assert why(without_plugins(said("a", "b"))) == []


def test_nine_equal_digits_in_a_row_are_dropped_and_eight_are_not() -> None:
    assert why(without_long_numbers(said("a", "1" + "7" * 9))) == ["one digit nine times in a row"]
    assert why(without_long_numbers(said("a", "7" * 8 + " " + "7" * 8))) == []


def test_a_list_that_counts_one_one_is_dropped_and_two_lists_are_not() -> None:
    assert why(without_broken_lists(said("a", "So:\n1. x\n\n1. y\n"))) == ["two items 1 in a row"]
    assert why(without_broken_lists(said("a", "So:\n1. x\n2. y\nAnd:\n1. z\n2. w"))) == []


@pytest.mark.parametrize(
    "hostile", ["```\n" * 50_000, "\n \t" * 70_000, "1 / " * 50_000, "Copy" * 50_000, "\n1. x" * 50_000]
)
def test_hostile_text_takes_no_more_time_than_its_length(hostile: str) -> None:
    """Quadratic patterns would take minutes on these."""
    dialogue = said("a", hostile)
    assert without_remnants(dialogue, tuple(REMNANTS)).dialogues
    assert without_long_numbers(dialogue).dialogues
    without_broken_lists(dialogue)
