"""What decides beside quality: side, length, own name. By hand, and on LLMBar's published GPT-4 verdicts."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.choices import Choice, Preference
from backend.domain.judging.habits import Order, is_own, order, own_code, preferring, rate
from backend.domain.judging.orders import Orders, Rule, judgement, preferred
from backend.domain.judging.parsing import Reading
from backend.domain.judging.verdicts import UNREAD, Verdicts
from backend.domain.statistics.votes import Floats, Integers
from tests.domain.pairs import votes_of

CODES = {Preference.CANDIDATE: 1, Preference.TIE: 0, Preference.BASELINE: -1, None: UNREAD}
SIDES = {"Output (a)": Choice.FIRST, "Output (b)": Choice.SECOND}


def asked(straight: list[int] | Integers, flipped: list[int] | Integers) -> Verdicts:
    """One comparison a prompt, by what was chosen in each order."""
    one, other = np.array(straight, dtype=np.int64), np.array(flipped, dtype=np.int64)
    ids = np.arange(len(one))
    read = (one != UNREAD) & (other != UNREAD)
    return Verdicts(ids, ids, np.zeros_like(ids), np.where(read, np.where(one == -other, one, 0), UNREAD), one, other)


def judged(preference: list[int], candidate: list[int] | None = None) -> Verdicts:
    said = np.array(preference, dtype=np.int64)
    ids, nothing = np.arange(len(said)), np.full(len(said), UNREAD)
    return Verdicts(ids, ids, np.array(candidate or [0] * len(said)), said, nothing, nothing)


def llmbar(shared: Path) -> tuple[Verdicts, Floats]:
    """GPT-4's verdicts on LLMBar Natural by its raw replies, output 1 as the candidate; +1 where output 1 is right."""
    rows = json.loads((shared / "gold-pairs-llmbar" / "Natural_GPT-4_Vanilla_result.json").read_text("utf-8"))
    codes = []
    for row in rows:
        both = [row["results"][0][f"swap = {swap}"] for swap in (False, True)]
        straight, flipped = (Reading(SIDES[one["completion"][0]]) for one in both)
        for reading, side, stored in zip((straight, flipped), (False, True), both, strict=True):
            assert preferred(reading, flipped=side) == (
                Preference.CANDIDATE if stored["winner"] == "1" else Preference.BASELINE
            )
        found = judgement(straight, flipped, orders=Orders.BOTH, rule=Rule.AGREE_ELSE_TIE)
        signs = [1 if reading.choice == Choice.FIRST else -1 for reading in (straight, flipped)]
        codes.append((CODES[found.preference], *signs))
    preference, one, other = np.array(codes).T
    prompt = np.unique([row["input"] for row in rows], return_inverse=True)[1]
    right = np.array([3.0 - 2.0 * row["label"] for row in rows])
    return Verdicts(np.arange(len(rows)), prompt, np.zeros_like(prompt), preference, one, other), right


def test_gpt_4_on_llmbar_in_both_orders(shared_data: Path) -> None:
    """95 of 100 right with output 1 first, 96 with output 2 first; in both orders 93 right, 5 ties, 2 wrong."""
    verdicts, right = llmbar(shared_data)
    straight, flipped = verdicts.straight * right, -verdicts.flipped * right
    for said, share, low, high in ((straight, 0.95, 0.888, 0.978), (flipped, 0.96, 0.902, 0.984)):
        accuracy = rate((said + 1) / 2, verdicts.prompt)
        assert (accuracy.mean, accuracy.low, accuracy.high) == pytest.approx((share, low, high), abs=5e-4)
        assert accuracy.method == "Wilson on prompts"
    both = verdicts.preference * right
    assert [int((both == code).sum()) for code in (1, 0, -1)] == [93, 5, 2]
    found = order(verdicts, orders=Orders.BOTH)
    bias, consistent = found.first_bias, found.consistent
    assert (consistent.mean, consistent.low, consistent.high) == pytest.approx((0.95, 0.888, 0.978), abs=5e-4)
    assert (bias.mean, bias.low, bias.high) == pytest.approx((0.005, -0.0173, 0.0273), abs=5e-5)
    assert (found.first, found.second, found.unread) == (101, 99, 0)


def test_order_by_hand() -> None:
    """First-first, first-second, tie-tie, first and unread: of three with both, two agree. Means 1, ½, ½: ⅔ - ½."""
    found = order(asked([1, 1, 0, 1], [1, -1, 0, UNREAD]), orders=Orders.BOTH)
    assert found.consistent.mean == pytest.approx(2 / 3)
    assert found.first_bias.mean == pytest.approx(1 / 6)
    assert (found.first, found.tie, found.second, found.unread) == (4, 2, 1, 1)


def test_a_judge_that_always_says_first_is_never_consistent_and_as_biased_as_can_be() -> None:
    found = order(asked([1] * 50, [1] * 50), orders=Orders.BOTH)
    assert (found.consistent.mean, found.first_bias.mean) == (0.0, 0.5)
    assert found.consistent.method == "Wilson on prompts"
    assert found.first_bias.low is not None
    assert found.first_bias.low > 0.4


@pytest.mark.parametrize("orders", [Orders.CANDIDATE_FIRST, Orders.BASELINE_FIRST])
def test_one_order_says_nothing_of_consistency_or_of_standing_first(orders: Orders) -> None:
    """The candidate may stand first and win because it is better: in one order nobody can tell."""
    said, nothing = [1, 1, 1, -1, UNREAD], [UNREAD] * 5
    found = order(asked(*((said, nothing) if orders == Orders.CANDIDATE_FIRST else (nothing, said))), orders=orders)
    assert (found.consistent.mean, found.first_bias.mean, found.first_bias.low) == (None, None, None)
    assert (found.first, found.tie, found.second, found.unread) == (3, 0, 1, 1)


def test_a_comparison_that_was_read_in_one_order_alone_says_nothing_of_standing_first() -> None:
    """A judge that goes by quality, and can be read on the better output's first place alone, has no bias."""
    found = order(asked([1, 1, 1, -1], [-1, UNREAD, UNREAD, 1]), orders=Orders.BOTH)
    assert found.first_bias.mean == 0.0
    assert found.unread == 2


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from([-1, 0, 1, UNREAD])] * 2), min_size=1))
def test_order_does_not_depend_on_the_order_of_rows(rows: list[tuple[int, int]]) -> None:
    verdicts = asked(*np.array(rows).T)
    again = order(verdicts.where(np.random.default_rng(len(rows)).permutation(len(rows))), orders=Orders.BOTH)
    found = order(verdicts, orders=Orders.BOTH)
    assert found.first_bias.low == pytest.approx(again.first_bias.low)
    assert found.consistent.low == pytest.approx(again.consistent.low)
    assert isinstance(found, Order)


def test_a_judge_that_likes_length_more_than_people_do() -> None:
    """Longer: candidate, candidate, baseline, equal. The judge: longer, longer, tie; people: longer, shorter, tie."""
    votes = votes_of([(0, 1, 0, 1, 0), (1, 2, 0, -1, 0), (2, 3, 0, 0, 0), (3, 1, 0, 1, 0)])
    found = preferring(judged([1, 1, 0, 1]), votes, np.array([1, 1, -1, 0]))
    assert found.judge.mean == pytest.approx((1 + 1 + 0.5) / 3)
    assert found.humans.mean == pytest.approx((1 + 0 + 0.5) / 3)
    assert found.excess.mean == pytest.approx(1 / 3)
    assert (found.excess.prompts, found.excess.method) == (3, "prompts, paired")


def test_the_excess_is_paired_by_prompt_where_both_judged() -> None:
    votes = votes_of([(prompt, rater, 0, 1, 0) for prompt in range(3) for rater in range(6)])
    found = preferring(judged([1, 1, UNREAD, -1, -1]), votes, np.ones(5, dtype=np.int64))
    assert (found.judge.mean, found.humans.mean, found.excess.mean) == (0.5, 1.0, 0.0)
    assert (found.judge.prompts, found.excess.prompts) == (4, 2)


def test_without_people_there_is_no_excess() -> None:
    found = preferring(judged([1, -1]), votes_of([]), np.array([1, 1]))
    assert (found.judge.mean, found.humans.mean, found.excess.mean) == (0.5, None, None)
    nothing = preferring(judged([]), votes_of([]), np.zeros(0, dtype=np.int64))
    assert nothing.judge.mean is None


def test_a_judge_that_prefers_itself() -> None:
    """The candidate mine wins with the judge twice, with people once; the other candidate is no matter."""
    verdicts = judged([1, 1, -1], candidate=[0, 0, 1])
    own = own_code(verdicts.candidate, ("gpt-4", "alpaca"), "davinci", "openai/gpt-4-0613")
    assert own.tolist() == [1, 1, 0]
    votes = votes_of([(0, 1, 0, 1, 0), (1, 1, 0, -1, 0), (2, 1, 1, 1, 0)])
    found = preferring(verdicts, votes, own)
    assert (found.judge.mean, found.humans.mean, found.excess.mean) == (1.0, 0.5, 0.5)


def test_the_baseline_may_be_the_judge_s_own_and_both_say_nothing() -> None:
    code = np.array([0, 1])
    assert own_code(code, ("alpaca", "vicuna"), "gpt-4", "gpt-4").tolist() == [-1, -1]
    assert own_code(code, ("gpt-4-turbo", "vicuna"), "gpt-4", "gpt-4").tolist() == [0, -1]
    assert own_code(np.zeros(0, dtype=np.int64), (), "gpt-4", "gpt-4").tolist() == []


@pytest.mark.parametrize(
    ("judge", "system", "expected"),
    [
        ("gpt-4-0613", "GPT-4", True),
        ("meta-llama/Llama-2-7b-chat-hf", "llama-2-7b", True),
        ("vicuna", "vicuna-13b-v1.3", True),
        ("gpt-4", "gpt-3.5", False),
        ("ai", "ai", True),
        ("ai", "fair", False),
        ("", "", False),
    ],
)
def test_own_names_are_equal_or_hold_each_other(judge: str, system: str, expected: bool) -> None:
    assert is_own(judge, system) is expected


def test_a_yes_or_no_a_prompt_has_wilson_s_interval_and_more_have_student_s() -> None:
    assert rate(np.array([1.0, 0.0, 1.0]), np.arange(3)).method == "Wilson on prompts"
    assert rate(np.array([1.0, 0.0, 1.0]), np.array([0, 0, 1])).method == "prompts, one judge"
    assert rate(np.array([1.0, 0.5, 1.0]), np.arange(3)).method == "prompts, one judge"
