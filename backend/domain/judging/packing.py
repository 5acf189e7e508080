"""A replay pack as plain data, and back. Verdicts, questions and templates carry hashes: alterations are refused."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from backend.domain.asking import EngineKind, Reply
from backend.domain.choices import Choice
from backend.domain.hashes import content_hash
from backend.domain.judging.orders import Orders, Rule
from backend.domain.judging.pack import Asked, Entry, PackedJudge, Shown
from backend.domain.judging.parsing import Reading, Unread
from backend.domain.judging.stored import template_from_json, template_to_json
from backend.domain.plain import number, real, rows, table, text, word
from backend.domain.records import Json, Turn

FORMAT = 1


def entry_to_json(entry: Entry) -> dict[str, object]:
    """A line of the pack."""
    plain = json.loads(json.dumps(asdict(entry), ensure_ascii=False))
    return {**plain, "hash": content_hash(plain)}


def entry_from_json(plain: Mapping[str, object]) -> Entry:
    """A line of the pack. Raises ValueError, in words that follow “line 7: ”, where it was altered or is none."""
    content = {name: value for name, value in plain.items() if name != "hash"}
    if content_hash(content) != plain.get("hash"):
        raise ValueError("its content does not have its hash, so it was altered")
    category, given_at = plain.get("category"), plain.get("given_at")
    return Entry(
        prompt=text(plain, "prompt"),
        category=None if category is None else str(category),
        dialogue=tuple(Turn(text(turn, "role"), whole(turn, "text")) for turn in rows(plain, "dialogue")),
        first=shown_from(table(plain, "first")),
        second=shown_from(table(plain, "second")),
        asked=tuple(asked_from(one) for one in rows(plain, "asked")),
        raw=whole(plain, "raw"),
        finish=whole(plain, "finish"),
        model=whole(plain, "model"),
        tries=number(plain, "tries"),
        given_at=None if given_at is None else str(given_at),
        reading=reading_from(table(plain, "reading")),
    )


def whole(plain: Mapping[str, object], key: str) -> str:
    """A text that may be empty."""
    value = plain.get(key)
    if not isinstance(value, str):
        raise ValueError(f"{key} must be a text")
    return value


def shown_from(plain: Mapping[str, object]) -> Shown:
    return Shown(text(plain, "system"), whole(plain, "text"))


def asked_from(plain: Mapping[str, object]) -> Asked:
    request = table(plain, "request")
    if content_hash(request) != plain.get("hash"):
        raise ValueError("a question does not have its hash, so it was altered")
    if [text(turn, "role") for turn in rows(request, "turns")][:2] != ["system", "user"]:
        raise ValueError("a question begins with a system's and a user's turn")
    return Asked(
        hash=text(plain, "hash"),
        request=request,
        reply=reply_from(table(plain, "reply")),
        engine_version=whole(plain, "engine_version"),
        revision=whole(plain, "revision"),
        answered_at=text(plain, "answered_at"),
    )


def reading_from(plain: Mapping[str, object]) -> Reading:
    """As asdict wrote it."""
    given = plain.get("scores")
    scores = given if isinstance(given, list) and len(given) == 2 else None
    if (plain.get("choice") is None) == (plain.get("why") is None):
        raise ValueError("a verdict has a choice, or says why it has none")
    return Reading(
        choice=None if plain.get("choice") is None else word(plain, "choice", Choice),
        why=None if plain.get("why") is None else word(plain, "why", Unread),
        scores=None if scores is None else (real({"score": scores[0]}, "score"), real({"score": scores[1]}, "score")),
        strength=None if plain.get("strength") is None else number(plain, "strength"),
        probability=None if plain.get("probability") is None else real(plain, "probability"),
    )


def reply_from(plain: Mapping[str, object]) -> Reply:
    """A reply as it was stored."""
    return Reply(
        text=whole(plain, "text"),
        finish=whole(plain, "finish"),
        model=whole(plain, "model"),
        prompt_tokens=number(plain, "prompt_tokens"),
        completion_tokens=number(plain, "completion_tokens"),
        logprobs=tuple({str(name): real(one, str(name)) for name in one} for one in rows(plain, "logprobs")),
    )


def judge_to_json(judge: PackedJudge) -> dict[str, object]:
    """The manifest's part about the judge; templates whole, with their hashes."""
    return {
        **{name: getattr(judge, name) for name in ("name", "template", "engine", "model", "url", "created_at")},
        **{name: getattr(judge, name) for name in ("sampling", "serving", "orders", "rule")},
        "templates": [
            {"hash": one.content_hash, "template": template_to_json(one)} for one in judge.templates.values()
        ],
    }


def judge_from_json(plain: Mapping[str, object]) -> PackedJudge:
    """Raises ValueError where it can't be read, or where a template was altered."""
    found = {}
    for one in rows(plain, "templates"):
        template = template_from_json(table(one, "template"))
        if template.content_hash != one.get("hash"):
            raise ValueError(f"the template {template.name} does not have its hash, so it was altered")
        found[template.name] = template
    return PackedJudge(
        name=text(plain, "name"),
        template=text(plain, "template"),
        templates=found,
        engine=None if plain.get("engine") is None else word(plain, "engine", EngineKind),
        model=whole(plain, "model"),
        url=whole(plain, "url"),
        sampling=json_table(plain, "sampling"),
        serving=json_table(plain, "serving"),
        orders=word(plain, "orders", Orders),
        rule=word(plain, "rule", Rule),
        created_at=text(plain, "created_at"),
    )


def json_table(plain: Mapping[str, object], key: str) -> dict[str, Json]:
    """A table as JSON has it."""
    found: dict[str, Json] = json.loads(json.dumps(table(plain, key)))
    return found
