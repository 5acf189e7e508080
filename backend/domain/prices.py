"""What asking an engine costs, in millionths of a currency's unit and never in floating point.

No tokenizer is at hand for every model, so tokens are told from bytes, in two ways. An estimate: four bytes a token, by
the one rule of backend.domain.asking. A bound: one byte a token, for every token of a byte-level vocabulary spells at
least one byte (GPT-2's and what followed it; Sennrich et al. 2016, Radford et al. 2019), and one of SentencePiece with
byte fallback does so too. A budget that must never be exceeded reserves the bound and is charged what the server
counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.domain.asking import Request, estimated_tokens, size
from backend.domain.records import Turn

MILLION = 1_000_000
# What chat formats put around a turn (ChatML's marks and role are five tokens), and before all of them: some add a
# default system text or a date of their own. Both are generous, since a bound must hold.
AROUND_A_TURN, BEFORE_ALL = 8, 64


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost, in micro-dollars: $2.50 is 2,500,000. Raises ValueError for less than nothing."""

    prompt: int
    completion: int

    def __post_init__(self) -> None:
        if self.prompt < 0 or self.completion < 0:
            raise ValueError("a price is not negative")

    def of(self, prompt_tokens: int, completion_tokens: int) -> int:
        """Micro-dollars for so many tokens, rounded up."""
        return -(-(prompt_tokens * self.prompt + completion_tokens * self.completion) // MILLION)


@dataclass(frozen=True, slots=True)
class Cost:
    """Micro-dollars of one request: as estimated with an answer of full length, and at the very most."""

    estimate: int
    worst: int


def most_tokens(text: str) -> int:
    """Tokens that a text can't exceed."""
    return size(text)


def cost(turns: Sequence[Turn], *, max_tokens: int, price: Price) -> Cost:
    """What a chat request costs whose answer has at most `max_tokens`."""
    around = BEFORE_ALL + AROUND_A_TURN * (len(turns) + 1)
    estimated, most = (around + sum(count(turn.text) for turn in turns) for count in (estimated_tokens, most_tokens))
    return Cost(price.of(estimated, max_tokens), price.of(most, max_tokens))


def worst_of(request: Request, price: Price) -> int:
    """Micro-dollars that a request can cost at the very most."""
    turns = request.turns or (Turn("user", request.text or ""),)
    return cost(turns, max_tokens=request.sampling.max_tokens, price=price).worst
