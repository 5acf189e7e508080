"""Judge templates: published ones word for word, ours closed to what stands in an output, versions that tell."""

import json
import tomllib
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.choices import Choice
from backend.domain.judging.templates import (
    Parser,
    Template,
    for_study,
    marker,
    reminded,
    rendered,
    template_from,
    vicuna_for,
)
from backend.domain.records import Turn
from backend.domain.settings import StudySettings, from_json
from tests.domain.judging.cases import ALL, ALPACA, ARENA, MTBENCH, RATERS, VICUNA

WHY = (Turn("user", "Why is the sky blue?"),)
TONE = next(one for one in ALL if one.name == "authoritative-tone")
# Whoever changes a template's words gives it a new version and pins its hash here.
PINNED = {
    ("alpaca", 1): "3f41994e973b",
    ("arena-hard", 1): "de9269768ef5",
    ("authoritative-tone", 1): "422e4f4faf5e",
    ("mtbench-pair-v2", 1): "550afb0a80b8",
    ("rater-instructions", 1): "d5ac99eacea8",
    ("vicuna-coding", 1): "0f769c48cb11",
    ("vicuna-general", 1): "25f7904d41e6",
    ("vicuna-math", 1): "c78f048d8b22",
}


def study(name: str) -> StudySettings:
    return from_json(tomllib.loads(files("backend.presets").joinpath(name).read_text(encoding="utf-8")))


def asked(template: Template, first: str = "one", second: str = "two") -> tuple[str, str]:
    system, user = rendered(template, WHY, first, second)
    return system.text, user.text


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("category", ["general", "coding", "math"])
def test_vicuna_s_prompts_are_word_for_word_those_published(category: str, shared_data: Path) -> None:
    rows = {row["category"]: row for row in lines(shared_data / "vicuna80" / "prompt.jsonl")}
    published, template = rows[category], next(one for one in ALL if one.name == f"vicuna-{category}")
    defaults, words = published["defaults"], published["prompt_template"]
    assert isinstance(defaults, dict)
    assert isinstance(words, str)
    user = words.format(question=WHY[0].text, answer_1="one", answer_2="two", prompt=defaults["prompt"])
    assert asked(template) == (published["system_prompt"], user)
    assert (template.sampling.temperature, template.sampling.max_tokens) == (0.2, 1024)


def test_mt_bench_s_prompt_is_word_for_word_that_published(shared_data: Path) -> None:
    rows = {row["name"]: row for row in lines(shared_data / "mt_bench" / "judge_prompts.jsonl")}
    words = rows["pair-v2"]["prompt_template"]
    assert isinstance(words, str)
    user = words.format(question=WHY[0].text, answer_a="one", answer_b="two")
    assert asked(MTBENCH) == (rows["pair-v2"]["system_prompt"], user)
    assert (MTBENCH.sampling.temperature, MTBENCH.sampling.max_tokens) == (0.0, 2048)


def test_a_category_without_a_prompt_of_its_own_is_general() -> None:
    assert [vicuna_for(one) for one in ("Coding", "math", "fermi", "", None)] == [
        "vicuna-coding",
        "vicuna-math",
        "vicuna-general",
        "vicuna-general",
        "vicuna-general",
    ]


def test_alpaca_asks_for_one_token_and_arena_hard_for_five_verdicts() -> None:
    assert (ALPACA.sampling.max_tokens, ALPACA.logprobs) == (1, 5)
    assert {label.written: (label.choice, label.strength) for label in ARENA.labels} == {
        "A>>B": (Choice.FIRST, 3),
        "A>B": (Choice.FIRST, 1),
        "A=B": (Choice.TIE, 0),
        "B>A": (Choice.SECOND, 1),
        "B>>A": (Choice.SECOND, 3),
    }


@pytest.mark.parametrize("template", ALL, ids=lambda one: one.name)
def test_a_template_names_its_source_and_a_licence_that_allows_it(template: Template) -> None:
    assert template.source
    assert template.licence in {"Apache-2.0", "MIT"}
    assert template.is_delimited == (template.source == "Assay")


def test_a_template_whose_words_change_gets_a_new_version() -> None:
    assert {(one.name, one.version): one.content_hash[:12] for one in ALL} == PINNED


@pytest.mark.parametrize("template", ALL, ids=lambda one: one.name)
def test_an_output_that_holds_a_place_of_the_template_is_shown_as_it_is(template: Template) -> None:
    shown = for_study(template, study("gudibande-2023.toml"))
    user = rendered(shown, WHY, "see {second}", "see {prompt} and {marker} and {title}")[1].text
    assert "see {second}" in user
    assert "see {prompt} and {marker} and {title}" in user


@settings(deadline=None)
@given(st.text(), st.text())
def test_no_output_can_close_its_own_quotation(first: str, second: str) -> None:
    user = rendered(TONE, WHY, first, second)[1].text
    mark = marker(TONE.name, WHY[0].text, first, second)
    assert mark not in first + second
    assert user.count(mark) == 6
    assert user.split(f"----- {mark} Output 1 begins -----\n")[1].startswith(f"{first}\n----- {mark} Output 1 ends")


def test_a_mark_that_would_stand_in_a_text_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.domain.judging.templates.MARK_LENGTH", 1)
    texts = "0123456789abcde"
    assert marker(texts) == "f"


def test_a_dialogue_is_read_turn_by_turn() -> None:
    dialogue = (Turn("system", "Be short."), Turn("user", "Hi"), Turn("assistant", "Hello"), Turn("user", "Why?"))
    user = rendered(VICUNA, dialogue, "one", "two")[1].text
    assert "### System:\nBe short.\n\n### User:\nHi\n\n### Assistant:\nHello\n\n### User:\nWhy?\n\n[The Start" in user


def test_a_judge_reads_what_raters_read() -> None:
    settings = study("four-options.toml")
    template = for_study(RATERS, settings)
    user = asked(template)[1]
    for words in (settings.title, settings.instructions.strip(), settings.question):
        assert words in user
    said = {option.choice: option.label for option in settings.options}
    assert f"[[1]] {said[Choice.FIRST]}\n[[2]] {said[Choice.SECOND]}\n" in user
    assert f"[[both bad]] {said[Choice.BOTH_BAD]}" in user
    assert "nothing else: [[1]], [[2]], [[tie]], [[both bad]]." in user


def test_a_judge_has_no_choice_that_raters_have_not() -> None:
    template = for_study(RATERS, study("gudibande-2023.toml"))
    assert [label.written for label in template.labels] == ["1", "2", "tie"]
    assert "both bad" not in asked(template)[1]
    assert template.content_hash != for_study(RATERS, study("four-options.toml")).content_hash != RATERS.content_hash


def test_a_template_without_a_panel_is_the_same_for_every_study() -> None:
    assert for_study(MTBENCH, study("four-options.toml")) is MTBENCH
    with pytest.raises(ValueError, match="needs the study's settings"):
        rendered(RATERS, WHY, "one", "two")


def test_a_reply_that_could_not_be_read_is_followed_by_a_reminder() -> None:
    turns = rendered(MTBENCH, WHY, "one", "two")
    assert reminded(MTBENCH, turns, "Both are fine.")[2:] == (
        Turn("assistant", "Both are fine."),
        Turn("user", MTBENCH.reminder),
    )
    again = reminded(MTBENCH, turns, " \n")
    assert len(again) == 2
    assert again[1].text.endswith(f"[The End of Assistant B's Answer]\n\n{MTBENCH.reminder}")


def test_the_reminder_names_the_study_s_own_signs() -> None:
    template = for_study(RATERS, study("gudibande-2023.toml"))
    assert reminded(template, (), "hm")[-1].text.endswith("nothing else: [[1]], [[2]], [[tie]].")


PLAIN: dict[str, object] = {
    "name": "mine",
    "version": 1,
    "source": "me",
    "licence": "MIT",
    "parser": "tag",
    "system": "Judge.",
    "user": "{prompt} {first} {second}",
    "reminder": "Again.",
    "sampling": {"temperature": 0, "max_tokens": 10},
    "labels": [
        {"written": "A", "choice": "first", "strength": 1},
        {"written": "B", "choice": "second", "strength": 1},
    ],
}


def test_a_template_is_read_from_plain_data() -> None:
    assert template_from(PLAIN).parser == Parser.TAG
    assert template_from(PLAIN).scale is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"user": "{prompt} {first}"}, "has no {second}"),
        ({"is_delimited": True}, "is_delimited has {marker}"),
        ({"user": "{prompt} {first} {second} {marker}"}, "no other has"),
        ({"parser": "scores"}, "needs a scale"),
        ({"scale": {"lowest": 1, "highest": 10}}, "no other has one"),
        ({"labels": []}, "must hold “first” and “second”"),
        ({"parser": "guess"}, "parser must be one of"),
        ({"sampling": {"temperature": 9, "max_tokens": 10}}, "between 0 and 2"),
    ],
)
def test_a_template_that_cannot_work_is_refused_in_words(change: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        template_from({**PLAIN, **change})


def test_two_templates_differ_by_hash_if_they_differ_at_all() -> None:
    one = template_from(PLAIN)
    assert one.content_hash == template_from(PLAIN).content_hash
    assert one.content_hash != replace(one, reminder="Once more.").content_hash
