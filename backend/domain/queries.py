"""What people asked in a row of training data, and what was answered: texts with their place. Knows no measure.

Dialogues are lists of turns under the names people use (ShareGPT's, OpenAI's, our own); a row without one is a prompt,
and may have an output.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from backend.domain.records import OUTPUTS, PROMPTS, USERS, Json, Row, RowProblem, found, with_input

DIALOGUES = ("turns", "conversations", "messages", "items", "conversation")
TEXTS = ("text", "value", "content")
ROLES = ("role", "from")
ANSWERERS = frozenset({"assistant", "gpt", "chatgpt", "bot", "model", "bing", "bard"})


@dataclass(frozen=True, slots=True)
class Query:
    """One text of a row: what a user asked or, where answers are wanted, what was answered. turn: from 1 on."""

    text: str
    file: str
    line: int
    turn: int = 1
    is_answer: bool = False


def texts_of(row: Row, file: str) -> list[Query]:
    """All queries and answers of a row, in their order. Raises RowProblem where there is no text to look at."""
    for name in DIALOGUES:
        turns = row.fields.get(name)
        if isinstance(turns, list) and turns:
            return list(spoken(turns, row, file, name))
    return list(alone(row, file))


def spoken(turns: list[Json], row: Row, file: str, name: str) -> Iterator[Query]:
    """The turns of a dialogue, without those of the system; plain texts are the user's."""
    for number, turn in enumerate(turns, start=1):
        if isinstance(turn, str):
            yield Query(turn, file, row.line, number)
            continue
        role, text = (part(turn, ROLES), part(turn, TEXTS))
        if role is None or text is None:
            raise RowProblem(f"has a turn without role or text ({name})")
        if role in USERS | ANSWERERS:
            yield Query(text, file, row.line, number, role in ANSWERERS)


def part(turn: Json, names: tuple[str, ...]) -> str | None:
    """The first of these fields that is text."""
    if not isinstance(turn, dict):
        return None
    return next((turn[name] for name in names if isinstance(turn.get(name), str)), None)


def alone(row: Row, file: str) -> Iterator[Query]:
    """A prompt that is no dialogue, and its output if there is one."""
    fields = {**row.fields, "instruction": with_input(row.fields)} if "instruction" in row.fields else row.fields
    name = next((name for name in PROMPTS if isinstance(fields.get(name), str)), None)
    if name is None:
        wanted = ", ".join((*PROMPTS, *DIALOGUES))
        raise RowProblem(f"has neither a prompt nor a dialogue (looked for {wanted}); {found(row)}")
    yield Query(str(fields[name]), file, row.line)
    for other in OUTPUTS:
        if other != name and isinstance(fields.get(other), str):
            yield Query(str(fields[other]), file, row.line, 2, is_answer=True)
            return
