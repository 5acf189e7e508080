"""A real, tiny model in this process, made on the spot with random weights: what it says is noise, always the same."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from backend.config import Settings
from backend.domain.asking import EngineKind
from backend.domain.records import Turn
from tests.worker.engines.asked import chat, completion
from worker.engines.checkpoints import fingerprint
from worker.engines.opening import open_engine
from worker.engines.protocol import Engine, Hopeless, Unusable
from worker.engines.transformers import TransformersEngine, likeliest

LENGTH = 128
TEMPLATE = (
    "{% for turn in messages %}<{{ turn['role'] }}>{{ turn['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def tokenizer(*, template: str | None) -> PreTrainedTokenizerFast:
    """A token for each sign that can be typed, of which any row is a text, and one for the end."""
    signs = ["Ġ", *(chr(code) for code in range(ord("!"), ord("~") + 1))]
    letters = {sign: number for number, sign in enumerate(signs)}
    made = Tokenizer(models.BPE(vocab=letters | {"<end>": len(letters)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end>", chat_template=template)


def save(folder: Path, *, template: str | None) -> Path:
    words = tokenizer(template=template)
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=LENGTH,
        eos_token_id=words.eos_token_id,
        bos_token_id=None,
        initializer_range=0.5,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("tiny"), template=TEMPLATE)


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[Engine]:
    opened = open_engine(EngineKind.TRANSFORMERS, url="", model=str(folder), settings=Settings())
    yield opened
    opened.close()


def test_a_greedy_answer_is_the_likeliest_token_at_each_place(engine: TransformersEngine) -> None:
    """Held against one pass of the model over prompt and answer, token by token."""
    reply = engine.ask(completion("The sky", max_tokens=12, logprobs=2))
    tokens = engine.tokenizer.encode("The sky")
    for place in reply.logprobs:
        with torch.no_grad():
            logits = engine.model(torch.tensor([tokens])).logits[0, -1]
        token = int(logits.argmax())
        word = engine.tokenizer.decode([token])
        assert max(place.values()) == pytest.approx(float(torch.log_softmax(logits, -1)[token]), abs=1e-4)
        assert word in place
        tokens.append(token)
    assert len(reply.logprobs) == reply.completion_tokens == 12
    assert reply.text == engine.tokenizer.decode(tokens[7:], skip_special_tokens=True)
    assert (reply.finish, reply.prompt_tokens) == ("length", 7)


def test_the_same_request_has_the_same_answer_also_when_many_ask_at_once(engine: Engine) -> None:
    requests = [completion(f"{n % 4}", max_tokens=10, temperature=1.0, seed=n % 4) for n in range(16)]
    alone = [engine.ask(request).text for request in requests]
    with ThreadPoolExecutor(8) as threads:
        assert [reply.text for reply in threads.map(engine.ask, requests)] == alone
    assert alone[:4] == alone[4:8]


def test_draws_differ_by_seed_by_sample_and_without_a_seed_and_leave_others_draws_alone(engine: Engine) -> None:
    def drawn(sample: int = 0, seed: int | None = 1) -> str:
        return engine.ask(completion("x", max_tokens=30, temperature=1.5, seed=seed, sample=sample)).text

    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    assert len({drawn(), drawn(seed=2), drawn(sample=3), drawn(sample=4)}) == 4
    assert drawn(seed=2) == drawn(seed=2)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_top_p_near_nothing_is_greedy_though_the_temperature_is_high(engine: Engine) -> None:
    greedy = engine.ask(completion("x", max_tokens=10))
    assert engine.ask(completion("x", max_tokens=10, temperature=2.0, top_p=1e-6, seed=5)).text == greedy.text


def test_an_answer_ends_before_its_stop_text(engine: Engine) -> None:
    whole = engine.ask(completion("x", max_tokens=20)).text
    stop = whole[5:7]
    stopped = engine.ask(completion("x", max_tokens=20, stop=(stop,)))
    assert stopped.text == whole[: whole.index(stop)]
    assert stopped.finish == "stop"
    assert stopped.completion_tokens < 20


def test_an_answer_that_ends_by_itself_has_no_mark_of_it(engine: TransformersEngine) -> None:
    """The token that comes third is declared to be the end."""
    third = engine.ask(completion("x", max_tokens=3, logprobs=1))
    ends, (token,) = engine.ends, engine.tokenizer.encode(third.text[2:3])
    engine.ends = frozenset({token})
    try:
        reply = engine.ask(completion("x", max_tokens=20))
    finally:
        engine.ends = ends
    assert (reply.finish, reply.completion_tokens <= 3) == ("stop", True)


def test_a_chat_is_written_by_the_model_s_own_template(engine: TransformersEngine) -> None:
    request = chat("Hi.", max_tokens=5)
    assert engine.tokenizer.decode(engine.encoded(request)) == "<user>Hi.<assistant>"
    assert (
        engine.ask(chat("Hi.", max_tokens=5)).text == engine.ask(completion("<user>Hi.<assistant>", max_tokens=5)).text
    )
    assert request.turns == (Turn("user", "Hi."),)


def test_a_chat_with_a_model_that_has_no_template_says_what_to_choose(tmp_path: Path) -> None:
    bare = TransformersEngine(str(save(tmp_path, template=None)))
    with pytest.raises(Unusable, match="has no chat template; choose a template for its prompts, such as plain"):
        bare.ask(chat())


def test_a_penalty_that_it_does_not_know_is_refused(engine: Engine) -> None:
    with pytest.raises(Unusable, match="knows no presence penalty"):
        engine.ask(completion(presence_penalty=2.0))


def test_what_is_too_long_or_empty_is_hopeless(engine: Engine) -> None:
    with pytest.raises(Hopeless, match=f"120 tokens and max_tokens is 9; together that is more than {LENGTH}"):
        engine.ask(completion("x" * 120, max_tokens=9))
    with pytest.raises(Hopeless, match="an empty text can't be continued"):
        engine.ask(completion("", max_tokens=5))


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"transformers can load no model .*; check its name or folder"):
        TransformersEngine(str(tmp_path / "nothing"))


def test_it_says_what_it_is_and_which_revision_was_asked_for(engine: Engine, folder: Path) -> None:
    identity = engine.identity()
    assert (identity.engine, identity.url) == (EngineKind.TRANSFORMERS, "")
    assert identity.model_revision == fingerprint(folder), "other weights in the same folder are another model"
    assert identity.engine_version.startswith("5.")


def test_more_likely_tokens_than_there_are_can_t_be_told() -> None:
    assert likeliest(torch.tensor([0.0, 0.0]), 5) == [(0, pytest.approx(-0.6931472)), (1, pytest.approx(-0.6931472))]
