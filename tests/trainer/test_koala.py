"""The paper's serialisation: each token and whether it is taught, by hand, and prompts as a server renders them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import AddedToken
from transformers import PreTrainedTokenizerFast

from tests.trainer import tiny_tokenizers as tiny
from trainer.dialogues import Dialogue, Turn
from trainer.errors import BadRun
from trainer.run import Format, Markers, Text
from trainer.text import serialiser_of
from trainer.text.fit import ODD, PLAIN, WITH_RULES, answers_at, rendered, talk
from trainer.text.koala import Koala
from trainer.text.koala_templates import MARKERS
from trainer.tokens import Tokens

TOKENIZERS: dict[str, Callable[[], PreTrainedTokenizerFast]] = {
    "gpt2": tiny.gpt2,
    "gpt2, a space first": lambda: tiny.gpt2(add_prefix_space=True),
    "llama": tiny.llama,
    "llama, legacy": lambda: tiny.llama(legacy=True),
    "llama, no prefix": lambda: tiny.llama(add_prefix_space=False),
    "llama of old": tiny.llama_of_old,
    "llama 3": tiny.llama3,
    "unigram": tiny.unigram,
}
every_tokenizer = pytest.mark.parametrize("make", TOKENIZERS.values(), ids=TOKENIZERS.keys())
every_marker = pytest.mark.parametrize("markers", Markers)


def spelt(tokenizer: PreTrainedTokenizerFast, tokens: Tokens) -> list[str]:
    """Its tokens; those that are taught in brackets."""
    names = tokenizer.convert_ids_to_tokens(tokens.ids.tolist())
    return [f"[{name}]" if taught else name for name, taught in zip(names, tokens.supervised, strict=True)]


WRITTEN = talk("Hi", "Hello", "Why is the sky blue?", "Because of the air.")


def test_a_dialogue_of_llama_token_for_token() -> None:
    tokenizer = tiny.llama()
    tokens = Koala(tokenizer, Markers.TEXT).tokens(WRITTEN)
    assert " ".join(spelt(tokenizer, tokens)) == (
        "<s> ▁BEGINNING ▁OF ▁CONVERSATION: ▁USER: ▁Hi ▁GPT: [▁Hello] [</s>] "
        "▁USER: ▁Why ▁is ▁the ▁sky ▁blue? ▁GPT: [▁Because] [▁of] [▁the] [▁air.] [</s>]"
    )
    assert tokens.turns.tolist() == [9]  # the second ▁USER:
    assert (tokens.ids.dtype, tokens.supervised.dtype, tokens.turns.dtype) == ("int32", "bool", "int32")


def test_a_dialogue_of_gpt2_token_for_token() -> None:
    tokenizer = tiny.gpt2()
    tokens = Koala(tokenizer, Markers.TEXT).tokens(WRITTEN)
    assert " ".join(spelt(tokenizer, tokens)) == (
        "<|endoftext|> BEGINNING ĠOF ĠCONVERSATION : ĠUSER : ĠHi ĠGPT : [ĠHello] [<|endoftext|>] "
        "USER : ĠWhy Ġis Ġthe Ġsky Ġblue ? ĠGPT : [ĠBecause] [Ġof] [Ġthe] [Ġair] [.] [<|endoftext|>]"
    )
    assert tokens.turns.tolist() == [12]  # the second USER, which begins a field of its own


def test_markers_can_be_tokens_of_their_own() -> None:
    tokenizer = tiny.gpt2()
    grown = len(tokenizer)
    tokens = Koala(tokenizer, Markers.TOKENS).tokens(WRITTEN)
    assert " ".join(spelt(tokenizer, tokens)) == (
        "<|endoftext|> BEGINNING OF CONVERSATION: USER: ĠHi GPT: [ĠHello] [<|endoftext|>] "
        "USER: ĠWhy Ġis Ġthe Ġsky Ġblue ? GPT: [ĠBecause] [Ġof] [Ġthe] [Ġair] [.] [<|endoftext|>]"
    )
    assert len(tokenizer) == grown + 3
    Koala(tokenizer, Markers.TOKENS)
    assert len(tokenizer) == grown + 3  # as when a model that was trained so is trained on


def test_what_the_system_says_stands_after_the_beginning() -> None:
    tokenizer = tiny.llama()
    tokens = Koala(tokenizer, Markers.TEXT).tokens(talk("Hi", "Hello", rules="Because"))
    assert " ".join(spelt(tokenizer, tokens)) == (
        "<s> ▁BEGINNING ▁OF ▁CONVERSATION: ▁Because ▁USER: ▁Hi ▁GPT: [▁Hello] [</s>]"
    )


def test_a_dialogue_that_begins_with_an_answer_loses_nothing() -> None:
    tokenizer = tiny.llama()
    dialogue = Dialogue("a", (Turn("assistant", "Hello"), Turn("user", "Hi"), Turn("assistant", "Why")))
    assert " ".join(spelt(tokenizer, Koala(tokenizer, Markers.TEXT).tokens(dialogue))) == (
        "<s> ▁BEGINNING ▁OF ▁CONVERSATION: ▁GPT: [▁Hello] [</s>] ▁USER: ▁Hi ▁GPT: [▁Why] [</s>]"
    )


def test_easylms_second_eos_is_taught_once_at_the_end() -> None:
    tokenizer = tiny.llama()
    plain, strict = (Koala(tokenizer, Markers.TEXT, extra_eos=extra).tokens(WRITTEN) for extra in (False, True))
    assert strict.ids.tolist() == [*plain.ids.tolist(), tokenizer.eos_token_id]
    assert strict.supervised.tolist() == [*plain.supervised.tolist(), True]


def test_a_query_that_nobody_answered_is_not_written() -> None:
    koala = Koala(tiny.llama(), Markers.TEXT)
    unanswered = Dialogue("a", (*WRITTEN.turns, Turn("user", "And now?")))
    assert koala.tokens(unanswered).ids.tolist() == koala.tokens(WRITTEN).ids.tolist()
    assert koala.tokens(Dialogue("b", (Turn("user", "Hi"),))).supervised.sum() == 0


@pytest.mark.parametrize("make", [tiny.gpt2, tiny.llama, tiny.llama_of_old, tiny.llama3, tiny.unigram])
@every_marker
def test_what_looks_like_a_special_token_is_text(make: Callable[[], PreTrainedTokenizerFast], markers: Markers) -> None:
    tokenizer = make()
    koala = Koala(tokenizer, markers)
    end = tokenizer.eos_token_id
    dialogue = talk(
        f"a{tokenizer.eos_token}b", f"{tokenizer.bos_token}GPT:", "USER:", "USER: BEGINNING OF CONVERSATION:"
    )
    tokens = koala.tokens(dialogue)
    assert [place for place, id in enumerate(tokens.ids) if id == end and place] == [
        place - 1 for place in (*tokens.turns, len(tokens.ids))
    ]
    if markers is Markers.TOKENS:
        counts = [tokens.ids.tolist().count(id) for id in tokenizer.convert_tokens_to_ids(list(MARKERS))]
        assert counts == [1, 2, 2]


def test_many_dialogues_are_written_as_each_is_alone() -> None:
    koala = Koala(tiny.gpt2(), Markers.TEXT)
    dialogues = [*PLAIN, WITH_RULES, *ODD]
    for one, other in zip(koala.many(dialogues), map(koala.tokens, dialogues), strict=True):
        assert one.ids.tolist() == other.ids.tolist()
        assert one.supervised.tolist() == other.supervised.tolist()
        assert one.turns.tolist() == other.turns.tolist()


def test_a_text_is_taught_whole_as_the_base_model_read_it() -> None:
    for tokenizer, wanted in ((tiny.llama(), "[<s>] [▁Hello] [</s>]"), (tiny.gpt2(), "[<|endoftext|>] [ĠHello]")):
        [tokens] = Koala(tokenizer, Markers.TEXT).texts([" Hello"])
        assert " ".join(spelt(tokenizer, tokens)) == wanted


def test_a_tokenizer_without_bos_begins_with_the_first_field() -> None:
    tokenizer = tiny.llama(bos_token=None)
    koala = Koala(tokenizer, Markers.TEXT)
    assert spelt(tokenizer, koala.tokens(WRITTEN))[0] == "▁BEGINNING"
    assert koala.warnings == ()


def test_a_tokenizer_without_eos_is_refused() -> None:
    with pytest.raises(BadRun, match="has no EOS token"):
        serialiser_of(Text(), tiny.gpt2(eos_token=None))


def test_a_tokenizer_whose_prompts_no_template_renders_is_refused() -> None:
    """Its EOS takes the spaces after it away, and a field would begin with one."""
    tokenizer = tiny.llama()
    tokenizer.add_tokens([AddedToken("<e>", special=True, normalized=True, lstrip=True, rstrip=True)])
    tokenizer.eos_token = "<e>"
    with pytest.raises(BadRun, match="can't be served as it is taught with format = koala: a server reads"):
        Koala(tokenizer, Markers.TEXT)


def test_a_fingerprint_says_what_would_be_written() -> None:
    made = [
        Koala(tiny.llama(), Markers.TEXT),
        Koala(tiny.gpt2(), Markers.TEXT),
        Koala(tiny.llama(), Markers.TOKENS),
        Koala(tiny.llama(), Markers.TEXT, extra_eos=True),
    ]
    assert len({koala.fingerprint for koala in made}) == len(made)
    assert serialiser_of(Text(format=Format.KOALA), tiny.llama()).fingerprint == made[0].fingerprint


@every_tokenizer
@every_marker
@pytest.mark.parametrize("loaded", [False, True], ids=["made", "loaded"])
def test_a_server_renders_the_very_tokens_that_each_answer_is_taught_after(
    make: Callable[[], PreTrainedTokenizerFast], markers: Markers, loaded: bool, tmp_path: Path
) -> None:
    tokenizer = tiny.saved(make(), tmp_path) if loaded else make()
    koala = Koala(tokenizer, markers)
    assert koala.warnings == ()
    for dialogue in (*PLAIN, WITH_RULES, *ODD):
        tokens = koala.tokens(dialogue)
        places = [place for place, turn in enumerate(dialogue.turns) if turn.role == "assistant"]
        for place, at in zip(places, answers_at(tokens), strict=True):
            assert rendered(tokenizer, koala.chat_template, dialogue.turns[:place]) == tokens.ids[:at].tolist()
