"""A scripted embedding model: one dimension a meaning, of which some words share one."""

import json

from tests.openai import Step, too_long
from tests.openai_socket import Answer, Asked

MEANINGS = ("poem verse", "sea ocean", "story tale", "write compose", "short brief")


def vector(text: str) -> list[float]:
    """How often each meaning is in a text."""
    return [float(sum(word in meaning.split() for word in text.lower().split())) for meaning in MEANINGS]


def embeds(*, longest: int = 10_000) -> Step:
    """Good answers, the last text first: their index says whose each one is. longest: characters of a text, at most."""

    def step(asked: Asked) -> Answer:
        given = asked.body["input"]
        if max(map(len, given)) > longest:
            return too_long()(asked)
        rows = [{"object": "embedding", "index": place, "embedding": vector(text)} for place, text in enumerate(given)]
        return Answer(200, json.dumps({"object": "list", "data": rows[::-1], "model": "m"}).encode())

    return step
