"""What is asked of an engine, and what it answers. Knows no engine, no network and no clock.

A request's hash names everything that its answer can depend on. Two requests with one hash are one question, and its
answer need be asked, and paid, only once.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from backend.domain.hashes import content_hash
from backend.domain.records import Json, Turn

# OpenAI's rule of thumb for English (“What are tokens and how to count them”, OpenAI Help Center). Code and other
# scripts have more tokens. A limit by the minute is put right by each reply's own count, so a fair guess serves best;
# whoever must never guess too low asks backend.domain.prices for the bound.
BYTES_A_TOKEN = 4


class EngineKind(StrEnum):
    """What can answer: a vLLM server of ours, any OpenAI-compatible address, a small model in this process, an echo."""

    VLLM = "vllm"
    OPENAI = "openai"
    TRANSFORMERS = "transformers"
    ECHO = "echo"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is drawn. temperature 0 is greedy; max_tokens: of the answer; seed: None leaves it to the server.

    presence_penalty: OpenAI's, for tokens that are there already.
    Raises ValueError, in words that follow “sampling: ”, for what no engine can do.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 512
    seed: int | None = None
    stop: tuple[str, ...] = ()
    presence_penalty: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 2:
            raise ValueError(f"temperature is {self.temperature}; it must be between 0 and 2")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is {self.top_p}; it must be above 0 and at most 1")
        if self.max_tokens < 1:
            raise ValueError(f"max_tokens is {self.max_tokens}; an answer has at least one token")
        if not -2 <= self.presence_penalty <= 2:
            raise ValueError(f"presence_penalty is {self.presence_penalty}; it must be between -2 and 2")
        if len(self.stop) > 4:
            raise ValueError("more than four stop texts; OpenAI's interface and vLLM refuse that")

    def to_json(self) -> dict[str, Json]:
        """As it is stored, and comes back: JSON knows no tuples."""
        return {**without_none(asdict(self)), "stop": list(self.stop)}


@dataclass(frozen=True, slots=True)
class Request:
    """One question. Either turns (chat) or text (completion) is given.

    model: by the name under which the engine serves it. sample: 0, 1, … for several answers to the same question.
    logprobs: how many likeliest tokens to tell at each place, 0 for none. revision: of what answers, so that another
    model of the same name is asked anew.
    """

    engine: EngineKind
    url: str
    model: str
    sampling: Sampling
    turns: tuple[Turn, ...] = ()
    text: str | None = None
    sample: int = 0
    logprobs: int = 0
    revision: str = ""

    def __post_init__(self) -> None:
        if bool(self.turns) == (self.text is not None):
            raise ValueError("a request has either turns or a text")

    @property
    def seed(self) -> int | None:
        """What is sent: another seed for each question and sample, made from the given one.

        With one seed for all, an engine draws the same numbers for every prompt: their answers would be alike where
        the prompts are, and intervals over prompts would take for chance what they share.
        """
        if self.sampling.seed is None:
            return None
        asked = "\0".join([self.text or "", *(f"{turn.role}\0{turn.text}" for turn in self.turns)])
        whole = f"{self.sampling.seed}\0{self.sample}\0{asked}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.sha256(whole).digest()[:4]) >> 1  # 31 bits, which every engine takes

    @property
    def tokens(self) -> int:
        """What it will take, in tokens of the question, estimated, and of an answer of full length."""
        asked = self.text if self.text is not None else "".join(f"{turn.role}\n{turn.text}\n" for turn in self.turns)
        return estimated_tokens(asked) + self.sampling.max_tokens

    def to_json(self) -> dict[str, object]:
        """All that the answer can depend on, as plain data: what is stored, and what is hashed."""
        asked = asdict(self)
        return {**asked, "sampling": without_none(asked["sampling"])}

    @property
    def content_hash(self) -> str:
        """SHA-256, in hex, of that."""
        return content_hash(self.to_json())


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. finish: "stop", "length", "content_filter", "refusal" or the server's own word, "" for none.

    model: as the server names what answered, which may differ from what was asked for. Tokens are 0 where the server
    doesn't count them. logprobs: for each token of the answer the likeliest ones with their natural logarithms, tokens
    that read alike added up; empty where they weren't asked for or aren't offered.
    """

    text: str
    finish: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    logprobs: tuple[Mapping[str, float], ...] = ()

    def to_json(self) -> dict[str, Json]:
        """As it is stored."""
        return {
            "text": self.text,
            "finish": self.finish,
            "model": self.model,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "logprobs": [dict(one) for one in self.logprobs],
        }


def without_none(sampling: dict[str, Json]) -> dict[str, Json]:
    """Without a penalty where there is none: questions that were asked before there were penalties stay the same."""
    return {name: value for name, value in sampling.items() if name != "presence_penalty" or value}


def size(text: str) -> int:
    """Bytes of a text in UTF-8; half a surrogate pair counts three."""
    return len(text.encode("utf-8", "surrogatepass"))


def estimated_tokens(text: str) -> int:
    """Tokens by the rule of thumb, rounded up."""
    return -(-size(text) // BYTES_A_TOKEN)
