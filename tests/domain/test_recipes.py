"""Recipes: what can't be asked is refused before anybody asks, and what is stored comes back the same."""

import json
from dataclasses import replace

import pytest

from backend.domain.asking import EngineKind, Sampling
from backend.domain.recipes import Recipe, Serving, sampling_of

THERE = Recipe(EngineKind.OPENAI, "a-model", "https://host.example/v1")


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"model": ""}, "a model is needed"),
        ({"url": ""}, "the engine openai needs an address"),
        ({"engine": EngineKind.ECHO}, "the engine echo runs here and has no address"),
        ({"engine": EngineKind.TRANSFORMERS}, "the engine transformers runs here"),
        ({"url": "host.example/v1"}, "must begin with http:// or https://"),
        ({"url": "https://me:secret@host.example/v1"}, "holds more than host and path"),
        ({"url": "https://host.example/v1?key=secret"}, "keys are settings"),
        ({"url": "https://host.example/v1#secret"}, "keys are settings"),
        ({"sample": -1}, "samples are counted from 0"),
    ],
)
def test_what_can_not_be_asked_is_refused_and_no_secret_is_repeated(wrong: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as refusal:
        replace(THERE, **wrong)
    assert "secret" not in str(refusal.value)


def test_a_server_of_ours_needs_no_address() -> None:
    assert Recipe(EngineKind.VLLM, "./checkpoint").url == ""


def test_sampling_comes_back_as_it_was_stored_and_is_the_same_once_more() -> None:
    """A tuple comes back from JSON as a list, and a judge that is asked again would be taken for another."""
    drawn = Sampling(0.7, 0.9, 64, 7, ("\n\n", "USER:"))
    stored = drawn.to_json()
    assert json.loads(json.dumps(stored)) == stored
    assert sampling_of(json.loads(json.dumps(stored))) == drawn
    assert Serving(memory_share=0.5).to_json() == {
        "dtype": "auto",
        "tensor_parallel": 1,
        "memory_share": 0.5,
        "max_length": None,
    }
