"""The plan of a launch: balance of sides, interleaving, and extension."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.seating import PlannedComparison, plan

launches = st.dictionaries(
    st.integers(1, 6), st.lists(st.integers(100, 140), unique=True, min_size=1, max_size=41), min_size=1, max_size=5
)


def imbalance(planned: list[PlannedComparison]) -> Counter[int]:
    total: Counter[int] = Counter()
    for one in planned:
        total[one.candidate] += sum(1 if flipped else -1 for flipped in one.flips)
    return total


@given(launches, st.integers(1, 6), st.integers())
def test_sides_differ_by_at_most_one_for_each_comparison_candidate_and_batch(
    prompts: dict[int, list[int]], seats: int, seed: int
) -> None:
    planned = plan(prompts, seats=seats, seed=seed)
    by_candidate = imbalance(planned)
    assert all(abs(2 * sum(one.flips) - seats) <= 1 for one in planned)
    assert all(abs(total) <= 1 for total in by_candidate.values())
    assert abs(sum(by_candidate.values())) <= 1


@given(launches, st.integers(1, 5), st.integers())
def test_every_prompt_of_every_candidate_is_launched_once(prompts: dict[int, list[int]], seats: int, seed: int) -> None:
    planned = plan(prompts, seats=seats, seed=seed)
    assert Counter((one.candidate, one.prompt) for one in planned) == Counter(
        (candidate, prompt) for candidate, of in prompts.items() for prompt in of
    )
    assert [one.position for one in planned] == list(range(len(planned)))


@given(launches, st.sampled_from([1, 3, 5]), st.integers())
def test_an_extension_keeps_each_candidate_within_one(prompts: dict[int, list[int]], seats: int, seed: int) -> None:
    first = plan(prompts, seats=seats, seed=seed)
    before = imbalance(first)
    more = {candidate: [prompt + 1000 for prompt in of] for candidate, of in prompts.items()}
    second = plan(more, seats=seats, seed=seed + 1, first_position=len(first), imbalance=before)
    assert all(abs(total) <= 1 for total in imbalance(first + second).values())
    assert abs(sum(imbalance(first + second).values())) <= 1
    assert second[0].position == len(first)


@given(launches, st.sampled_from([1, 3]), st.sampled_from([2, 4]), st.integers())
def test_extra_seats_are_half_and_half_and_leave_the_first_as_they_are(
    prompts: dict[int, list[int]], seats: int, extra: int, seed: int
) -> None:
    plain, more = plan(prompts, seats=seats, seed=seed), plan(prompts, seats=seats, extra=extra, seed=seed)
    assert [(one.prompt, one.candidate, one.flips) for one in plain] == [
        (one.prompt, one.candidate, one.flips[:seats]) for one in more
    ]
    assert all(len(one.flips) == seats + extra for one in more)
    assert all(2 * sum(one.flips[seats:]) == extra for one in more)


def test_neither_side_always_comes_first_among_extra_seats() -> None:
    planned = plan({1: list(range(40))}, seats=3, extra=2, seed=7)
    assert {one.flips[3] for one in planned} == {True, False}


def test_three_seats_alternate_two_and_one_within_a_candidate() -> None:
    planned = plan({1: list(range(10))}, seats=3, seed=7)
    flipped = [sum(one.flips) for one in planned]
    assert all({a, b} == {1, 2} for a, b in zip(flipped[::2], flipped[1::2], strict=True))


def test_neighbours_in_launch_order_do_not_share_a_prompt() -> None:
    planned = plan({1: list(range(30)), 2: list(range(30))}, seats=3, seed=7)
    assert all(a.prompt != b.prompt for a, b in pairwise(planned))
    assert [one.candidate for one in planned[:4]] in ([1, 2, 1, 2], [2, 1, 2, 1])


def test_the_same_seed_plans_the_same_launch_and_another_seed_another() -> None:
    prompts = {1: list(range(20)), 2: list(range(20))}
    assert plan(prompts, seats=3, seed=1) == plan(prompts, seats=3, seed=1)
    assert plan(prompts, seats=3, seed=1) != plan(prompts, seats=3, seed=2)


@pytest.mark.parametrize(
    ("prompts", "seats", "extra", "message"),
    [
        ({1: [1]}, 0, 0, "at least one seat"),
        ({1: [1, 1]}, 3, 0, "at most once"),
        ({1: [1]}, 3, 1, "in pairs"),
        ({1: [1]}, 3, -2, "in pairs"),
    ],
)
def test_an_impossible_plan_is_refused(prompts: dict[int, list[int]], seats: int, extra: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plan(prompts, seats=seats, extra=extra, seed=0)
