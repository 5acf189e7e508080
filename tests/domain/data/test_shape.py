"""Steps about a dialogue's shape, on small examples made by hand; splitting loses nothing, whatever the dialogue."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.data.dialogues import Dialogue
from backend.domain.data.outcomes import Outcome
from backend.domain.data.shape import Bounds, alternating, measured, rounds, split, unblank
from backend.domain.records import Turn
from tests.domain.data.talk import said, shown, spoken

Step = Callable[[Dialogue], Outcome]
U, A, S = ("u", "Why?"), ("a", "Because."), ("s", "Be brief.")
UA = "u:Why? a:Because."


def told(outcome: Outcome) -> tuple[list[str], list[str]]:
    return [shown(dialogue) for dialogue in outcome.dialogues], [note.why for note in outcome.notes]


@pytest.mark.parametrize(
    ("turns", "left", "why"),
    [
        ((U, A), [UA], []),
        ((S, U, A, U, A), [f"s:Be brief. {UA} {UA}"], []),
        ((A, U, A), [UA], ["began with an answer, which was cut"]),
        (
            (S, A, U, A, U),
            [f"s:Be brief. {UA}"],
            ["began with an answer, which was cut", "ended with a query, which was cut"],
        ),
        ((U, A, U, U), [UA], ["ended with a query, which was cut"]),
        ((), [], ["no query with an answer"]),
        ((S,), [], ["no query with an answer"]),
        ((A,), [], ["no query with an answer"]),
        ((A, U), [], ["no query with an answer"]),
        ((U, U, A), [], ["the user speaks twice in a row"]),
        ((U, A, A), [], ["the assistant speaks twice in a row"]),
        ((U, S, A), [], ["the system speaks in the middle"]),
        ((A, S, U, A), [], ["the system speaks in the middle"]),
    ],
)
def test_turns_alternate_after_the_ends_are_cut(
    turns: tuple[tuple[str, str], ...], left: list[str], why: list[str]
) -> None:
    assert told(alternating(spoken(*turns))) == (left, why)


@pytest.mark.parametrize(
    ("texts", "left", "why"),
    [
        (("Why?", "Because."), [UA], []),
        (("Why?", "Because.", "And?", " \n"), [UA], ["cut before a blank turn"]),
        (("Why?", "Because.", "", "So."), [UA], ["cut before a blank turn"]),
        (("Why?", "\x1b[0m"), [], ["a blank turn before the first answer ends"]),
        (("", "Because."), [], ["a blank turn before the first answer ends"]),
    ],
)
def test_a_dialogue_is_cut_before_its_first_blank_turn(texts: tuple[str, ...], left: list[str], why: list[str]) -> None:
    assert told(unblank(said(*texts))) == (left, why)


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        (Bounds(), []),
        (Bounds(least=12, most=12, longest_turn=8), []),
        (Bounds(least=1_300), ["shorter than 1,300 characters"]),
        (Bounds(most=11), ["longer than 11 characters"]),
        (Bounds(longest_turn=7), ["a turn longer than 7 characters"]),
    ],
)
def test_length_is_bounded_both_ways(bounds: Bounds, why: list[str]) -> None:
    assert told(measured(said("Why?", "Because."), bounds)) == ([] if why else [UA], why)


def test_a_dialogue_without_turns_is_longer_than_nothing() -> None:
    assert told(measured(Dialogue("d", "s", ()), Bounds(least=1)))[1] == ["shorter than 1 characters"]


def length(turn: Turn) -> int:
    return len(turn.text)


def parts(dialogue: Dialogue, longest: int) -> list[list[str]]:
    return [[turn.text for turn in part.turns] for part in split(dialogue, longest=longest, cost=length).dialogues]


def test_neighbours_stay_together_as_long_as_they_fit() -> None:
    assert parts(said("aa", "bb", "c", "d", "eeee", "f"), 6) == [["aa", "bb", "c", "d"], ["eeee", "f"]]
    assert parts(said("aa", "bb"), 6) == [["aa", "bb"]]


def test_the_last_pair_and_a_first_pair_that_overflow_are_not_lost() -> None:
    """FastChat's splitter loses the one and makes an empty dialogue before the other."""
    assert parts(said("aaaa", "bbbb", "c", "d"), 6) == [["aaaa", "bbbb"], ["c", "d"]]
    assert parts(said("a", "b", "cccc", "dddd"), 6) == [["a", "b"], ["cccc", "dddd"]]


def test_what_the_system_says_opens_every_part_and_takes_its_room() -> None:
    dialogue = spoken(("s", "sss"), ("u", "a"), ("a", "b"), ("u", "c"), ("a", "d"))
    assert parts(dialogue, 6) == [["sss", "a", "b"], ["sss", "c", "d"]]


def test_parts_are_numbered_and_what_does_not_fit_is_noted() -> None:
    outcome = split(said("aaaa", "bbbb", "c", "d", key="x"), longest=6, cost=length)
    assert [part.id for part in outcome.dialogues] == ["x#1", "x#2"]
    assert [(note.why, note.what) for note in outcome.notes] == [
        ("split", "into 2"),
        ("a query with its answer is longer than a block", "aaaa"),
    ]
    whole = split(said("aaaa", "bbbb", key="x"), longest=6, cost=length)
    assert ([part.id for part in whole.dialogues], len(whole.notes)) == (["x"], 1)


TURNS = st.lists(
    st.builds(Turn, st.sampled_from(["user", "assistant", "assistant"]), st.text("ab", max_size=9)), max_size=12
)


@given(TURNS, st.lists(st.just(Turn("system", "sys")), max_size=2), st.integers(1, 30))
def test_every_turn_of_every_dialogue_comes_out_exactly_once(
    turns: list[Turn], system: list[Turn], longest: int
) -> None:
    dialogue = Dialogue("d", "s", (*system, *turns))
    found = split(dialogue, longest=longest, cost=length).dialogues
    assert [turn for part in found for turn in part.turns[len(system) :]] == turns
    assert all(list(part.turns[: len(system)]) == system for part in found)
    for part in found[1:]:
        assert part.turns[len(system)].role == "user"
    for part in found:
        assert part.characters <= longest or len(list(rounds(part.turns[len(system) :]))) <= 1
