"""Bots' replies on Discord, paired with the messages that they answer."""

from collections.abc import Sequence

from backend.domain.data.dialogues import Dialogue
from backend.domain.data.discord import Unpaired, answered, exchanges
from backend.domain.records import Json, Row
from tests.domain.data.talk import shown


def message(line: int, content: Json, *, bot: str = "", to: str = "", **more: Json) -> Row:
    """The message whose id is its line."""
    reference: Json = {"messageId": to} if to else None
    author: Json = {"id": bot or "someone", "isBot": bool(bot)}
    return Row(line, {"id": str(line), "content": content, "author": author, "reference": reference, **more})


def read(rows: Sequence[Row]) -> list[Dialogue | Unpaired]:
    return list(exchanges(rows, answered(rows), "discord"))


def said(rows: Sequence[Row]) -> list[str]:
    return [shown(one) if isinstance(one, Dialogue) else f"line {one.line} {one.why}" for one in read(rows)]


def test_a_reply_is_paired_with_the_message_it_answers_however_far_back() -> None:
    rows = [message(1, "Why?"), message(2, "Hello."), message(3, "Hi.", bot="b", to="2")]
    rows += [message(4, "chatter"), message(5, "Because.", bot="b", to="1")]
    assert said(rows) == ["u:Hello. a:Hi.", "u:Why? a:Because."]
    (first, _) = read(rows)
    assert isinstance(first, Dialogue)
    assert (first.id, first.source, first.meta) == ("3", "discord", {"bot": "b"})


def test_the_pieces_of_a_long_answer_are_put_together_though_others_speak_in_between() -> None:
    rows = [
        message(1, "Why?"),
        message(2, "Be", bot="b", to="1"),
        message(3, "Hello."),
        message(4, "Hi.", bot="c", to="3"),
    ]
    assert said([*rows, message(5, "cause.", bot="b", to="1")]) == ["u:Why? a:Be\ncause.", "u:Hello. a:Hi."]


def test_people_who_reply_and_bots_that_only_speak_make_no_dialogue() -> None:
    assert said([message(1, "Why?"), message(2, "Dunno.", to="1"), message(3, "Welcome!", bot="b")]) == []


def test_a_reply_to_what_is_not_there_or_to_a_bot_says_so_with_its_line() -> None:
    rows = [message(1, "A.", bot="b"), message(2, "B.", bot="b", to="1"), message(3, "C.", bot="b", to="99")]
    assert said(rows) == ["line 2 answers a bot", "line 3 answers the message 99, which is not in this file before it"]


def test_an_answer_in_boxes_is_read_there() -> None:
    boxes: Json = [{"description": "Be"}, {"title": "x"}, {"description": "cause."}]
    assert said([message(1, "Why?"), message(2, " ", bot="b", to="1", embeds=boxes)]) == ["u:Why? a:Be\n\ncause."]
    assert said([message(1, "Why?"), message(2, "", bot="b", to="1")]) == ["u:Why? a:"]


def test_what_is_no_message_is_told_once() -> None:
    rows = [message(1, None), Row(2, {"id": "2", "content": "Why?", "author": "me"}), Row(3, {"id": 3})]
    assert [one.line for one in read(rows) if isinstance(one, Unpaired)] == [1, 2, 3]
    assert said(rows)[0] == "line 1 is no message of a DiscordChatExporter file: it has an id, a content and an author"
