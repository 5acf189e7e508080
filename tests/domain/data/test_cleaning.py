"""A cleaning as its data file says it, and what is said of one that can't be used."""

import pytest

from backend.domain.data.cleaning import STEPS, Cleaning, Tools, cleaning_from, step_from
from backend.domain.data.dialogues import Dialogue
from backend.domain.data.queries import Mode
from tests.domain.data.talk import said, shown

TOOLS = Tools(str.upper, lambda text: ("de", 0.99))
LONG = "word " * 20
EXAMPLES: dict[str, tuple[dict[str, object], Dialogue, str]] = {
    "html": ({}, said("<p>a", "<p>b"), "u:<p>a a:<P>B"),
    "boilerplate": ({}, said("a", "1 / 2\nb\n\n\n\nc"), "u:a a:b\n\n\n\nc"),
    "failures": ({"openings": ["Sorry"]}, said("a", "Sorry."), ""),
    "blank": ({}, said("a", "b", "", ""), "u:a a:b"),
    "alternation": ({}, said("a", "b", "c"), "u:a a:b"),
    "plugins": ({}, said("a", "b", plugins="web"), ""),
    "self_identification": ({"phrases": ["ChatGPT"]}, said("a", "I am chatgpt"), ""),
    "language": ({"keep": ["en"]}, said(LONG, "a"), ""),
    "long_numbers": ({}, said("a", "111111111"), ""),
    "broken_lists": ({}, said("a", "\n1. x\n1. y"), ""),
    "length": ({"least": 3, "most": 9, "longest_turn": 9}, said("a", "b"), ""),
    "split": ({"longest": 2, "counted_in": "words"}, said("a", "b", "c", "d"), "u:a a:b|u:c a:d"),
}


@pytest.mark.parametrize("name", list(STEPS))
def test_every_step_does_what_its_options_say(name: str) -> None:
    options, dialogue, left = EXAMPLES[name]
    step = step_from({"step": name, **options}, TOOLS)
    assert not isinstance(step.does, Mode)
    assert "|".join(shown(one) for one in step.does(dialogue).dialogues) == left


def test_blocks_may_be_counted_in_characters() -> None:
    step = step_from({"step": "split", "longest": 4, "counted_in": "characters"}, TOOLS)
    assert not isinstance(step.does, Mode)
    assert len(step.does(said("aa", "bb", "c", "d")).dialogues) == 2


def test_the_steps_that_compare_dialogues_say_by_what() -> None:
    assert step_from({"step": "queries", "same": "any_query"}, TOOLS).does == Mode.ANY_QUERY
    assert step_from({"step": "ids"}, TOOLS).does == Mode.ID


def test_a_step_spares_the_sources_it_names() -> None:
    step = step_from({"step": "alternation", "spares": ["hc3"]}, TOOLS)
    assert (step.concerns(said("a")), step.concerns(said("a", source="hc3"))) == (True, False)
    assert step_from({"step": "ids", "spares": ["hc3"]}, TOOLS).spares == ("hc3",)
    assert step_from({"step": "alternation"}, TOOLS).concerns(said("a", source="hc3"))


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ({"step": "wash"}, "there is no step 'wash'; there are: html, .*queries, ids"),
        ({}, "step must be a text"),
        ({"step": "html", "role": ["user"]}, "step html: unknown option role; there are: roles, spares, step"),
        ({"step": "html", "roles": ["human"]}, "step html: roles has no human; there are: system, user, assistant"),
        ({"step": "boilerplate", "remnants": ["ads"]}, "step boilerplate: remnants has no ads; there are: an empty"),
        ({"step": "failures"}, "step failures: openings must be a list"),
        ({"step": "language"}, "step language: name the languages to keep, or those to skip"),
        ({"step": "language", "keep": ["en"], "skip": ["ko"]}, "and not both"),
        ({"step": "length", "least": "3"}, "step length: least must be a whole number"),
        ({"step": "queries", "same": "text"}, "step queries: same must be one of first_query"),
        ({"step": "ids", "same": "id"}, "step ids: unknown option same"),
        ({"step": "split", "longest": 3, "counted_in": "tokens"}, "step split: counted_in must be one of words"),
        ({"step": "plugins", "spares": "hc3"}, "step plugins: spares must be a list"),
    ],
)
def test_a_step_that_cannot_be_used_is_told_why(step: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        cleaning_from({"name": "mine", "about": "mine", "steps": [step]}, TOOLS)


def test_a_cleaning_refuses_what_nobody_would_read() -> None:
    with pytest.raises(ValueError, match="unknown key of a cleaning step; there are: about, name, steps"):
        cleaning_from({"name": "mine", "about": "mine", "step": []}, TOOLS)


def mine() -> Cleaning:
    return cleaning_from({"name": "mine", "about": "x", "steps": [{"step": "blank"}, {"step": "ids"}]}, TOOLS)


def test_steps_are_switched_off_and_added_by_name() -> None:
    assert [step.name for step in mine().without(["blank"]).steps] == ["ids"]
    assert [step.name for step in mine().then(step_from({"step": "plugins"}, TOOLS)).steps] == [
        "blank",
        "ids",
        "plugins",
    ]
    with pytest.raises(ValueError, match="mine has no step html; its steps are blank, ids"):
        mine().without(["html"])
