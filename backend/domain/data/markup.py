"""The step from a page's HTML to Markdown: which turns are HTML. Knows no converter; one is passed in."""

import re
from collections.abc import Callable, Sequence

from backend.domain.data.dialogues import Dialogue, excerpt
from backend.domain.data.outcomes import Note, Outcome, dropped, rewritten
from backend.domain.records import Turn

# Text that only talks about HTML begins with words; what was copied from a page begins with a tag.
OPENS = re.compile(r"\s*<(?:div|p|pre|ol|ul|table|h[1-6]|blockquote|span|hr|br)(?:\s[^<>]{0,500})?/?>", re.IGNORECASE)
LONGEST = 1_000_000  # characters: a page of this length takes seconds, and no answer is so long

ToMarkdown = Callable[[str], str]


def is_html(text: str) -> bool:
    """Whether a turn was copied as HTML."""
    return OPENS.match(text) is not None


def as_markdown(dialogue: Dialogue, to_markdown: ToMarkdown, roles: Sequence[str]) -> Outcome:
    """The turns of these roles that are HTML as Markdown; dropped where one can't be converted.

    `to_markdown` raises ValueError in words that follow “HTML”, such as “nested too deeply”.
    """

    def rewrite(turn: Turn) -> tuple[str, list[Note]]:
        if turn.role not in roles or not is_html(turn.text):
            return turn.text, []
        return to_markdown(turn.text), [Note("HTML", excerpt(turn.text))]

    for turn in dialogue.turns:
        if len(turn.text) > LONGEST and turn.role in roles and is_html(turn.text):
            return dropped(f"HTML longer than {LONGEST:,} characters", turn.text)
    try:
        return rewritten(dialogue, rewrite)
    except ValueError as error:
        return dropped(f"HTML {error}", next(turn.text for turn in dialogue.turns if is_html(turn.text)))
