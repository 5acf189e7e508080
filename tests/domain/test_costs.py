"""Money is whole minor units; hours and amounts by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.money import Money, millionths, money
from backend.domain.statistics.costs import Pay, cost


def test_the_cost_of_votes_is_worked_out_by_hand() -> None:
    """756 votes of 43 s are 9.03 hours; at $15 an hour $135.45, and a fifth of that is $27.09."""
    found = cost(756, Pay(seconds=43, per_hour=Money(1500), fee=0.2))
    assert found.hours == pytest.approx(9.03)
    assert (str(found.pay), str(found.fee), str(found.total)) == ("$135.45", "$27.09", "$162.54")


def test_amounts_are_rounded_up_to_a_whole_cent() -> None:
    """One vote of one second at $15 an hour is five twelfths of a cent."""
    assert cost(1, Pay(seconds=1)).total == Money(2)
    assert cost(0, Pay()).total == Money(0)


@given(st.integers(0, 10**9), st.integers(1, 600), st.integers(0, 10**5), st.integers(0, 100))
def test_pay_and_fee_add_up_and_nobody_is_paid_too_little(votes: int, seconds: int, per_hour: int, fee: int) -> None:
    found = cost(votes, Pay(seconds=seconds, per_hour=Money(per_hour), fee=fee / 100))
    assert found.pay.minor + found.fee.minor == found.total.minor
    assert found.pay.minor * 3600 >= votes * seconds * per_hour > (found.pay.minor - 1) * 3600
    assert found.fee.minor * 100 >= found.pay.minor * fee > (found.fee.minor - 1) * 100


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (Money(123456789), "$1,234,567.89"),
        (Money(5, "EUR"), "€0.05"),
        (Money(1200, "CHF"), "CHF 12.00"),
        (Money(1200, "JPY"), "JPY 1,200"),
    ],
)
def test_money_is_always_shown_with_its_currency(amount: Money, shown: str) -> None:
    assert str(amount) == shown


@pytest.mark.parametrize(
    ("text", "currency", "minor"), [("15", "USD", 1500), ("12.5", "EUR", 1250), ("1500", "JPY", 1500), ("0", "USD", 0)]
)
def test_typed_amounts_are_read_exactly(text: str, currency: str, minor: int) -> None:
    assert money(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("a lot", "USD"),
        ("-1", "USD"),
        ("1.005", "USD"),
        ("1.5", "JPY"),
        ("inf", "USD"),
        ("NaN", "USD"),
        ("", "USD"),
        ("1e999999", "USD"),
    ],
)
def test_what_is_no_amount_is_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match="no amount"):
        money(text, currency)


@pytest.mark.parametrize("currency", ["usd", "US", "DOLLAR", "U$D", ""])
def test_a_currency_is_three_capitals(currency: str) -> None:
    with pytest.raises(ValueError, match="currency"):
        Money(1, currency)


@pytest.mark.parametrize("wrong", [{"seconds": 0}, {"seconds": float("nan")}, {"fee": -0.1}, {"fee": float("inf")}])
def test_votes_that_take_no_time_and_fees_that_are_none_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"a vote takes|a fee is"):
        Pay(**wrong)


def test_dollars_are_kept_in_millionths_and_finer_ones_are_cut_off() -> None:
    assert [millionths(text) for text in ("2.5", "0", "0.0000019", "1e3")] == [2_500_000, 0, 1, 1_000_000_000]


@pytest.mark.parametrize("text", ["", "much", "-1", "NaN", "sNaN", "inf", "1e10", "1e400", "1e999999"])
def test_what_is_no_amount_of_dollars_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no amount of dollars"):
        millionths(text)
