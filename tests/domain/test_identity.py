"""What gives a writer away is found and taken out; ordinary words stay."""

import gc
from difflib import SequenceMatcher
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.identity import diff, find, scrub

SYSTEMS = ("koala-13b", "Base Model 2")


def kinds(text: str) -> list[str]:
    return [mention.kind for mention in find(text, system_names=SYSTEMS)]


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("As an AI model by OpenAI, I can't.", "I can't."),
        ("As an AI language model trained by OpenAI, I can't.", "I can't."),
        ("As an AI language model, which was developed by Anthropic, I can't.", "I can't."),
        ("as an artificial intelligence, i can't.", "i can't."),
        ("AS AN AI, I can't.", "I can't."),
        ("As a large language model, we can't.", "We can't."),
        ("As ChatGPT, I can't.", "I can't."),
        ("However, as an AI assistant, I can't.", "However, I can't."),
        ("As an AI language model, ChatGPT can't.", "This assistant can't."),
        ("As an AI, I am ChatGPT. Paris it is.", "Paris it is."),
        ("As an AI, ", ""),
    ],
)
def test_a_clause_about_itself_goes_and_its_sentence_starts_anew(text: str, scrubbed: str) -> None:
    assert kinds(text)[0] == "clause"
    assert scrub(text, system_names=SYSTEMS) == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "I am ChatGPT, a large language model trained by OpenAI.",
        "I'm Koala, a chatbot.",
        "I’m a virtual assistant!",
        "My name is Bard.",
        "Hello! I am an AI assistant.",
        "i am a computer program.",
        "I was trained by OpenAI on much text.",
        "I am GPT-4.",
    ],
)
def test_a_sentence_about_itself_goes(text: str) -> None:
    assert kinds(text) == ["sentence"]
    assert scrub(f"Paris. {text} Lyon.", system_names=SYSTEMS) == "Paris. Lyon."


@pytest.mark.parametrize("name", ["koala-13b", "Koala-13B", "KOALA-13B", "base model 2", "BASE MODEL 2"])
@pytest.mark.parametrize("around", ["I, {}, say so.", "({})", "“{}”", "{}", "See {}: it", "**{}**", "{}’s"])
def test_a_system_s_name_is_found_in_any_case_and_between_any_signs(name: str, around: str) -> None:
    assert kinds(around.format(name)) == ["name"]
    assert scrub(around.format(name), system_names=SYSTEMS) == around.format("this assistant")


@pytest.mark.parametrize("text", ["koala-13b-v2", "xkoala-13b", "my-koala-13b", "koala-13bs", "base model 21"])
def test_a_name_inside_a_longer_word_is_another_name(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Claude Monet painted water lilies.",
        "The assistant of the director models for Google.",
        "I built a model train as an assistant.",
        "I'm a computer programmer by trade.",
        "I am aiming to get both, and aiding a robot.",
        "As an aide, Bard College hired her.",
        "Falcons and koalas are animals; Gemini is a constellation.",
        "As a machinist, I know models.",
        "OpenAI was founded in 2015 and made ChatGPT.",
        "I am Geminid, said the meteor.",
        "",
    ],
)
def test_ordinary_words_give_nobody_away(text: str) -> None:
    assert kinds(text) == []
    assert scrub(text, system_names=SYSTEMS) == text


def test_well_known_names_count_only_beside_a_statement_about_itself() -> None:
    assert kinds("Google made Bard.") == []
    text = "I am an AI assistant. Ask OpenAI, not Claude."
    assert kinds(text) == ["sentence", "name", "name"]
    assert scrub(text, system_names=SYSTEMS) == "Ask this assistant, not this assistant."


@pytest.mark.parametrize("name", ["base", "Mine", "model", "GPT", "xyz"])
def test_a_system_named_by_a_common_or_short_word_is_not_looked_for(name: str) -> None:
    assert find(f"the {name} of it", system_names=[name]) == ()


@pytest.mark.parametrize("name", ["ChatGPT", "Vicuna"])
def test_a_system_named_by_a_known_assistant_is_looked_for(name: str) -> None:
    assert [mention.text for mention in find(f"the {name} of it", system_names=[name])] == [name]


@pytest.mark.parametrize("name", ["ASSISTANT", "This Assistant", "THIS"])
def test_scrubbing_ends_when_a_system_is_named_like_the_stand_in(name: str) -> None:
    text = f"I am ChatGPT. Bard and {name}."
    assert scrub(text, system_names=[name]) == f"this assistant and {name}."


def test_a_mention_says_where_it_stands() -> None:
    (mention,) = find("Ask koala-13b!", system_names=SYSTEMS)
    assert (mention.start, mention.end, mention.text) == (4, 13, "koala-13b")


# fmt: off
GIVEAWAYS = [
    "As an AI", "as an AI model", ", ", "I am ", "ChatGPT", "OpenAI", "a large language model", ". ", " ", "Koala-13B",
    "AI", "trained by ", "My name is ", "\n", "assistant", "this assistant", "I", "Hello! ", "x", "-", "Bard",
]
# fmt: on
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(GIVEAWAYS), max_size=30).map("".join))
NAMES = st.lists(st.one_of(st.sampled_from(["koala-13b", "ASSISTANT", "AI model"]), st.text(min_size=4)), max_size=3)


def test_what_comes_to_light_by_scrubbing_is_scrubbed_too() -> None:
    assert scrub("As an As an AI, AI, hello.", system_names=[]) == "Hello."


@given(TEXTS, NAMES)
def test_after_scrubbing_nothing_is_found(text: str, names: list[str]) -> None:
    assert find(scrub(text, system_names=names), system_names=names) == ()


@given(TEXTS)
def test_mentions_stand_in_order_without_overlap_and_quote_the_text(text: str) -> None:
    mentions = find(text, system_names=SYSTEMS)
    assert all(text[mention.start : mention.end] == mention.text for mention in mentions)
    assert all(before.end <= after.start for before, after in pairwise(mentions))


@given(TEXTS, TEXTS)
def test_the_pieces_of_a_diff_join_back_to_both_texts(before: str, after: str) -> None:
    pieces = diff(before, after, around=1_000)
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after


def test_a_diff_shows_a_few_words_around_each_change() -> None:
    before = " ".join(["a"] * 3 + [str(number) for number in range(50)] + ["end"])
    pieces = diff(before, before.replace("end", "stop"), around=2)
    assert [(piece.kind, piece.text) for piece in pieces] == [
        ("same", "a a  … 48 49 "),
        ("removed", "end"),
        ("added", "stop"),
    ]


def test_the_spaces_of_a_long_text_do_not_make_its_comparison_quadratic() -> None:
    """Relative to the words alone, in the same run; with spaces as words it takes hundreds of times as long."""
    words = [f"word{number}" for number in range(10_000)]
    gc.collect()
    gc.freeze()  # what other tests have left is not looked through again while this one is measured
    start = process_time()
    SequenceMatcher(None, ["ChatGPT", *words], words, autojunk=False).get_opcodes()
    alone = process_time() - start
    start = process_time()
    diff(" ".join(["ChatGPT", *words]), " ".join(words))
    took = process_time() - start
    gc.unfreeze()
    assert took < 20 * alone


ASSISTANTS = [
    "ChatGPT",
    "GPT-4",
    "GPT3.5-turbo",
    "InstructGPT",
    "Claude",
    "Bard",
    "Gemini",
    "LLaMA",
    "Llama2",
    "Alpaca",
]
ASSISTANTS += [
    "Vicuna",
    "Koala",
    "Dolly",
    "OpenAssistant",
    "Mistral",
    "Mixtral",
    "Qwen",
    "Falcon",
    "StableLM",
    "Copilot",
]
VENDORS = ["OpenAI", "Open AI", "Anthropic", "Google", "DeepMind", "Meta AI", "LMSYS", "Mistral AI", "Cohere"]


@pytest.mark.parametrize("assistant", [*ASSISTANTS, "Bing Chat", "an AI model", "a virtual bot"])
def test_every_assistant_that_says_its_name_is_found(assistant: str) -> None:
    assert kinds(f"I am {assistant}. Hello.") == ["sentence"]


@pytest.mark.parametrize("vendor", [*VENDORS, "Alibaba Cloud"])
def test_every_vendor_that_made_the_writer_is_found(vendor: str) -> None:
    assert kinds(f"I was created by {vendor}. Hello.") == ["sentence"]
