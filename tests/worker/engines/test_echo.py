"""An engine that says what it was asked."""

from backend.domain.asking import EngineKind
from tests.worker.engines.asked import MODEL, chat, completion
from worker.engines.echo import EchoEngine, until_stop

ENGINE = EchoEngine()


def test_it_says_the_last_turn_s_words_always_the_same() -> None:
    reply = ENGINE.ask(chat("Why is\n\nthe sky blue?"))
    assert reply == ENGINE.ask(chat("Why is\n\nthe sky blue?"))
    assert (reply.text, reply.finish, reply.model) == ("Why is\n\nthe sky blue?", "stop", MODEL)
    assert (reply.prompt_tokens, reply.completion_tokens, reply.logprobs) == (5, 5, ())


def test_another_sample_differs() -> None:
    assert ENGINE.ask(completion("Blue.", sample=1)).text == "Blue. (sample 2)"


def test_it_keeps_to_the_limit_of_tokens_and_to_stop_texts() -> None:
    cut = ENGINE.ask(chat("one two three", max_tokens=2))
    assert (cut.text, cut.finish, cut.completion_tokens) == ("one two", "length", 2)
    stopped = ENGINE.ask(chat("one two three four", stop=("four", " three"), max_tokens=2))
    assert (stopped.text, stopped.finish) == ("one two", "stop")


def test_it_is_sure_of_every_word() -> None:
    assert ENGINE.ask(completion("one two", logprobs=3)).logprobs == ({"one": 0.0}, {" two": 0.0})


def test_it_says_what_it_is() -> None:
    identity = ENGINE.identity()
    assert (identity.engine, identity.model_revision, identity.url) == (EngineKind.ECHO, "", "")
    assert identity.engine_version
    ENGINE.close()


def test_a_text_ends_before_the_first_of_its_stop_texts() -> None:
    assert until_stop("a b c", ("c", "b", "")) == ("a ", True)
    assert until_stop("a b c", ()) == ("a b c", False)
