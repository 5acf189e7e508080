"""Languages turn by turn, with an identifier that reads the first word: what is pure here is the rule."""

import pytest

from backend.domain.data.dialogues import Dialogue
from backend.domain.data.languages import LOOKED_AT, Wanted, in_language, language_of, prose
from tests.domain.data.talk import said

ENGLISH, SHORT_GERMAN = "en " + "word " * 9, "de " + "wort " * 6
GERMAN, UNSURE = "de " + "wort " * 9, "unsure " + "word " * 9
KEEP_ENGLISH = Wanted(keep=("en",))


def identify(text: str) -> tuple[str, float]:
    """The first word is the language, and “unsure” is German, perhaps."""
    first = text.split(maxsplit=1)[0]
    return ("de", 0.5) if first == "unsure" else (first if first in ("en", "de", "ko") else "ru", 0.99)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Look:\n```python\ndef f(): pass\n```\nand say", "Look and say"),
        ("Look:\n```python\nnever closed", "Look"),
        ("Call `f(x)` at https://example.org/a?b or me@example.org", "Call at or"),
        ("<b>Bold</b> 12 + 30 = x_1", "Bold x"),
        ("l'été", "l'été"),
        ("", ""),
    ],
)
def test_prose_is_what_is_left_without_code_addresses_tags_and_figures(text: str, words: str) -> None:
    assert " ".join(prose(text).split()) == words


def test_of_a_long_text_the_beginning_is_looked_at() -> None:
    assert len(prose("word " * 10**6)) == LOOKED_AT


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (ENGLISH, "en"),
        (GERMAN, "de"),
        ("de wort", None),
        (UNSURE, None),
        ("Привет", "ru"),
        ("你好", "ru"),
        ("好", None),
        ("What are α and β?", None),
        ("", None),
    ],
)
def test_a_language_is_told_where_there_is_enough_text_or_another_script(text: str, language: str | None) -> None:
    assert language_of(text, identify) == language


@pytest.mark.parametrize(
    ("dialogue", "why"),
    [
        (said(ENGLISH, ENGLISH), []),
        (said(ENGLISH, GERMAN), ["an answer in de"]),
        (said(ENGLISH, ENGLISH, GERMAN, ENGLISH), ["a query in de"]),
        (said(SHORT_GERMAN, ENGLISH), ["most queries in de"]),
        (said(SHORT_GERMAN, ENGLISH, ENGLISH, ENGLISH), []),
        (said(SHORT_GERMAN, ENGLISH, ENGLISH, ENGLISH, SHORT_GERMAN), ["most queries in de"]),
        (said(ENGLISH, SHORT_GERMAN), []),
        (said("Hi", "Hello"), []),
        (Dialogue("d", "s", ()), []),
    ],
)
def test_a_long_turn_or_most_queries_in_another_language_drop_a_dialogue(dialogue: Dialogue, why: list[str]) -> None:
    outcome = in_language(dialogue, KEEP_ENGLISH, identify)
    assert [note.why for note in outcome.notes] == why
    assert outcome.dialogues == (() if why else (dialogue,))


def test_languages_may_be_skipped_instead_of_kept() -> None:
    korean = said("ko " + "word " * 9, GERMAN)
    assert in_language(korean, Wanted(skip=("ko",)), identify).notes[0].why == "a query in ko"
    assert in_language(said(GERMAN, GERMAN), Wanted(skip=("ko",)), identify).notes == ()
