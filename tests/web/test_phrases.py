"""Numbers of results in words."""

import pytest

from backend.domain.results.exclusions import ExcludedRater
from backend.domain.statistics.flags import Flag, Kind
from backend.domain.statistics.intervals import Interval
from backend.web import phrases


def untied(said: str) -> str:
    return said.replace(phrases.TIED, " ")


@pytest.mark.parametrize(
    ("value", "said"), [(3.14, "+3.1"), (-3.14, "−3.1"), (0.0, "0.0"), (-0.04, "0.0"), (0.04, "0.0"), (None, "–")]
)
def test_a_difference_has_its_sign(value: float | None, said: str) -> None:
    assert phrases.signed(value) == said


def test_numbers_have_a_true_minus_and_thousands() -> None:
    assert phrases.decimal(-0.001) == "0.00"
    assert (phrases.decimal(-0.5), phrases.decimal(None), phrases.decimal(0.333, 1)) == ("−0.50", "–", "0.3")
    assert (phrases.count(50_000), phrases.count(0.5)) == ("50,000", "0.5")


def test_a_number_and_its_sign_stay_in_one_line() -> None:
    assert phrases.whole(0.976) == "98\N{NO-BREAK SPACE}%"
    flag = Flag(Kind.COPIED, 1.0, 0.5, n=40, p_value=0.0, q_value=0.02)
    assert phrases.chance(flag) == " (q\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}0.020)"


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.5, "0.5"), (5000, "5,000"), (1.5e6, "1.5M"), (150e6, "150M"), (13e9, "13B"), (1.234567e9, "1.235B")],
)
def test_an_amount_is_short_enough_for_an_axis(value: float, said: str) -> None:
    assert phrases.amount(value) == said


@pytest.mark.parametrize(
    ("kind", "statistic", "expected", "says"),
    [
        (Kind.ONE_SIDED, 0.9, 0.5, "Chose the first output in 90 % of 40 decisive votes (q = 0.020)."),
        (Kind.ONE_SIDED, 0.1, 0.5, "Chose the second output in 90 % of 40 decisive votes (q = 0.020)."),
        (Kind.TOO_FAST, 1.0, 0.5, "Faster than both outputs can be read in 100 % of 40 votes (q = 0.020)."),
        (Kind.RANDOM, -0.1, 0.3, "Agrees with others −0.10 beyond chance, where the median rater has 0.30"),
        (Kind.COPIED, 0.95, 0.5, "Voted like R2 on 95 % of 40 shared prompts (q = 0.020)."),
    ],
)
def test_each_flag_says_what_it_rests_on(kind: Kind, statistic: float, expected: float, says: str) -> None:
    flag = Flag(kind, statistic, expected, n=40, p_value=0.001, q_value=0.02, other=2)
    assert untied(phrases.evidence(flag, {2: "R2"})).startswith(says)


def test_a_tiny_q_is_not_nought_and_an_unknown_other_is_somebody() -> None:
    flag = Flag(Kind.COPIED, 1.0, 0.5, n=40, p_value=0.0, q_value=1e-9)
    assert untied(phrases.evidence(flag, {})) == "Voted like somebody on 100 % of 40 shared prompts (q < 0.001)."


@pytest.mark.parametrize(
    ("kind", "limit", "found", "says"),
    [
        ("failed_checks", 0.3, 0.5, "failed 50 % of 12 gold and attention checks; limit 30 %"),
        ("inconsistent", 0.3, 0.5, "answered 50 % of 12 repeats otherwise than before; limit 30 %"),
        ("one_sided", 0.85, 1.0, "took one place in 100 % of 12 decisive votes; limit 85 %"),
        ("unconfirmed", 0.5, 1.0, "had no submission that the vendor confirmed for 100 % of 12 ratings; limit 50 %"),
        ("too_fast", 600.0, 1234.0, "read 1,234 words a minute in the median of 12 votes; limit 600"),
    ],
)
def test_each_exclusion_says_its_rule(kind: str, limit: float, found: float, says: str) -> None:
    assert untied(phrases.exclusion(ExcludedRater("R1", kind, limit, found, observations=12, votes=12))) == says


@pytest.mark.parametrize(
    ("method", "prompts", "label", "says"),
    [
        ("prompts × raters", 60, "", "They hold for new prompts and new raters."),
        ("prompts × raters, few raters", 60, "few raters", "with 12 raters their width is known roughly"),
        ("fixed panel", 60, "fixed panel", "these 12 raters only"),
        ("Wilson on prompts", 60, "", "All votes are alike"),
        ("Wilson on prompts", 1, "", "They hold for nothing beyond this one prompt."),
    ],
)
def test_an_interval_says_for_whom_it_holds(method: str, prompts: int, label: str, says: str) -> None:
    interval = Interval(0.5, 0.4, 0.6, 0.95, method, prompts, 12)
    assert phrases.label(interval) == label
    assert says in phrases.holds_for(interval)
    assert phrases.panel(interval) == ("These 12 raters prefer" if label == "fixed panel" else "Raters prefer")


@pytest.mark.parametrize(("raters", "panel"), [(1, "This one rater prefers"), (4, "These 4 raters prefer")])
def test_a_few_raters_who_all_agree_do_not_speak_for_others(raters: int, panel: str) -> None:
    unanimous = Interval(1.0, 0.9, 1.0, 0.95, "Wilson on prompts", 60, raters)
    assert phrases.panel(unanimous) == panel
    assert phrases.label(unanimous) == "fixed panel"
    assert "fewer than five raters can’t stand for others" in phrases.holds_for(unanimous)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (150, "2 min"),
        (3599, "1 h"),
        (7500, "2 h 5 min"),
        (200_000, "2 days"),
    ],
)
def test_a_time_is_told_in_the_units_that_matter(seconds: float, said: str) -> None:
    assert phrases.lasting(seconds).replace(phrases.TIED, " ") == said


@pytest.mark.parametrize(
    ("a_minute", "said"),
    [(1200, "20 a second"), (150, "2.5 a second"), (34.2, "34 a minute"), (2.5, "2.5 a minute"), (0.5, "30 an hour")],
)
def test_a_rate_is_told_in_the_unit_in_which_it_is_more_than_two(a_minute: float, said: str) -> None:
    assert phrases.rate(a_minute) == said


@pytest.mark.parametrize(
    ("millionths", "said"),
    [(0, "$0.00"), (1, "<$0.0001"), (3_400, "$0.0034"), (2_500_000, "$2.50"), (1_234_567_890, "$1,234.57")],
)
def test_an_amount_has_as_many_digits_as_tell_it_from_nothing(millionths: int, said: str) -> None:
    assert phrases.dollars(millionths) == said
