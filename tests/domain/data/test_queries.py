"""Which of several dialogues with the same queries stays, whatever their order."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.data.dialogues import Dialogue, to_line
from backend.domain.data.queries import Mode, Seen, normal
from tests.domain.data.talk import said, spoken


def kept(dialogues: list[Dialogue], mode: Mode) -> list[Dialogue]:
    seen = Seen(mode)
    for dialogue in dialogues:
        seen.see(dialogue)
    return [dialogue for dialogue, stays in zip(dialogues, seen.winners(), strict=True) if stays]


def keys(dialogues: list[Dialogue], mode: Mode) -> list[str]:
    return [dialogue.id for dialogue in kept(dialogues, mode)]


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ("  Why,\n\tis it?! ", "why, is it"),
        ("“Why?”", "why"),
        ("\uff37\uff48\uff59\uff1f", "why"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("What is C#?", "what is c#"),
        ("What is C++?", "what is c++"),
        ("???", "???"),
        ("¿Qué?", "qué"),
        ("", ""),
    ],
)
def test_a_query_is_compared_without_case_width_space_and_outer_punctuation(query: str, same: str) -> None:
    assert normal(query) == same


def test_of_the_same_first_query_the_longest_dialogue_stays() -> None:
    dialogues = [said("Why?", "a", key="1"), said("why", "b", "And?", "c", key="2"), said("Who?", "d", key="3")]
    assert keys(dialogues, Mode.FIRST_QUERY) == ["2", "3"]
    assert keys(dialogues[::-1], Mode.FIRST_QUERY) == ["3", "2"]


def test_all_queries_have_to_be_the_same_or_one_is_enough() -> None:
    dialogues = [
        said("Why?", "a", "And?", "b", key="1"),
        said("why", "c", "And", "d", key="2"),
        said("Why?", "e", key="3"),
        said("Who?", "f", "And?", "g", "So?", "h", key="4"),
        said("So", "i", key="5"),
        said("Where?", "j", key="6"),
    ]
    assert len(keys(dialogues, Mode.ALL_QUERIES)) == 5
    assert {"3", "4", "5", "6"} <= set(keys(dialogues, Mode.ALL_QUERIES))
    assert keys(dialogues, Mode.ANY_QUERY) == ["3", "4", "6"]


def test_a_first_pair_is_compared_letter_by_letter_and_an_id_alone() -> None:
    dialogues = [said("Why?", "a", key="1"), said("why?", "a", key="2"), said("Why?", "a", "So?", "b", key="3")]
    assert keys(dialogues, Mode.FIRST_PAIR) == ["2", "3"]
    assert keys([said("Why?", "a", key="1"), said("Who?", "b", "c", "d", key="1")], Mode.ID) == ["1"]
    assert kept([spoken(("u", "Why?")), spoken(("u", "Why?"))], Mode.FIRST_PAIR) == [spoken(("u", "Why?"))]


@pytest.mark.parametrize("mode", list(Mode))
def test_a_dialogue_that_asks_nothing_or_is_not_concerned_always_stays(mode: Mode) -> None:
    silent = [spoken(("a", "Hello."), key="1"), spoken(("a", "Hello."), key="2")]
    assert keys(silent, mode) == ["1", "2"]
    seen = Seen(mode)
    for _ in range(3):
        seen.see(said("Why?", "a"), concerned=False)
    assert list(seen.winners()) == [1, 1, 1]


QUERIES = st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=3)
DIALOGUES = st.lists(st.tuples(QUERIES, st.sampled_from(["x", "y"]), st.sampled_from(["1", "2", "3"])), max_size=8)


@given(DIALOGUES, st.sampled_from(list(Mode)), st.randoms(use_true_random=False))
def test_another_order_leaves_the_same_dialogues(
    made: list[tuple[list[str], str, str]], mode: Mode, random: Random
) -> None:
    dialogues = [said(*(text for one in asked for text in (one, answer)), key=key) for asked, answer, key in made]
    shuffled = dialogues[:]
    random.shuffle(shuffled)
    assert sorted(map(to_line, kept(dialogues, mode))) == sorted(map(to_line, kept(shuffled, mode)))


@given(DIALOGUES)
def test_no_query_is_left_twice_and_every_dialogue_that_went_shares_one(
    made: list[tuple[list[str], str, str]],
) -> None:
    dialogues = [said(*(text for one in asked for text in (one, answer)), key=key) for asked, answer, key in made]
    stay = kept(dialogues, Mode.ANY_QUERY)
    asked = [{turn.text for turn in dialogue.turns if turn.role == "user"} for dialogue in stay]
    assert sum(map(len, asked)) == len(set().union(*asked))
    for dialogue in dialogues:
        assert any(turn.text in one for one in asked for turn in dialogue.turns if turn.role == "user")
