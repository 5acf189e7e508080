"""Rewards, top-ups, fees and the worst case, worked out by hand; nothing is ever a floating point number."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain import pay
from backend.domain.checks import Had, due
from backend.domain.money import Money
from backend.domain.pay import MTURK, NO_FEES, Fees, Offer, PayRule
from backend.domain.rules import CheckRates

PAPER = PayRule(median_ms=43_000)
amounts = st.integers(0, 10**6)
medians = st.integers(1, 600_000)
rules = st.builds(
    PayRule,
    median_ms=medians,
    per_hour=st.integers(0, 10_000).map(Money),
    minimum=st.none() | st.integers(0, 100).map(Money),
)
shares = st.integers(0, 100).map(lambda hundredths: Fraction(hundredths, 100))
fees = st.builds(Fees, shares, shares, shares, st.integers(1, 20), shares, st.integers(0, 5))
times = st.none() | st.integers(0, 10**7)


def test_the_reward_is_what_the_median_earns_rounded_up_to_a_cent() -> None:
    """$15 an hour for 43 s is 17.92 cents; for 24 s it is 10 cents exactly."""
    assert PAPER.reward == Money(18)
    assert PayRule(median_ms=24_000).reward == Money(10)
    assert PayRule(median_ms=24_001).reward == Money(11)


def test_the_reward_is_never_below_the_vendors_minimum() -> None:
    assert PayRule(median_ms=24_000, minimum=Money(12)).reward == Money(12)
    assert PayRule(median_ms=24_000, minimum=Money(5)).reward == Money(10)


@pytest.mark.parametrize(("active_ms", "median"), [([5], 5), ([9, 1, 5], 5), ([4, 1], 3), ([2, 4], 3), ([0, 0], 0)])
def test_the_median_of_a_pilot_is_whole_milliseconds(active_ms: list[int], median: int) -> None:
    assert pay.pilot_median(active_ms) == median


@pytest.mark.parametrize("active_ms", [[], [5, -1]])
def test_a_pilot_without_times_has_no_median(active_ms: list[int]) -> None:
    with pytest.raises(ValueError, match="times of a pilot"):
        pay.pilot_median(active_ms)


def test_the_time_of_a_piece_counts_up_to_three_medians() -> None:
    assert [PAPER.counted(ms) for ms in (None, 0, 43_000, 129_000, 129_001)] == [43_000, 0, 43_000, 129_000, 129_000]


def test_a_slow_rater_is_topped_up_to_the_target_and_a_fast_one_is_not() -> None:
    """Ten comparisons at 60 s are ten minutes, $2.50; at 18 cents each $1.80 are paid, so 70 cents are missing."""
    assert PAPER.top_up(counted_ms=600_000, earned=Money(180)) == Money(70)
    assert PAPER.top_up(counted_ms=600_000, earned=Money(250)) == Money(0)
    assert PAPER.top_up(counted_ms=300_000, earned=Money(180)) == Money(0)


def test_at_worst_a_piece_of_work_takes_three_medians() -> None:
    """129 s at $15 an hour are 53.75 cents: 54, of which the reward is 18."""
    assert PAPER.worst_top_up == Money(36)
    assert PayRule(median_ms=1_000, minimum=Money(50)).worst_top_up == Money(0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"median_ms": 0},
        {"median_ms": 1, "per_hour": Money(-1)},
        {"median_ms": 1, "minimum": Money(-1)},
        {"median_ms": 1, "minimum": Money(1, "EUR")},
    ],
)
def test_rules_that_can_not_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"takes some time|never negative|two currencies"):
        PayRule(**wrong)


def test_what_was_earned_in_another_currency_is_refused() -> None:
    with pytest.raises(ValueError, match="two currencies"):
        PAPER.top_up(counted_ms=1, earned=Money(1, "EUR"))


@pytest.mark.parametrize(
    ("reward", "places", "masters", "fee"),
    [(18, 3, False, 4), (18, 9, False, 4), (18, 10, False, 8), (18, 3, True, 5), (100, 10, True, 45), (1, 3, False, 1)],
)
def test_mturks_fees_by_hand(reward: int, places: int, masters: bool, fee: int) -> None:
    """A fifth of 18 cents is 3.6, rounded up; two fifths from ten places; a twentieth more for Masters."""
    assert MTURK.on_reward(Money(reward), places=places, masters=masters) == Money(fee)


def test_bonuses_have_mturks_fee_too_and_nothing_has_none() -> None:
    assert [MTURK.on_bonus(Money(bonus)).minor for bonus in (0, 1, 5, 6, 70)] == [0, 1, 1, 2, 14]
    assert NO_FEES.on_bonus(Money(70)) == NO_FEES.on_reward(Money(70)) == Money(0)


def test_a_share_is_a_setting() -> None:
    """A third, as Prolific may take: of $9.00 exactly $3.00, though 0.3333 is no third."""
    assert pay.of_share(1 / 3).on_reward(Money(900)) == Money(300)
    assert pay.of_share(0.3333).on_bonus(Money(900)) == Money(300)
    assert pay.of_share(0.428).on_reward(Money(1000)) == Money(428)
    with pytest.raises(ValueError, match="a fee is a share"):
        pay.of_share(-0.1)


def test_the_papers_protocol_costs_this_at_worst() -> None:
    """756 seats: 18 + 4 cents, and 36 + 8 at worst: $136.08, $30.24, $272.16, $60.48; $498.96 in all."""
    found = pay.preview(PAPER, Offer(pieces=756, fees=MTURK, places=3))
    assert [(line.what, str(line.total)) for line in found.lines] == [
        (pay.REWARDS, "$136.08"),
        (pay.REWARD_FEES, "$30.24"),
        (pay.TOP_UPS, "$272.16"),
        (pay.TOP_UP_FEES, "$60.48"),
    ]
    assert (str(found.certain), str(found.total)) == ("$166.32", "$498.96")


def test_checks_are_paid_like_comparisons() -> None:
    """100 seats and 12 checks on links: 112 × (18 + 36) cents."""
    found = pay.preview(PAPER, Offer(pieces=100, checks=12))
    assert [(line.what, line.count) for line in found.lines] == [
        (pay.REWARDS, 100),
        (pay.CHECKS, 12),
        (pay.TOP_UPS, 112),
    ]
    assert (found.certain, found.total) == (Money(2016), Money(6048))


def test_checks_are_at_most_one_more_than_the_rate_for_each_rater_and_kind() -> None:
    """756 seats at a tenth and a twentieth by 71 raters: 75 + 71 + 37 + 71."""
    assert pay.most_checks(756, (0.1, 0.05, 0.0), raters=71) == 254
    assert pay.most_checks(10, (0.5, 0.5), raters=4) == 10
    assert pay.most_checks(756, (0.0,), raters=71) == 0


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=4),
    st.tuples(*[st.integers(0, 25).map(lambda hundredths: hundredths / 100)] * 3),
    st.integers(0, 9),
)
def test_no_rater_meets_more_checks_than_the_most(
    loads: list[int], rates: tuple[float, float, float], seed: int
) -> None:
    met = 0
    for rater, load in enumerate(loads):
        had: list[Had] = []
        for judged in range(load + 1):
            if kinds := due(CheckRates(*rates), judged=judged, had=had, seed=seed, rater=rater):
                had.append(Had(kinds[0], judged))
        met += len(had)
    assert met <= pay.most_checks(sum(loads), rates, raters=len(loads))


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (10, [1, 1, 1], [4, 3, 3]),
        (5, [1, 3, 1], [1, 3, 1]),
        (2, [0, 0, 0], [1, 1, 0]),
        (3, [0, 7], [0, 3]),
        (0, [], []),
    ],
)
def test_a_sum_is_apportioned_to_the_cent(total: int, weights: list[int], parts: list[int]) -> None:
    assert pay.apportion(total, weights) == parts


def test_hourly_pay_as_it_came_out_by_hand() -> None:
    """Rater 1: 20 + 30 s for 36 cents is $25.92 an hour; 2: 3 × 43 s count for 54 cents, $15.06; 3: unknown, $15.06."""
    found = pay.realised(
        np.array([2, 1, 3, 1]), np.array([999_000, 20_000, -1, 30_000]), np.array([54, 18, 18, 18]), median_ms=43_000
    )
    assert found.raters.tolist() == [1, 2, 3]
    assert found.counted_ms.tolist() == [50_000, 129_000, 43_000]
    assert found.hourly.tolist() == [2592, 1506, 1506]
    assert found.median == 1506


def test_without_counted_time_there_is_no_hourly_pay() -> None:
    none = np.array([], dtype=np.int64)
    assert pay.realised(none, none, none, median_ms=5).median is None
    assert pay.realised(np.array([1]), np.array([0]), np.array([5]), median_ms=5).hourly.tolist() == [-1]
    assert pay.realised(np.array([1, 2]), np.array([5, 5]), np.array([1, 2]), median_ms=5).median == 1_080_000


@given(rules, medians)
def test_the_reward_is_exact_and_grows_with_time_and_target(rule: PayRule, more: int) -> None:
    least = rule.minimum.minor if rule.minimum else 0
    earned = Fraction(rule.per_hour.minor * rule.median_ms, pay.MS_PER_HOUR)
    assert max(earned, least) <= rule.reward.minor < max(earned, least) + 1
    assert PayRule(rule.median_ms + more, rule.per_hour, rule.minimum).reward.minor >= rule.reward.minor
    assert PayRule(rule.median_ms, Money(rule.per_hour.minor + more), rule.minimum).reward.minor >= rule.reward.minor


@given(amounts, st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_parts_add_up_and_are_within_one_of_their_share(total: int, weights: list[int]) -> None:
    parts = pay.apportion(total, weights)
    assert sum(parts) == total
    if whole := sum(weights):
        assert all(abs(part * whole - total * weight) < whole for part, weight in zip(parts, weights, strict=True))


@given(fees, amounts, amounts, st.integers(1, 20), st.booleans())
def test_fees_grow_and_a_fee_on_a_sum_is_no_more_than_the_sum_of_fees(
    of: Fees, one: int, other: int, places: int, masters: bool
) -> None:
    def fee(minor: int) -> int:
        return of.on_reward(Money(minor), places=places, masters=masters).minor + of.on_bonus(Money(minor)).minor

    assert fee(one) <= fee(one + other) <= fee(one) + fee(other)
    assert of.on_reward(Money(one), places=places, masters=True).minor >= of.on_reward(Money(one), places=places).minor


@given(rules, fees, st.integers(0, 10**6), st.integers(0, 10**4), st.integers(1, 20), st.booleans())
def test_the_lines_of_a_preview_add_up_to_its_total(
    rule: PayRule, of: Fees, pieces: int, checks: int, places: int, masters: bool
) -> None:
    found = pay.preview(rule, Offer(pieces, checks, of, places, masters))
    assert sum(line.total.minor for line in found.lines) == found.total.minor >= found.certain.minor
    assert found.total.minor <= pay.preview(rule, Offer(pieces + 1, checks, of, places, masters)).total.minor


@given(rules, fees, st.lists(times, min_size=1, max_size=12), st.data())
def test_nothing_that_raters_do_costs_more_than_the_worst_case(
    rule: PayRule, of: Fees, active: list[int | None], data: st.DataObject
) -> None:
    whose = data.draw(st.lists(st.integers(1, 3), min_size=len(active), max_size=len(active)))
    spent = 0
    for rater in set(whose):
        own = [ms for ms, who in zip(active, whose, strict=True) if who == rater]
        rewards = Money(rule.reward.minor * len(own))
        top_up = rule.top_up(counted_ms=sum(map(rule.counted, own)), earned=rewards)
        spent += rewards.minor + top_up.minor + of.on_bonus(top_up).minor + len(own) * of.on_reward(rule.reward).minor
    assert spent <= pay.preview(rule, Offer(len(active), fees=of)).total.minor


@given(rules, st.lists(times, min_size=1, max_size=12))
def test_after_the_top_up_nobody_earns_less_than_the_target_and_nothing_more_is_missing(
    rule: PayRule, active: list[int | None]
) -> None:
    counted, rewards = sum(map(rule.counted, active)), rule.reward.minor * len(active)
    after = Money(rewards + rule.top_up(counted_ms=counted, earned=Money(rewards)).minor)
    assert after.minor * pay.MS_PER_HOUR >= rule.per_hour.minor * counted
    assert rule.top_up(counted_ms=counted, earned=after) == Money(0)
    known = np.array([-1 if ms is None else ms for ms in active])
    parts = np.array(pay.apportion(after.minor, [1] * len(active)))
    found = pay.realised(np.ones(len(active), dtype=np.int64), known, parts, median_ms=rule.median_ms)
    assert (found.counted_ms.tolist(), found.earned.tolist()) == ([counted], [after.minor])
    assert found.median is None or found.median >= rule.per_hour.minor
