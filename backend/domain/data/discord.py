"""A Discord channel as DiscordChatExporter writes it: each bot's reply with the message that it answers. Knows no file.

The messages are gone through twice: first for the ids that bots refer to, then for the texts of those alone, so that
only what is answered is in memory. A long answer is posted in pieces, one after the other to the same message.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from backend.domain.data.dialogues import Dialogue, mended
from backend.domain.records import Json, Row, RowProblem, Turn


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody posted. answers: the id of the message that it replies to."""

    id: str
    author: str
    is_bot: bool
    text: str
    answers: str | None


@dataclass(frozen=True, slots=True)
class Unpaired:
    """A bot's reply that makes no dialogue, and why."""

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A bot's answer that may go on in its next message."""

    asked: Message
    pieces: tuple[Message, ...]


def message_of(row: Row) -> Message:
    """A message of the export. Raises RowProblem."""
    author = row.fields.get("author")
    key, text = row.fields.get("id"), row.fields.get("content")
    if not isinstance(author, Mapping) or not isinstance(key, str) or not isinstance(text, str):
        raise RowProblem("is no message of a DiscordChatExporter file: it has an id, a content and an author")
    reference = row.fields.get("reference")
    answers = reference.get("messageId") if isinstance(reference, Mapping) else None
    return Message(
        id=key,
        author=str(author.get("id")),
        is_bot=author.get("isBot") is True,
        text=mended(text if text.strip() else embedded(row.fields.get("embeds"))),
        answers=answers if isinstance(answers, str) else None,
    )


def embedded(embeds: Json) -> str:
    """What a message says in its boxes: some bots answer there."""
    boxes = embeds if isinstance(embeds, list) else []
    texts = [box.get("description") for box in boxes if isinstance(box, Mapping)]
    return "\n\n".join(text for text in texts if isinstance(text, str))


def answered(rows: Iterable[Row]) -> set[str]:
    """The ids that bots' replies refer to; rows that are no messages refer to nothing."""
    found = set()
    for row in rows:
        try:
            message = message_of(row)
        except RowProblem:
            continue
        if message.is_bot and message.answers:
            found.add(message.answers)
    return found


def exchanges(rows: Iterable[Row], wanted: set[str], source: str) -> Iterator[Dialogue | Unpaired]:
    """A dialogue for each answer, its pieces put together, and what makes none."""
    asked: dict[str, Message] = {}
    pending: dict[str, Pending] = {}
    for row in rows:
        try:
            message = message_of(row)
        except RowProblem as problem:
            yield Unpaired(row.line, str(problem))
            continue
        if message.id in wanted:
            asked[message.id] = message
        if message.is_bot and message.answers:
            yield from heard(row, message, asked, pending, source)
    yield from (dialogue(one, source) for one in pending.values())


def heard(
    row: Row, message: Message, asked: Mapping[str, Message], pending: dict[str, Pending], source: str
) -> Iterator[Dialogue | Unpaired]:
    """A bot's reply: what it finishes, and what is wrong with it."""
    question = asked.get(message.answers or "")
    if question is None:
        yield Unpaired(row.line, f"answers the message {message.answers}, which is not in this file before it")
    elif question.is_bot:
        yield Unpaired(row.line, "answers a bot")
    else:
        before = pending.get(message.author)
        if before and before.asked.id == question.id:
            pending[message.author] = Pending(question, (*before.pieces, message))
            return
        pending[message.author] = Pending(question, (message,))
        if before:
            yield dialogue(before, source)


def dialogue(answer: Pending, source: str) -> Dialogue:
    text = "\n".join(piece.text for piece in answer.pieces)
    turns = (Turn("user", answer.asked.text), Turn("assistant", text))
    return Dialogue(answer.pieces[0].id, source, turns, {"bot": answer.pieces[0].author})
