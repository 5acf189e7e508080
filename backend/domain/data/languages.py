"""Which language a text is in, once code is left out, and what that means for a dialogue or a prompt.

Knows no identifier: one is passed in, a function from text to a language's ISO code and how sure it is, 0 to 1.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backend.domain.data.dialogues import Dialogue
from backend.domain.data.outcomes import Outcome, dropped, kept
from backend.domain.features import FENCED

Identify = Callable[[str], tuple[str, float]]

SPAN = re.compile(r"`[^`\n]{1,400}`")
ADDRESS = re.compile(r"(?:https?://|www\.)\S{1,2000}|\S{1,100}@\S{1,100}")
TAG = re.compile(r"</?[A-Za-z][^<>]{0,400}>")
NO_LETTER = re.compile(r"[^\w'’]+|[\d_]+")
LOOKED_AT = 2000  # characters of prose; identifying takes 0.2 ms for each thousand
ENOUGH = 24  # bytes of letters: so much text is identified rightly in most cases, less is left undecided
SURE = 0.8
SPOKEN_LENGTH = 40
LAST_LATIN = "\u024f"
OTHER_SCRIPT = 6  # bytes: two ideographs, three letters of another alphabet


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which languages stay: only `keep`, or all but `skip`; one of them is empty."""

    keep: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()

    def allows(self, language: str) -> bool:
        """Whether texts in this language stay."""
        return language in self.keep if self.keep else language not in self.skip


def prose(text: str) -> str:
    """The words of a text: without code, addresses, tags, figures and signs. An unclosed fence ends with the text."""
    body = FENCED.sub("\n", "\n" + text) if "```" in text or "~~~" in text else text
    body = body[: 4 * LOOKED_AT]
    for pattern in (SPAN, ADDRESS, TAG, NO_LETTER):
        body = pattern.sub(" ", body)
    return body.strip()[:LOOKED_AT]


def language_of(text: str, identify: Identify) -> str | None:
    """The language of a text's prose; None where there is too little of it, or the identifier is not sure."""
    words = prose(text)
    if beyond_latin(words):
        return identify(words)[0]
    if len(words.encode()) < ENOUGH:
        return None
    language, sure = identify(words)
    return language if sure >= SURE else None


def beyond_latin(words: str) -> bool:
    """Whether most letters are of another script, which a word or two show; a lone letter may be a formula's."""
    letters = [letter for letter in words if letter.isalpha()]
    others = [letter for letter in letters if letter > LAST_LATIN]
    return 2 * len(others) > len(letters) and len("".join(others).encode()) >= OTHER_SCRIPT


def in_language(dialogue: Dialogue, wanted: Wanted, identify: Identify) -> Outcome:
    """Dropped where most queries whose language can be told, or any turn of 40 characters or more, are unwanted."""
    asked: list[tuple[str, str]] = []
    for turn in dialogue.turns:
        language = language_of(turn.text, identify)
        if language is None:
            continue
        if turn.role == "user":
            asked.append((language, turn.text))
        if not wanted.allows(language) and len(prose(turn.text)) >= SPOKEN_LENGTH:
            speaker = "a query" if turn.role == "user" else "an answer"
            return dropped(f"{speaker} in {language}", turn.text)
    return by_majority(dialogue, asked, wanted)


def by_majority(dialogue: Dialogue, asked: Sequence[tuple[str, str]], wanted: Wanted) -> Outcome:
    """Dropped where more than half of these queries, (language, text), are in languages that go."""
    unwanted = [(language, text) for language, text in asked if not wanted.allows(language)]
    if 2 * len(unwanted) <= len(asked):
        return kept(dialogue)
    language, text = unwanted[0]
    return dropped(f"most queries in {language}", text)
