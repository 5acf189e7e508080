"""Replay packs: read again, turned into plain data and back, and refused where altered."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any  # plain data to alter

import pytest

from backend.domain.asking import EngineKind, Reply, Request, Sampling
from backend.domain.choices import Choice
from backend.domain.hashes import content_hash
from backend.domain.judging.orders import Orders, Rule
from backend.domain.judging.pack import (
    Asked,
    Change,
    Entry,
    Pack,
    PackedJudge,
    Shown,
    entries_of,
    read_again,
    rescored,
)
from backend.domain.judging.packing import (
    entry_from_json,
    entry_to_json,
    judge_from_json,
    judge_to_json,
)
from backend.domain.judging.parsing import Reading, Unread
from backend.domain.judging.summary import Said
from backend.domain.judging.templates import rendered
from backend.domain.records import Turn
from tests.domain.judging.cases import ALPACA, MTBENCH, VICUNA

DIALOGUE = (Turn("user", "Why?"),)
JUDGE = PackedJudge(
    name="ours",
    template="mtbench-pair-v2",
    templates={MTBENCH.name: MTBENCH},
    engine=EngineKind.OPENAI,
    model="m",
    url="http://127.0.0.1:1/v1",
    sampling={"temperature": 0.0},
    serving={},
    orders=Orders.BOTH,
    rule=Rule.AGREE_ELSE_TIE,
    created_at="2026-01-05T09:00:00+00:00",
)
READ = Reading(Choice.FIRST, strength=1)


def entry(first: str = "mine", reply: str = "Well. [[A]]", reading: Reading = READ, *, is_asked: bool = True) -> Entry:
    second = "theirs" if first == "mine" else "mine"
    request = Request(EngineKind.OPENAI, JUDGE.url, "m", Sampling(), rendered(MTBENCH, DIALOGUE, "So.", "No."))
    came = Reply(reply, "stop", "m-2", 10, 5, ({"a": -0.5},))
    asked = Asked(request.content_hash, request.to_json(), came, "1.0", "", "2026-01-05T09:00:00+00:00")
    return Entry(
        prompt="p1",
        category=None,
        dialogue=DIALOGUE,
        first=Shown(first, "So."),
        second=Shown(second, "No."),
        asked=(asked,) if is_asked else (),
        raw=reply,
        finish="stop",
        model="m-2",
        tries=1,
        given_at="2026-01-05T09:00:00+00:00" if is_asked else None,
        reading=reading,
    )


def travelled(plain: object) -> Any:
    return json.loads(json.dumps(plain))


def test_a_verdict_and_a_judge_come_back_as_they_left() -> None:
    for one in (
        replace(entry(), category="math"),
        entry(is_asked=False, reading=Reading(Choice.TIE, scores=(8.0, 8.0))),
        entry(reply="", reading=Reading(None, Unread.EMPTY)),
        entry(reading=Reading(Choice.FIRST, probability=0.75)),
    ):
        back = entry_from_json(travelled(entry_to_json(one)))
        assert travelled(asdict(back)) == travelled(asdict(one))
        assert back.reading == one.reading
        assert back.reply == one.reply
    assert judge_from_json(travelled(judge_to_json(JUDGE))) == JUDGE
    assert judge_from_json(travelled(judge_to_json(replace(JUDGE, engine=None)))).engine is None


def test_a_question_keeps_the_hash_under_which_it_is_stored() -> None:
    request = Request(EngineKind.OPENAI, "", "m", Sampling(stop=("x",)), (Turn("user", "“ü”\ud800"),))
    assert content_hash(request.to_json()) == request.content_hash


ALTERATIONS: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda plain: plain.update(raw="[[B]]"), "its content does not have its hash"),
    (lambda plain: plain["reading"].update(choice="second"), "its content does not have its hash"),
    (lambda plain: plain["first"].update(text="Other."), "its content does not have its hash"),
]


@pytest.mark.parametrize(("alter", "says"), ALTERATIONS)
def test_an_altered_verdict_is_refused(alter: Callable[[dict[str, Any]], object], says: str) -> None:
    plain = travelled(entry_to_json(entry()))
    alter(plain)
    with pytest.raises(ValueError, match=says):
        entry_from_json(plain)


@pytest.mark.parametrize(
    ("alter", "says"),
    [
        (lambda plain: plain["asked"][0]["request"].update(model="x"), "a question does not have its hash"),
        (lambda plain: plain.update(raw=None), "raw must be a text"),
    ],
)
def test_a_verdict_with_a_hash_of_its_own_must_still_hold_together(
    alter: Callable[[dict[str, Any]], object], says: str
) -> None:
    plain = travelled(entry_to_json(entry()))
    alter(plain)
    content = {name: value for name, value in plain.items() if name != "hash"}
    with pytest.raises(ValueError, match=says):
        entry_from_json({**content, "hash": content_hash(content)})


def test_what_nobody_could_have_written_is_refused_though_it_has_its_hashes() -> None:
    """Whoever reads entries counts on a system's and a user's turn, and on a reason where there is no choice."""
    plain = travelled(entry_to_json(entry()))
    request = {**plain["asked"][0]["request"], "turns": []}
    asked = [{**plain["asked"][0], "request": request, "hash": content_hash(request)}]
    for changes, says in (
        ({"asked": asked}, "begins with a system's and a user's turn"),
        ({"reading": {"choice": None, "why": None}}, "or says why it has none"),
        ({"reading": {"choice": "first", "why": "empty"}}, "or says why it has none"),
    ):
        content = {name: value for name, value in plain.items() if name != "hash"} | changes
        with pytest.raises(ValueError, match=says):
            entry_from_json({**content, "hash": content_hash(content)})


def test_an_altered_template_is_refused() -> None:
    plain = travelled(judge_to_json(JUDGE))
    plain["templates"][0]["template"]["system"] += " Prefer A."
    with pytest.raises(ValueError, match="the template mtbench-pair-v2 does not have its hash"):
        judge_from_json(plain)


def test_replies_are_read_again_and_what_changed_is_told() -> None:
    wrong = entry("theirs", reply="[[B]]", reading=READ)
    other = replace(entry(), first=Shown("a third", "So."))
    pack = Pack(JUDGE, (("mine", "theirs"),), (entry(), wrong, other))
    now = Reading(Choice.SECOND, strength=1)
    said, changes, kept = rescored(pack, "mine", "theirs")
    assert said == [Said("p1", READ, now)]
    assert changes == [Change("p1", flipped=True, stored=READ, now=now)]
    assert kept == 0
    assert [flipped for _, flipped in entries_of(pack, "theirs", "mine")] == [True, False]


def test_a_family_of_templates_chooses_by_the_prompt_s_category() -> None:
    vicuna = replace(JUDGE, template="vicuna", templates={VICUNA.name: VICUNA})
    assert vicuna.template_for("writing") == VICUNA
    assert vicuna.template_for("math") is None


def test_what_can_t_be_read_again_stays_as_it_was_stored() -> None:
    elsewhere = replace(
        JUDGE, template="alpaca", templates={"alpaca": ALPACA}, engine=None, serving={"format": "alpaca-eval"}
    )
    assert read_again(elsewhere, entry(is_asked=False)) is None
    assert read_again(replace(JUDGE, templates={}), entry()) is None
    said, changes, kept = rescored(Pack(elsewhere, (), (entry(is_asked=False),)), "mine", "theirs")
    assert (said, changes, kept) == ([Said("p1", READ, None)], [], 1)
