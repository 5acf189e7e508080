"""Steps about what is said: remnants of the page it was copied from, failures, who the assistant says it is.

The patterns match in time linear in the text: whatever they repeat is bounded.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from backend.domain.data.dialogues import Dialogue, excerpt
from backend.domain.data.outcomes import Note, Outcome, dropped, kept, rewritten
from backend.domain.records import Turn

BLANK_LINES = "blank lines"
LANGUAGE = r"[A-Za-z0-9+#.\-]{0,24}"
NUMBERED_TWICE = re.compile(r"\n1\. [^2]*\n1\. ")
DIGITS = re.compile(r"([0-9])\1{8}")


@dataclass(frozen=True, slots=True)
class Remnant:
    """Text of the page around a dialogue that was copied with it, and what is written in its place."""

    name: str
    pattern: re.Pattern[str]
    instead: str


REMNANTS = {
    remnant.name: remnant
    for remnant in (
        Remnant("an empty block to copy", re.compile(r"```[ \t]*\n?[ \t]*Copy code\s*```[ \t]*\n?"), ""),
        Remnant(
            "“Copy code” after a fence",
            re.compile(rf"(```)[ \t]*\n?[ \t]*({LANGUAGE})[ \t]*Copy code[ \t]*\n?"),
            r"\1\2\n",
        ),
        Remnant("a line “Copy code”", re.compile(r"(?:\A|\n)[ \t]*Copy code[ \t]*(?=\n|\Z)"), "\n"),
        Remnant("a count of versions", re.compile(r"\A\s{0,9}\d{1,4} / \d{1,4}[ \t]*\n\s*"), ""),
        Remnant("a count of characters", re.compile(r"Copy\d{1,9} chars / \d{1,9} words[ \t]*\n?"), ""),
        Remnant(BLANK_LINES, re.compile(r"\n[ \t]*\n[ \t]*\n\s*"), "\n\n"),
    )
}
USUAL = tuple(name for name in REMNANTS if name != BLANK_LINES)  # blank lines are the system's own, often in code


def without_remnants(dialogue: Dialogue, names: Sequence[str]) -> Outcome:
    """Without these remnants of the page, in this order; each that was found is noted with the text around it."""

    def rewrite(turn: Turn) -> tuple[str, list[Note]]:
        text, notes = turn.text, []
        for name in names:
            remnant = REMNANTS[name]
            if found := remnant.pattern.search(text):
                notes.append(Note(name, excerpt(text[max(0, found.start() - 20) : found.end() + 20])))
                text = remnant.pattern.sub(remnant.instead, text)
        return text, notes

    return rewritten(dialogue, rewrite)


def without_failures(dialogue: Dialogue, openings: Sequence[str]) -> Outcome:
    """Dropped where an answer begins with one of these: the page's own words, not the system's."""
    for turn in dialogue.turns:
        for opening in openings:
            if turn.role == "assistant" and turn.text.lstrip().startswith(opening):
                return dropped(f"an answer begins “{opening}”", turn.text)
    return kept(dialogue)


def without_phrases(dialogue: Dialogue, phrases: Sequence[str], roles: Sequence[str]) -> Outcome:
    """Dropped where a turn of these roles holds one of these phrases, in whatever case."""
    for turn in dialogue.turns:
        lowered = turn.text.lower() if turn.role in roles else ""
        for phrase in phrases:
            if (at := lowered.find(phrase)) >= 0:
                return dropped(f"says “{phrase}”", turn.text[max(0, at - 40) : at + 60])
    return kept(dialogue)


def without_plugins(dialogue: Dialogue) -> Outcome:
    """Dropped where the system had tools, which the text does not show."""
    plugins = dialogue.meta.get("plugins")
    return dropped("used plugins", str(plugins)) if plugins else kept(dialogue)


def without_pattern(dialogue: Dialogue, pattern: re.Pattern[str], why: str) -> Outcome:
    """Dropped where a turn matches."""
    for turn in dialogue.turns:
        if found := pattern.search(turn.text):
            return dropped(why, found[0])
    return kept(dialogue)


def without_long_numbers(dialogue: Dialogue) -> Outcome:
    """Dropped where one digit stands nine times in a row."""
    return without_pattern(dialogue, DIGITS, "one digit nine times in a row")


def without_broken_lists(dialogue: Dialogue) -> Outcome:
    """Dropped where a list has two items 1 and no 2 between them: its numbers went as it was converted."""
    return without_pattern(dialogue, NUMBERED_TWICE, "two items 1 in a row")
