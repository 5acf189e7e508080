"""Dialogues for the tests, told by what is said in turn: the user begins."""

from backend.domain.data.dialogues import Dialogue
from backend.domain.records import Json, Row, Turn


def said(*texts: str, key: str = "d", source: str = "sharegpt", **meta: str) -> Dialogue:
    """User, assistant, user, …"""
    turns = tuple(Turn(("user", "assistant")[at % 2], text) for at, text in enumerate(texts))
    return Dialogue(key, source, turns, dict(meta))


def spoken(*turns: tuple[str, str], key: str = "d", source: str = "sharegpt") -> Dialogue:
    """(u, a or s; text), as they come."""
    names = {"u": "user", "a": "assistant", "s": "system"}
    return Dialogue(key, source, tuple(Turn(names[role], text) for role, text in turns))


def row(**fields: Json) -> Row:
    """The row on line 7 of somebody's file."""
    return Row(7, fields)


def texts(dialogue: Dialogue) -> list[str]:
    """What is said in turn."""
    return [turn.text for turn in dialogue.turns]


def shown(dialogue: Dialogue) -> str:
    """One line: “u:Why? a:Because.”."""
    return " ".join(f"{turn.role[0]}:{turn.text}" for turn in dialogue.turns)
