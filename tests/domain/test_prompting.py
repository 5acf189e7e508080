"""How a study's prompt becomes a request: chats as they are, texts by templates, word for word."""

import tomllib
from importlib.resources import files

import pytest

from backend.domain.asking import EngineKind, Sampling
from backend.domain.prompting import Target, Template, request, template_of, written
from backend.domain.records import Turn

USER, ASSISTANT, AGAIN = Turn("user", "Hi."), Turn("assistant", "Hello!"), Turn("user", "Who are you?")
DIALOGUE = (USER, ASSISTANT, AGAIN)
FOLDER = files("backend.presets") / "templates"


def template(name: str) -> Template:
    return template_of(tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8")))


def target(name: str | None = None, *, system: str = "", **sampling: object) -> Target:
    chosen = template(name) if name else None
    return Target(EngineKind.VLLM, "http://127.0.0.1:8000/v1", "a-model", Sampling(**sampling), chosen, system)


def test_a_chat_is_asked_turn_by_turn_and_to_whom_the_target_says() -> None:
    asked = request(DIALOGUE, target(temperature=0.7), sample=1, logprobs=5)
    assert asked.turns == DIALOGUE
    assert asked.text is None
    assert (asked.engine, asked.url, asked.model) == (EngineKind.VLLM, "http://127.0.0.1:8000/v1", "a-model")
    assert (asked.sampling, asked.sample, asked.logprobs) == (Sampling(temperature=0.7), 1, 5)


def test_a_system_text_is_said_first_and_the_prompt_s_own_follows_it() -> None:
    own = Turn("system", "Be brief.")
    assert request((USER,), target(system="Be kind.")).turns == (Turn("system", "Be kind."), USER)
    assert request((own, USER), target()).turns == (own, USER)
    assert request((own, USER), target(system="Be kind.")).turns == (Turn("system", "Be kind.\n\nBe brief."), USER)


@pytest.mark.parametrize(
    "dialogue", [(), (Turn("system", "Be brief."),), (USER, ASSISTANT), (USER, Turn("system", "Now."), AGAIN)]
)
def test_a_dialogue_in_which_no_user_speaks_last_is_refused(dialogue: tuple[Turn, ...]) -> None:
    with pytest.raises(ValueError, match="a user must speak last"):
        request(dialogue, target())


def test_plain_is_the_last_turn_s_text_and_nothing_else() -> None:
    asked = request(DIALOGUE, target("plain"))
    assert asked.text == "Who are you?"
    assert asked.turns == ()
    assert asked.sampling.stop == ()
    assert written(DIALOGUE, template("plain"), system="Be kind.") == "Be kind.\n\nWho are you?"


def test_alpaca_is_written_as_in_stanford_s_readme() -> None:
    asked = request((USER,), target("alpaca"))
    assert asked.text == (
        "Below is an instruction that describes a task. Write a response that appropriately completes the request."
        "\n\n### Instruction:\nHi.\n\n### Response:"
    )
    assert asked.sampling.stop == ("### Instruction:",)


def test_vicuna_s_separators_are_a_space_and_the_end_of_text() -> None:
    """FastChat's vicuna_v1.1, with its two separators."""
    assert request(DIALOGUE, target("vicuna-v1")).text == (
        "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed,"
        " and polite answers to the user's questions. USER: Hi. ASSISTANT: Hello!</s>USER: Who are you? ASSISTANT:"
    )
    assert written((USER,), template("vicuna-v1"), system="Be kind.") == "Be kind. USER: Hi. ASSISTANT:"


def test_the_imitation_format_ends_exactly_with_its_marker() -> None:
    """EasyLM's docs/koala.md: BEGINNING OF CONVERSATION: USER: … GPT:…</s>USER: … GPT:"""
    asked = request(DIALOGUE, target("koala-v1"))
    assert asked.text == "BEGINNING OF CONVERSATION: USER: Hi. GPT: Hello!</s>USER: Who are you? GPT:"
    with pytest.raises(ValueError, match="template koala-v1 has no place for a system text"):
        request(DIALOGUE, target("koala-v1", system="Be kind."))


def test_a_template_s_stop_texts_join_those_asked_for_without_doubles() -> None:
    assert request((USER,), target("alpaca", stop=("\n\n", "### Instruction:"))).sampling.stop == (
        "\n\n",
        "### Instruction:",
    )
    with pytest.raises(ValueError, match="more than four stop texts"):
        request((USER,), target("alpaca", stop=("1", "2", "3", "4")))


def test_a_prompt_that_speaks_of_templates_is_not_filled_in() -> None:
    text = "What do {text}, {end}, {system} and {} mean?"
    assert text in written((Turn("user", text),), template("vicuna-v1"))


@pytest.mark.parametrize("name", sorted(file.name.removesuffix(".toml") for file in FOLDER.iterdir()))
def test_every_template_is_valid_and_named_as_its_file(name: str) -> None:
    assert template(name).name == name


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"user": "USER:"}, "user must say {text} once"),
        ({"user": "{text}"}, "assistant must say {text} once, or last_only"),
        ({"user": 7}, "user must be a text"),
        ({"user": "{text}", "last_only": "yes"}, "last_only must be true or false"),
        ({"user": "{text}", "last_only": True, "stop": "###"}, "stop must be a list of texts"),
        ({"user": "{text}", "last_only": True, "stop": [7]}, "stop must be a list of texts"),
        ({"user": "{text}", "prompt": "{text}"}, "a template has no prompt; it has name, user"),
    ],
)
def test_a_template_that_can_t_be_used_says_why(fields: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        template_of({"name": "mine", **fields})
