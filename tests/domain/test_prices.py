"""What a request costs: rounded up, and never more than its worst case."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.asking import EngineKind, Request, Sampling
from backend.domain.prices import AROUND_A_TURN, BEFORE_ALL, Price, cost, most_tokens, worst_of
from backend.domain.records import Turn

# $2.50 and $10 for a million tokens
PRICE = Price(2_500_000, 10_000_000)


def test_a_price_is_of_a_million_tokens_and_rounds_up() -> None:
    assert PRICE.of(1_000_000, 0) == 2_500_000
    assert PRICE.of(1, 0) == 3
    assert PRICE.of(1000, 100) == 3_500
    assert Price(0, 0).of(10**9, 10**9) == 0
    with pytest.raises(ValueError, match="not negative"):
        Price(-1, 0)


def test_no_text_has_more_tokens_than_bytes() -> None:
    assert [most_tokens(text) for text in ("", "abcd", "天地", "\ud800")] == [0, 4, 6, 3]


def test_a_request_costs_its_turns_what_stands_around_them_and_its_longest_answer() -> None:
    """40 bytes are 10 tokens or at most 40; 64 before all, 8 around each turn and the answer; 100 for the answer."""
    found = cost((Turn("system", "s" * 20), Turn("user", "u" * 20)), max_tokens=100, price=PRICE)
    assert found.estimate == PRICE.of(64 + 24 + 10, 100)
    assert found.worst == PRICE.of(64 + 24 + 40, 100)


@settings(deadline=None)
@given(st.text(), st.integers(1, 5000), st.integers(0, 10**8))
def test_the_worst_case_is_never_below_the_estimate(text: str, tokens: int, price: int) -> None:
    found = cost((Turn("user", text),), max_tokens=tokens, price=Price(price, price))
    assert 0 <= found.estimate <= found.worst


def test_a_request_costs_at_most_every_byte_as_a_token_and_a_whole_answer() -> None:
    asked = Request(EngineKind.ECHO, "", "m", Sampling(max_tokens=10), text="four")
    assert worst_of(asked, Price(1_000_000, 2_000_000)) == (BEFORE_ALL + 4 + 2 * AROUND_A_TURN) + 2 * 10
    chat = Request(EngineKind.ECHO, "", "m", Sampling(max_tokens=10), turns=(Turn("user", "four"),))
    assert worst_of(chat, Price(1_000_000, 2_000_000)) == worst_of(asked, Price(1_000_000, 2_000_000))
