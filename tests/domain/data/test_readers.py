"""Records as people have them: what each kind becomes, and what is wrong with one that is none."""

import pytest

from backend.domain.data.kinds import READERS, Kind, recognised
from backend.domain.records import Json, Row, RowProblem
from tests.domain.data.talk import row, shown

HUMAN, GPT = {"from": "human", "value": "Why?"}, {"from": "gpt", "value": "Because."}
USER, ASSISTANT = {"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}
CHOICES = [{"message": ASSISTANT}]
TURNS = [{"role": "user", "text": "Why?"}, {"role": "assistant", "text": "Because."}]
WHY = "u:Why? a:Because."


def read(kind: Kind, **fields: Json) -> list[str]:
    return [shown(dialogue) for dialogue in READERS[kind](row(**fields), str(kind))]


@pytest.mark.parametrize(
    ("kind", "fields", "dialogues"),
    [
        (Kind.DIALOGUES, {"turns": TURNS}, [WHY]),
        (Kind.SHAREGPT, {"conversations": [HUMAN, GPT]}, [WHY]),
        (Kind.SHAREGPT, {"items": [HUMAN, GPT, HUMAN]}, [f"{WHY} u:Why?"]),
        (Kind.SHAREGPT, {"conversations": []}, [""]),
        (Kind.SHAREGPT, {"conversations": [{"from": "System", "value": "Be brief."}, HUMAN]}, ["s:Be brief. u:Why?"]),
        (Kind.HC3, {"question": "Why?", "chatgpt_answers": ["Because.", ""]}, [WHY, "u:Why? a:"]),
        (Kind.HC3, {"question": "Why?", "chatgpt_answers": []}, []),
        (Kind.MESSAGES, {"messages": [USER, ASSISTANT]}, [WHY]),
        (Kind.MESSAGES, {"messages": [USER], "choices": CHOICES}, [WHY]),
        (Kind.MESSAGES, {"messages": [USER], "response": {"choices": CHOICES}}, [WHY]),
        (Kind.MESSAGES, {"request": {"body": {"messages": [USER]}}, "response": {"body": {"choices": CHOICES}}}, [WHY]),
        (Kind.MESSAGES, {"messages": [USER], "choices": []}, ["u:Why?"]),
        (Kind.MESSAGES, {"messages": [{"role": "developer", "content": "Be brief."}, USER]}, ["s:Be brief. u:Why?"]),
        (Kind.MESSAGES, {"messages": [{"role": "user", "content": [{"text": "Why"}, "?"]}]}, ["u:Why\n?"]),
        (Kind.ALPACA, {"instruction": "Add.", "input": "1, 2", "output": "3"}, ["u:Add.\n\n1, 2 a:3"]),
        (Kind.ALPACA, {"instruction": "Add.", "input": "", "output": "3"}, ["u:Add. a:3"]),
        (
            Kind.ALPACA,
            {"instruction": "Add.", "instances": [{"input": "1", "output": "1"}, {"input": "", "output": "0"}]},
            ["u:Add.\n\n1 a:1", "u:Add. a:0"],
        ),
        (Kind.PAIRS, {"prompt": "Why?", "completion": "Because."}, [WHY]),
        (Kind.PAIRS, {"messages": [USER, ASSISTANT, USER], "output": "So."}, [f"{WHY} u:Why? a:So."]),
    ],
)
def test_a_record_of_each_kind_is_told_and_becomes_dialogues(
    kind: Kind, fields: dict[str, Json], dialogues: list[str]
) -> None:
    assert recognised([row(**fields)]) == kind
    assert read(kind, **fields) == dialogues


@pytest.mark.parametrize(
    ("kind", "fields", "problem"),
    [
        (Kind.SHAREGPT, {"conversations": "Why?"}, "no list of conversations"),
        (Kind.SHAREGPT, {"conversations": ["Why?"]}, "turn 1 that is no table with from and value"),
        (
            Kind.SHAREGPT,
            {"conversations": [HUMAN, {"from": "tool", "value": "3"}]},
            "turn 2 of 'tool' .*known are human",
        ),
        (Kind.SHAREGPT, {"conversations": [{"value": "Why?"}]}, "turn 1 of 'None'"),
        (Kind.SHAREGPT, {"conversations": [{"from": "human", "value": 3}]}, "turn 1 whose value is not text"),
        (Kind.SHAREGPT, {"conversations": [{"from": "human", "value": []}]}, "turn 1 whose value is not text"),
        (Kind.HC3, {"question": ["Why?"], "chatgpt_answers": []}, "no question that is text"),
        (Kind.HC3, {"question": "Why?", "chatgpt_answers": "Because."}, "no list of chatgpt_answers"),
        (Kind.HC3, {"question": "Why?", "chatgpt_answers": ["a", None]}, "answer 2 that is not text"),
        (Kind.MESSAGES, {"messages": {"role": "user"}}, "no list of messages"),
        (Kind.MESSAGES, {"messages": [{"role": "assistant", "content": None}]}, "turn 1 whose content is not text"),
        (Kind.MESSAGES, {"messages": [{"role": "user", "content": [{"image_url": "x"}]}]}, "turn 1 whose content"),
        (Kind.MESSAGES, {"messages": [USER], "choices": [{"message": None}]}, "turn 2 that is no table"),
        (Kind.MESSAGES, {"messages": [USER], "choices": ["Because."]}, ""),
        (Kind.ALPACA, {"instruction": "Add.", "output": 3}, r"no instruction and output that are text \(instance 1\)"),
        (Kind.ALPACA, {"instruction": "Add.", "instances": ["3"]}, "instances that are no list"),
        (Kind.PAIRS, {"id": 3, "output": "Because."}, "no prompt, or no output"),
        (Kind.PAIRS, {"prompt": "Why?"}, "no output"),
    ],
)
def test_a_record_with_the_wrong_schema_is_told_what_is_wrong(
    kind: Kind, fields: dict[str, Json], problem: str
) -> None:
    if not problem:
        assert read(kind, **fields) == ["u:Why?"]
        return
    with pytest.raises(RowProblem, match=problem):
        read(kind, **fields)


def test_what_a_record_says_besides_is_kept_where_somebody_may_want_it() -> None:
    (one,) = READERS[Kind.SHAREGPT](row(id="a", conversations=[], model="gpt-4", plugins=["web"], lang=""), "sharegpt")
    assert (one.id, one.source, one.meta) == ("a", "sharegpt", {"model": "gpt-4", "plugins": ["web"]})
    (two,) = READERS[Kind.HC3](row(id=3, source="wiki", question="Why?", chatgpt_answers=["So."]), "hc3")
    assert two.meta == {"id": 3, "source": "wiki"}


def test_lone_surrogates_are_mended_as_they_are_read() -> None:
    assert read(Kind.PAIRS, prompt="\ud83d", output="\0") == ["u:\ufffd a:\ufffd"]


def test_most_of_the_first_records_say_what_a_file_is() -> None:
    good, bad = row(conversations=[]), row(conversations=None)
    assert recognised([bad, good, good]) == Kind.SHAREGPT
    with pytest.raises(
        RowProblem, match=r"no kind of record .*hc3 \(question, chatgpt_answers\).*fields are conversations"
    ):
        recognised([bad, good])
    with pytest.raises(RowProblem, match="fields are none"):
        recognised([Row(1, {})])


def test_a_message_of_discord_is_told_but_has_no_reader_of_its_own() -> None:
    assert recognised([row(id="1", author={"id": "2"}, content="Why?")]) == Kind.DISCORD
    assert Kind.DISCORD not in READERS
