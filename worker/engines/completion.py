"""Asks a server on this machine for one token or one vector, to see whether it really answers. Knows no vLLM."""

import json
from http.client import HTTPConnection, HTTPException

from backend.domain.records import Json
from worker.engines.ports import HOST

PATIENCE_SECONDS = 60.0  # the first request of all warms up what the others find warm


class Refused(Exception):
    """The server answered that it can't; the message is its own."""


def completes(port: int, model: str) -> bool:
    """Whether one token came back."""
    return answers(port, "completions", {"model": model, "prompt": "Hello", "max_tokens": 1, "temperature": 0})


def embeds(port: int, model: str) -> bool:
    """Whether one vector came back."""
    return answers(port, "embeddings", {"model": model, "input": ["Hello"]})


def answers(port: int, path: str, body: Json) -> bool:
    """False while nobody listens or the server is busy; Refused with what it said."""
    # Not urllib: it would ask a proxy, where the environment names one.
    connection = HTTPConnection(HOST, port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("POST", f"/v1/{path}", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read().decode("utf-8", "replace")
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    if answer.status == 200:
        return True
    if answer.status in {429, 503}:
        return False
    raise Refused(f"{answer.status}, {said[:500]}")
