"""Which kind of record a file holds, told by its first ones, and who reads that kind. Knows no file."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from backend.domain.data import dialogues, readers
from backend.domain.data.dialogues import Dialogue
from backend.domain.records import OUTPUTS, PROMPTS, Json, Row, RowProblem

LOOKED_AT = 20
Read = Callable[[Row, str], list[Dialogue]]


class Kind(StrEnum):
    """What people's files of dialogues are; a dialogue's source says which it was read from."""

    DIALOGUES = "dialogues"
    SHAREGPT = "sharegpt"
    HC3 = "hc3"
    DISCORD = "discord"
    MESSAGES = "messages"
    ALPACA = "alpaca"
    PAIRS = "pairs"


LOOKS = {
    Kind.DIALOGUES: "turns: [{role, text}], as Assay writes them",
    Kind.SHAREGPT: "conversations (or items): [{from, value}]",
    Kind.HC3: "question, chatgpt_answers",
    Kind.DISCORD: "an export of DiscordChatExporter",
    Kind.MESSAGES: "messages: [{role, content}], as in logs of OpenAI's interface",
    Kind.ALPACA: "instruction, input, output, or with instances",
    Kind.PAIRS: "a prompt and an output",
}
# Discord is not among them: its replies are read with the messages that they answer.
READERS: dict[Kind, Read] = {
    Kind.DIALOGUES: dialogues.from_row,
    Kind.SHAREGPT: readers.sharegpt,
    Kind.HC3: readers.hc3,
    Kind.MESSAGES: readers.messages,
    Kind.ALPACA: readers.alpaca,
    Kind.PAIRS: readers.pairs,
}


def recognised(rows: Sequence[Row]) -> Kind:
    """The kind that most of these first rows look like. Raises RowProblem with the kinds there are."""
    looks = [looks_like(row.fields) for row in rows]
    found = [kind for kind in Kind if 2 * looks.count(kind) > len(looks)]
    if not found:
        known = "; ".join(f"{kind} ({what})" for kind, what in LOOKS.items())
        names = ", ".join(rows[0].fields) or "none"
        raise RowProblem(f"looks like no kind of record that Assay knows: {known}. Its fields are {names}")
    return found[0]


def looks_like(fields: Mapping[str, Json]) -> Kind | None:
    """The first kind that a record has the fields of."""
    return next((kind for kind, fits in SIGNS.items() if fits(fields)), None)


def has_messages(fields: Mapping[str, Json]) -> bool:
    is_list = isinstance(readers.within(fields, "request", "body").get("messages"), list)
    # With an output beside them that is text, the messages are a prompt.
    return is_list and not any(isinstance(fields.get(name), str) for name in OUTPUTS)


def has_conversations(fields: Mapping[str, Json]) -> bool:
    return isinstance(fields.get("conversations", fields.get("items")), list)


def is_posted(fields: Mapping[str, Json]) -> bool:
    return isinstance(fields.get("author"), Mapping) and "content" in fields


def has_instruction(fields: Mapping[str, Json]) -> bool:
    return "instruction" in fields and not {"output", "instances"}.isdisjoint(fields)


def has_pair(fields: Mapping[str, Json]) -> bool:
    return not set(PROMPTS).isdisjoint(fields) and not set(OUTPUTS).isdisjoint(fields)


SIGNS: dict[Kind, Callable[[Mapping[str, Json]], bool]] = {
    Kind.DIALOGUES: lambda fields: isinstance(fields.get("turns"), list),
    Kind.SHAREGPT: has_conversations,
    Kind.HC3: lambda fields: "chatgpt_answers" in fields,
    Kind.DISCORD: is_posted,
    Kind.MESSAGES: has_messages,
    Kind.ALPACA: has_instruction,
    Kind.PAIRS: has_pair,
}
