"""Requests: what can be asked, what makes two of them one question, and what they cost at most."""

from dataclasses import replace

import pytest

from backend.domain.asking import EngineKind, Reply, Request, Sampling, estimated_tokens
from backend.domain.records import Turn

CHAT = Request(EngineKind.ECHO, "", "a-model", Sampling(), turns=(Turn("user", "Why is the sky blue?"),))


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"temperature": 2.1}, "temperature is 2.1"),
        ({"temperature": -0.1}, "between 0 and 2"),
        ({"top_p": 0.0}, "above 0"),
        ({"max_tokens": 0}, "at least one token"),
        ({"presence_penalty": 2.1}, "presence_penalty is 2.1"),
        ({"stop": ("a", "b", "c", "d", "e")}, "more than four stop texts"),
    ],
)
def test_what_no_engine_can_do_is_refused(wrong: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Sampling(**wrong)


def test_a_request_has_turns_or_a_text_but_not_both() -> None:
    for wrong in ({"turns": ()}, {"text": "The sky"}):
        with pytest.raises(ValueError, match="either turns or a text"):
            replace(CHAT, **wrong)


def test_a_question_without_a_penalty_is_the_one_it_was_before_there_were_penalties() -> None:
    assert CHAT.content_hash == "882c6ed8507778c42bf8c25bcc2f41bd1fb2fee54b10d69bab1d6941097896c7"
    assert "presence_penalty" not in Sampling().to_json()
    assert Sampling(presence_penalty=2.0).to_json()["presence_penalty"] == 2.0


def test_two_requests_are_one_question_only_if_nothing_differs_that_the_answer_can_depend_on() -> None:
    others = [
        replace(CHAT, sample=1),
        replace(CHAT, model="another"),
        replace(CHAT, url="http://127.0.0.1:8000/v1"),
        replace(CHAT, logprobs=5),
        replace(CHAT, sampling=Sampling(seed=1)),
        replace(CHAT, sampling=Sampling(presence_penalty=1.0)),
        replace(CHAT, turns=(), text="Why is the sky blue?"),
        replace(CHAT, revision="another checkpoint of the same name"),
        replace(CHAT, engine=EngineKind.OPENAI),
    ]
    assert replace(CHAT).content_hash == CHAT.content_hash
    assert len({CHAT.content_hash, *(one.content_hash for one in others)}) == 1 + len(others)


def test_each_sample_has_a_seed_of_its_own_and_none_without_one() -> None:
    seeded = replace(CHAT, sampling=Sampling(seed=7))
    seeds = {replace(seeded, sample=sample).seed for sample in range(20)}
    other = replace(seeded, turns=(Turn("user", "Another?"),)).seed
    assert len(seeds | {other, replace(seeded, sampling=Sampling(seed=8)).seed}) == 22
    assert all(seed is not None and 0 <= seed < 2**31 for seed in seeds)
    assert replace(seeded, url="elsewhere").seed == seeded.seed
    assert replace(CHAT, sample=1).seed is None


def test_the_tokens_of_a_request_are_guessed_from_bytes_and_the_longest_answer() -> None:
    """By hand: "user\\n" and "\\n" are 6 bytes, the question 20, a fourth of 26 is 7; and 512."""
    assert CHAT.tokens == 7 + 512
    assert replace(CHAT, turns=(), text="äöü").tokens == 2 + 512
    assert [estimated_tokens(text) for text in ("", "abcd", "abcde", "天地", "\ud800")] == [0, 1, 2, 2, 1]


def test_a_reply_is_stored_as_plain_json() -> None:
    reply = Reply("Blue.", "stop", "a-model", 6, 2, ({"Blue": -0.5},))
    assert reply.to_json() == {
        "text": "Blue.",
        "finish": "stop",
        "model": "a-model",
        "prompt_tokens": 6,
        "completion_tokens": 2,
        "logprobs": [{"Blue": -0.5}],
    }
