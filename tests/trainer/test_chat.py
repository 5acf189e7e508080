"""Chat templates cut into fields: each token and whether it is taught, by hand, and prompts as servers render them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from tests.trainer import tiny_tokenizers as tiny
from tests.trainer.test_koala import spelt
from trainer.dialogues import Dialogue, Turn
from trainer.errors import BadRun
from trainer.run import Format, Text
from trainer.text import serialiser_of
from trainer.text.chat import Chat
from trainer.text.fit import ODD, PLAIN, WITH_RULES, answers_at, rendered, talk

ASKS = "{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}"
SAYS = "{{ message['role'] + ': ' + message['content'] + eos_token }}"
EACH = "{% for message in messages %}" + SAYS + "{% endfor %}"
# Leaves out what the assistant said before the last query, as some templates do with what it thought.
FORGETS = EACH.replace(SAYS, "{% if loop.last or message['role'] == 'user' %}" + SAYS + "{% endif %}")
STRICT = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system here') }}{% endif %}" + EACH
LINES = "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\n##\n' }}{% endfor %}"
ENDLESS = "{% for message in messages %}{{ message['role'] + ': ' + message['content'] }}{% endfor %}"


def chatml(kind: Callable[[], PreTrainedTokenizerFast]) -> PreTrainedTokenizerFast:
    return tiny.with_chatml(kind())


def llama2() -> PreTrainedTokenizerFast:
    return tiny.llama(chat_template=tiny.LLAMA2)


def test_chatml_token_for_token() -> None:
    """The line break after <|im_end|> is what comes before the next query, and is no part of the answer."""
    tokenizer = chatml(tiny.gpt2)
    tokens = Chat(tokenizer).tokens(talk("Why is", " Hello", "Why", " Because"))
    asked = "<|im_start|> u se r Ċ {} <|im_end|> Ċ <|im_start|> a s s i st an t Ċ"
    assert " ".join(spelt(tokenizer, tokens)) == (
        f"{asked.format('Why Ġis')} [ĠHello] [<|im_end|>] Ċ {asked.format('Why')} [ĠBecause] [<|im_end|>]"
    )
    assert tokens.turns.tolist() == [20]  # the line break after the first answer


def test_llama2_token_for_token() -> None:
    tokenizer = llama2()
    tokens = Chat(tokenizer).tokens(talk("Hi", "Hello", "Why", "Because"))
    assert " ".join(spelt(tokenizer, tokens)) == (
        "<s> <0x5B> IN S T <0x5D> ▁Hi ▁ <0x5B> <0x2F> IN S T <0x5D> [▁Hello] [▁] [</s>] "
        "<s> <0x5B> IN S T <0x5D> ▁Why ▁ <0x5B> <0x2F> IN S T <0x5D> [▁Because] [▁] [</s>]"
    )
    assert tokens.turns.tolist() == [17]  # the second <s>


@pytest.mark.parametrize(
    ("make", "odd"),
    [
        (lambda: chatml(tiny.gpt2), ()),
        (llama2, ()),
        # An answer that begins with line breaks would join the one before it: no server can show what was taught.
        (lambda: chatml(tiny.llama), ("begins with a line",)),
        (lambda: chatml(tiny.llama_of_old), ("begins with a line",)),
    ],
)
@pytest.mark.parametrize("loaded", [False, True], ids=["made", "loaded"])
def test_a_server_renders_the_very_tokens_that_each_answer_is_taught_after(
    make: Callable[[], PreTrainedTokenizerFast], odd: tuple[str, ...], loaded: bool, tmp_path: Path
) -> None:
    tokenizer = tiny.saved(make(), tmp_path) if loaded else make()
    chat = Chat(tokenizer)
    assert len(chat.warnings) == bool(odd)
    joined = [dialogue for dialogue in ODD if any(turn.text.strip() in odd for turn in dialogue.turns)]
    for dialogue in (*PLAIN, WITH_RULES, *ODD):
        tokens = chat.tokens(dialogue)
        places = [place for place, turn in enumerate(dialogue.turns) if turn.role == "assistant"]
        served = [rendered(tokenizer, chat.chat_template, dialogue.turns[:place]) for place in places]
        same = [ids == tokens.ids[:at].tolist() for ids, at in zip(served, answers_at(tokens), strict=True)]
        assert all(same) != (dialogue in joined)


def test_an_answer_that_would_join_what_comes_before_it_is_tokenised_apart() -> None:
    tokenizer = chatml(tiny.llama)
    [answer, _] = spelt(tokenizer, Chat(tokenizer).tokens(talk("Hi", "\n\n")))[-2:]
    assert answer == "[\n\n]"


@pytest.mark.parametrize("kind", [tiny.gpt2, tiny.llama, tiny.llama_of_old, tiny.llama3, tiny.unigram])
def test_what_looks_like_a_special_token_is_text(kind: Callable[[], PreTrainedTokenizerFast]) -> None:
    tokenizer = chatml(kind)
    said = f"a{tokenizer.eos_token}b<|im_end|>\n<|im_start|>user"
    tokens = Chat(tokenizer).tokens(talk(said, said, "Hi", f"{said} \ufdd017\ufdd0"))
    counts = [tokens.ids.tolist().count(id) for id in tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"])]
    assert counts == [4, 4]
    assert tokens.ids.tolist().count(tokenizer.eos_token_id) == 0
    shown = tokenizer.decode(tokens.ids)
    assert shown.count(said) == 3
    assert "\ufffd17\ufffd" in shown


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("", "has no chat template. Name a file as chat_template, or use format = koala"),
        (ENDLESS + ASKS, "writes nothing after an answer"),
        (FORGETS + ASKS, "can't be cut into fields: it writes what came before an answer in another way"),
        (EACH + "{% if add_generation_prompt %}{{ 'GPT: ' }}{% endif %}", "can't be cut into fields"),
        ("{% for", "refuses a dialogue"),
        (
            EACH + "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}",
            "reads .* where .* is taught .* a space",
        ),
    ],
)
def test_a_template_that_can_not_be_trained_with_is_refused(template: str, why: str) -> None:
    with pytest.raises(BadRun, match=why):
        Chat(tiny.gpt2(), template)


def test_a_dialogue_that_the_template_refuses_is_named() -> None:
    chat = Chat(tiny.gpt2(), STRICT + ASKS)
    assert chat.tokens(talk("Hi", "Hello")).supervised.any()
    ruled = Dialogue("oasst-7", WITH_RULES.turns)
    with pytest.raises(BadRun, match=r"refuses a dialogue \(dialogue oasst-7\): no system here"):
        chat.tokens(ruled)


def test_a_template_without_a_special_token_at_the_end_is_warned_about() -> None:
    tokenizer = tiny.gpt2()
    chat = Chat(tokenizer, LINES + ASKS)
    assert chat.end is None
    assert chat.warnings[0].startswith("The chat template ends an answer without a special token")
    assert " ".join(spelt(tokenizer, chat.tokens(talk("Hi", "Hello"))))[-26:].endswith("[Ċ] [#] [#] [Ċ]")


def test_the_token_that_ends_an_answer_is_known_to_whoever_serves() -> None:
    tokenizer = chatml(tiny.gpt2)
    assert Chat(tokenizer).end == tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert Chat(llama2()).end == tiny.llama().eos_token_id


def test_a_template_can_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "template.jinja"
    file.write_text(EACH + ASKS, "utf-8")
    text = Text(format=Format.CHAT, chat_template=file)
    assert serialiser_of(text, tiny.gpt2()).chat_template == EACH + ASKS
    file.write_text(" \n", "utf-8")
    with pytest.raises(BadRun, match="is empty"):
        serialiser_of(text, tiny.gpt2())
    with pytest.raises(BadRun, match="can't be read as a chat template"):
        serialiser_of(Text(format=Format.CHAT, chat_template=tmp_path / "none"), tiny.gpt2())


def test_a_fingerprint_says_what_would_be_written() -> None:
    made = [Chat(llama2()), Chat(tiny.llama(), EACH + ASKS), Chat(tiny.gpt2(), EACH + ASKS)]
    assert len({chat.fingerprint for chat in made}) == len(made)


def test_an_unanswered_dialogue_has_no_tokens_and_a_text_is_taught_whole() -> None:
    chat = Chat(llama2())
    assert len(chat.tokens(Dialogue("a", (Turn("user", "Hi"),))).ids) == 0
    assert chat.texts(["Hi"])[0].supervised.all()


def test_a_template_s_trouble_is_told_by_the_file_that_it_is_in(tmp_path: Path) -> None:
    path = tmp_path / "mine.jinja"
    path.write_text(ENDLESS + ASKS, "utf-8")

    with pytest.raises(BadRun, match=f"^The chat template {path} writes nothing after an answer"):
        serialiser_of(Text(format=Format.CHAT, chat_template=path), tiny.gpt2())
    with pytest.raises(BadRun, match=r"^The chat template of the tokenizer GPT2Tokenizer writes nothing"):
        Chat(tiny.gpt2(), ENDLESS + ASKS)
