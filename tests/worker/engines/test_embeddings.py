"""Embeddings over a real socket: what is asked, in whose order vectors come, and what trouble is called."""

from contextlib import closing
from random import Random

import numpy as np
import pytest

from tests import openai as script
from tests.embeddings import embeds, vector
from tests.openai import Step, scripted
from tests.worker.engines.asked import MODEL, Clock
from worker.engines.embeddings import AT_ONCE, Embedder
from worker.engines.openai import OpenAIEngine
from worker.engines.protocol import TooLong, Transient, Unusable


def embedder(url: str, clock: Clock) -> Embedder:
    return Embedder(OpenAIEngine(url, MODEL), random=Random(1), waits=clock.waits())


def test_texts_are_sent_some_at_once_and_vectors_are_told_apart_by_their_index() -> None:
    texts = ["a poem", "the ocean", ""] * 30
    with scripted(otherwise=embeds()) as server, closing(embedder(server.url, Clock())) as model:
        found = model.vectors(texts)
    assert np.array_equal(found, [vector(text) for text in texts])
    assert [asked.path for asked in server.asked] == ["/v1/embeddings"] * 2
    assert [len(body["input"]) for body in server.bodies] == [AT_ONCE, 90 - AT_ONCE]
    assert server.bodies[0] | {"input": []} == {"model": MODEL, "input": [], "encoding_format": "float"}
    assert server.bodies[0]["input"][2] == " "


@pytest.mark.parametrize(
    "trouble",
    [
        script.too_fast("3"),
        script.breaks(),
        script.hangs_up(),
        script.sends({"data": []}),
        script.sends({"data": [{"index": 0, "embedding": []}]}),
        script.sends({"data": [{"index": 0, "embedding": ["x"]}]}),
        script.sends({"data": [{"index": 1, "embedding": [1.0]}]}),
    ],
)
def test_after_trouble_it_is_asked_again(trouble: Step) -> None:
    clock = Clock()
    with scripted(trouble, otherwise=embeds()) as server, closing(embedder(server.url, clock)) as model:
        assert model.vectors(["sea"]).tolist() == [vector("sea")]
    assert len(server.asked) == 2
    assert len(clock.waited) >= 1


def test_of_a_text_that_is_too_long_the_beginning_is_embedded_and_of_the_others_all() -> None:
    """By hand: 80 characters are halved thrice until 10 are no more than 12."""
    texts = ["a poem", "sea story " * 8, "sea story " * 8, "\ud800 tale"]
    with scripted(otherwise=embeds(longest=12)) as server, closing(embedder(server.url, Clock())) as model:
        found = model.vectors(texts)
    assert np.array_equal(found, [vector("a poem"), vector("sea story"), vector("sea story"), vector("tale")])
    assert model.cut == 2
    alone = [len(body["input"][0]) for body in server.bodies if len(body["input"]) == 1]
    assert alone == [6, 80, 40, 20, 10, 80, 40, 20, 10, 6]


def test_a_model_that_takes_no_text_at_all_is_given_up() -> None:
    with (
        scripted(otherwise=script.too_long()) as server,
        closing(embedder(server.url, Clock())) as model,
        pytest.raises(TooLong, match="too long for this model"),
    ):
        model.vectors(["abc"])
    assert [body["input"] for body in server.bodies] == [["abc"], ["a"], [" "]]


def test_trouble_without_end_and_refusals_are_raised() -> None:
    short = {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}]}
    for step, error in (
        (script.sends(short), Transient),
        (script.unauthorized(), Unusable),
        (script.too_long(), TooLong),
    ):
        with (
            scripted(otherwise=step) as server,
            closing(embedder(server.url, Clock())) as model,
            pytest.raises(error),
        ):
            model.vectors(["a", "b"])
