"""An engine that says what it was asked: for tests and demos, at no cost. Knows no language.

An answer is the last turn's words, up to the limit of tokens (a word each); the second sample says which one it is.
"""

import re
from importlib.metadata import version

from backend.domain.asking import EngineKind, Reply, Request
from worker.engines.protocol import Identity


class EchoEngine:
    """Answers at once, always the same to the same request."""

    def ask(self, request: Request) -> Reply:
        asked = request.text if request.text is not None else request.turns[-1].text
        said = f"{asked} (sample {request.sample + 1})" if request.sample else asked
        text, is_stopped = until_stop(said, request.sampling.stop)
        words = re.findall(r"\s*\S+", text)
        kept = words[: request.sampling.max_tokens]
        return Reply(
            text="".join(kept),
            finish="stop" if is_stopped or len(kept) == len(words) else "length",
            model=request.model,
            prompt_tokens=len(asked.split()),
            completion_tokens=len(kept),
            logprobs=tuple({word: 0.0} for word in kept) if request.logprobs else (),
        )

    def identity(self) -> Identity:
        return Identity(EngineKind.ECHO, version("assay-eval"), "", "")

    def close(self) -> None:
        """Nothing is held."""


def until_stop(text: str, stop: tuple[str, ...]) -> tuple[str, bool]:
    """The text before the first stop text, and whether there was one."""
    places = [place for place in (text.find(one) for one in stop if one) if place >= 0]
    return (text[: min(places)], True) if places else (text, False)
