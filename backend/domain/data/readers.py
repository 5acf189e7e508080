"""Other people's records as dialogues: ShareGPT, HC3, logs of OpenAI's interface, Alpaca, plain pairs. Knows no file.

Each reader takes one row and returns its dialogues, or raises RowProblem with what is wrong with it. Nothing is judged
here: what is blank, doubled or broken goes in cleaning, where it is counted. Discord's exports: domain/data/discord.
"""

from collections.abc import Mapping, Sequence

from backend.domain.data.dialogues import Dialogue, content_id, id_of, mended
from backend.domain.records import Json, Row, RowProblem, Turn, output_record, with_input

SPEAKERS = {
    **dict.fromkeys(("human", "user", "prompter"), "user"),
    **dict.fromkeys(("gpt", "chatgpt", "assistant", "bing", "bard", "model"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
}
KEPT = ("model", "plugins", "title", "lang")


def sharegpt(row: Row, source: str) -> list[Dialogue]:
    """{id, conversations: [{from, value}]}, of HTML or of Markdown; some dumps say items instead of conversations."""
    said = row.fields.get("conversations", row.fields.get("items"))
    if not isinstance(said, list):
        raise RowProblem("has no list of conversations (or items) with {from, value}")
    turns = tuple(turn(one, place, "from", "value") for place, one in enumerate(said, start=1))
    return [dialogue(row, source, turns)]


def hc3(row: Row, source: str) -> list[Dialogue]:
    """{question, chatgpt_answers: […]}: a dialogue an answer. What people answered is left out."""
    question, answers = row.fields.get("question"), row.fields.get("chatgpt_answers")
    if not isinstance(question, str):
        raise RowProblem("has no question that is text")
    if not isinstance(answers, list):
        raise RowProblem("has no list of chatgpt_answers")
    asked = Turn("user", mended(question))
    meta = {name: row.fields[name] for name in ("id", "source") if name in row.fields}
    return [exchange(asked, answer_of(one, place), source, meta) for place, one in enumerate(answers, start=1)]


def answer_of(answer: Json, place: int) -> Turn:
    if not isinstance(answer, str):
        raise RowProblem(f"has an answer {place} that is not text (chatgpt_answers)")
    return Turn("assistant", mended(answer))


def exchange(asked: Turn, answer: Turn, source: str, meta: Mapping[str, Json]) -> Dialogue:
    """A query and an answer, known by what they say."""
    return Dialogue(content_id((asked, answer)), source, (asked, answer), meta)


def messages(row: Row, source: str) -> list[Dialogue]:
    """{messages: [{role, content}]}, and where it is a log of calls, the answer in choices, or within response."""
    request, response = within(row.fields, "request", "body"), within(row.fields, "response", "body")
    given = request.get("messages")
    if not isinstance(given, list):
        raise RowProblem("has no list of messages with {role, content}")
    turns = [turn(one, place, "role", "content") for place, one in enumerate(given, start=1)]
    answer = chosen(response.get("choices"), len(turns) + 1)
    return [dialogue(row, source, (*turns, *answer))]


def within(fields: Mapping[str, Json], *names: str) -> Mapping[str, Json]:
    """The table below these names, as deep as there is one."""
    for name in names:
        below = fields.get(name)
        if isinstance(below, Mapping):
            fields = below
    return fields


def chosen(choices: Json, place: int) -> list[Turn]:
    """The answer of a call: the first choice's message."""
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        return []
    return [turn(choices[0].get("message"), place, "role", "content")]


def alpaca(row: Row, source: str) -> list[Dialogue]:
    """{instruction, input, output}, or with instances: [{input, output}], as Self-Instruct keeps them: one each."""
    instances = row.fields.get("instances", [row.fields])
    if not isinstance(instances, list) or not all(isinstance(one, Mapping) for one in instances):
        raise RowProblem("has instances that are no list of {input, output}")
    return [
        instance(row, given, place, source)
        for place, given in enumerate(instances, start=1)
        if isinstance(given, Mapping)
    ]


def instance(row: Row, given: Mapping[str, Json], place: int, source: str) -> Dialogue:
    asked = with_input({"instruction": row.fields.get("instruction"), "input": given.get("input")})
    answer = given.get("output")
    if not isinstance(asked, str) or not isinstance(answer, str):
        raise RowProblem(f"has no instruction and output that are text (instance {place})")
    return exchange(Turn("user", mended(asked)), Turn("assistant", mended(answer)), source, kept(row.fields))


def pairs(row: Row, source: str) -> list[Dialogue]:
    """A prompt and an output, under the names that files of outputs have; a prompt may be a list of messages."""
    record = output_record(row)
    if record.dialogue is None or record.output is None:
        raise RowProblem("has no prompt, or no output")
    turns = [Turn(one.role, mended(one.text)) for one in (*record.dialogue, Turn("assistant", record.output))]
    return [dialogue(row, source, turns)]


def dialogue(row: Row, source: str, turns: Sequence[Turn]) -> Dialogue:
    return Dialogue(id_of(row.fields, turns), source, tuple(turns), kept(row.fields))


def kept(fields: Mapping[str, Json]) -> Mapping[str, Json]:
    """What else a record says that cleaning or a reader may want to know."""
    return {name: fields[name] for name in KEPT if fields.get(name)}


def turn(message: Json, place: int, who: str, what: str) -> Turn:
    """A turn of somebody's list. Raises RowProblem for speakers that are neither a person nor a model."""
    if not isinstance(message, Mapping):
        raise RowProblem(f"has a turn {place} that is no table with {who} and {what}")
    speaker, text = message.get(who), spoken(message.get(what))
    if not isinstance(speaker, str) or speaker.lower() not in SPEAKERS:
        raise RowProblem(f"has a turn {place} of {str(speaker)[:40]!r} ({who}); known are {', '.join(SPEAKERS)}")
    if text is None:
        raise RowProblem(f"has a turn {place} whose {what} is not text")
    return Turn(SPEAKERS[speaker.lower()], mended(text))


def spoken(content: Json) -> str | None:
    """The text of a message; of a list of parts, theirs together; None where anything in it is no text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
    texts = [part for part in parts if isinstance(part, str)]
    return "\n".join(texts) if texts and len(texts) == len(parts) else None
