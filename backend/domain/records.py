"""One row of somebody's file, understood: which field is the id, the prompt, the output. Knows no file.

People call the same thing by many names; the names looked for are here, in the order in which they win.
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"

IDS = ("id", "question_id", "task_id", "key")
PROMPTS = ("prompt", "instruction", "question", "text", "messages")
OUTPUTS = ("output", "response", "answer", "completion", "text")
SYSTEMS = ("model", "model_id", "generator")
LONGEST_NAME = 500  # PostgreSQL indexes names up to some 2,700 bytes
USERS = frozenset({"user", "human", "prompter"})


class RowProblem(ValueError):
    """A row that can't be used; the message says which field and what is looked for."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it stands in the file, and the line on which it starts."""

    line: int
    fields: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a dialogue: role is "user", "assistant" or "system"."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """What a row says. `extra_turns` counts further answers of a multi-turn output, of which the first is used."""

    line: int
    key: str | None
    dialogue: tuple[Turn, ...] | None
    output: str | None
    system: str | None
    category: str | None
    extra_turns: int = 0


def output_record(row: Row) -> Record:
    """A row of an output file. Raises RowProblem without an output, or without both id and prompt."""
    name, output, extra_turns = output_of(row.fields)
    record = Record(
        line=row.line,
        key=key_of(row.fields),
        dialogue=dialogue_of(row.fields, skip=name),
        output=output,
        system=words_at(row.fields, SYSTEMS),
        category=words_at(row.fields, ("category",)),
        extra_turns=extra_turns,
    )
    if record.key is None and record.dialogue is None:
        raise RowProblem(f"has neither an id ({', '.join(IDS)}) nor a prompt ({', '.join(PROMPTS)}); {found(row)}")
    return record


def prompt_record(row: Row) -> Record:
    """A row of a prompts file. Raises RowProblem without a prompt."""
    dialogue = dialogue_of(row.fields, skip=None)
    if dialogue is None:
        raise RowProblem(f"has no prompt ({', '.join(PROMPTS)}); {found(row)}")
    category = words_at(row.fields, ("category",))
    return Record(row.line, key_of(row.fields), dialogue, None, None, category)


def found(row: Row) -> str:
    return f"its fields are {', '.join(row.fields) or 'none'}"


def key_of(fields: Mapping[str, Json]) -> str | None:
    """The id as text, so that 7 and "7" are the same prompt."""
    for name in IDS:
        value = fields.get(name)
        if isinstance(value, bool) or is_blank(value):
            continue
        if not isinstance(value, str | int):
            raise RowProblem(f"has an id that is neither text nor a whole number ({name})")
        return storable(str(value).strip(), name)
    return None


def is_blank(value: Json) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def storable(name: str, field: str) -> str:
    """A name that databases can hold. Texts are mended when stored; a mended name could be another one's."""
    if "\0" in name or any("\ud800" <= character <= "\udfff" for character in name):
        raise RowProblem(f"has a character that can't be stored, NUL or half a surrogate pair ({field})")
    if len(name) > LONGEST_NAME:
        raise RowProblem(f"has a name of {len(name):,} characters ({field}); at most {LONGEST_NAME} can be stored")
    return name


def words_at(fields: Mapping[str, Json], names: Sequence[str]) -> str | None:
    """The first of these fields that holds text."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value.strip():
            return storable(value.strip(), name)
    return None


def output_of(fields: Mapping[str, Json]) -> tuple[str | None, str, int]:
    """(field, output, further turns). A null output is an empty one, unless another field holds one."""
    present = [name for name in OUTPUTS if name in fields]
    for name in sorted(present, key=lambda name: fields[name] is None):
        value = fields[name]
        if isinstance(value, Mapping) or not isinstance(value, str | float | int | None):
            raise RowProblem(f"has an output that is not text ({name})")
        return name, as_text(value), 0
    turns = turns_of(fields.get("choices"))
    if turns is None:
        looked_for = ", ".join((*OUTPUTS, "choices[0].turns"))
        raise RowProblem(f"has no output; looked for {looked_for}; its fields are {', '.join(fields) or 'none'}")
    return None, turns[0], len(turns) - 1


def as_text(value: str | float | bool | None) -> str:
    """The output as text: a number, true or false as JSON writes it, null as nothing."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


def turns_of(choices: Json) -> list[str] | None:
    """The turns of the first choice, as MT-bench writes its answers."""
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        return None
    turns = choices[0].get("turns")
    if not isinstance(turns, list) or not turns:
        return None
    texts = [turn for turn in turns if isinstance(turn, str)]
    return texts if len(texts) == len(turns) else None


def dialogue_of(fields: Mapping[str, Json], *, skip: str | None) -> tuple[Turn, ...] | None:
    """The prompt as turns; None without one. `skip` is the field that was already taken as the output."""
    for name in PROMPTS:
        value = with_input(fields) if name == "instruction" else fields.get(name)
        if name == skip or is_blank(value):
            continue
        if isinstance(value, str):
            return (Turn("user", value),)
        return turns_from(value, name)
    return None


def with_input(fields: Mapping[str, Json]) -> Json:
    """An instruction and its input, as Self-Instruct and Alpaca keep them apart; either may be blank."""
    instruction, given = fields.get("instruction"), fields.get("input")
    if "instruction" not in fields or is_blank(given):
        return instruction
    return given if is_blank(instruction) else f"{instruction}\n\n{given}"


def turns_from(value: Json, name: str) -> tuple[Turn, ...]:
    """A dialogue from a list of messages, {role, content} or {from, value}; its last turn must be the user's."""
    if not isinstance(value, list) or not value:
        raise RowProblem(f"has a prompt that is neither text nor a list of messages ({name})")
    turns = tuple(turn_from(message, name) for message in value)
    if turns[-1].role != "user":
        raise RowProblem(f"has a dialogue whose last turn is not the user's ({name}), so there is nothing to answer")
    return turns


def turn_from(message: Json, name: str) -> Turn:
    if isinstance(message, Mapping):
        role, content = message.get("role", message.get("from")), message.get("content", message.get("value"))
        if isinstance(role, str) and isinstance(content, str):
            return Turn("user" if role in USERS else "system" if role == "system" else "assistant", content)
    raise RowProblem(f"has a message without role and content ({name})")


def prompt_text(dialogue: Sequence[Turn]) -> str:
    """The text by which a prompt is known: of a single turn its text, of a dialogue every turn with its role."""
    if len(dialogue) == 1:
        return dialogue[0].text
    return "\n\n".join(f"{turn.role}: {turn.text}" for turn in dialogue)


def text_hash(text: str) -> str:
    """sha256 of the text, whatever its line ends, outer white space and Unicode composition."""
    normal = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    return hashlib.sha256(normal.encode("utf-8", "surrogatepass")).hexdigest()
