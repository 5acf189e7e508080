"""Untidy lists of questions and answers: what is read in them, and what is left out and why."""

import pytest

from backend.domain.synthesis.pairs import Lack, Pair, pairs_in


def read(reply: str, *, is_cut: bool = False) -> list[Pair | Lack]:
    return list(pairs_in(reply, is_cut=is_cut))


@pytest.mark.parametrize(
    "reply",
    [
        "Q: who wrote dune\nA: Frank Herbert",
        "Sure! Here is one:\n\nQ: who wrote dune\nA: Frank Herbert\n\nI hope that helps.",
        "1. Q: who wrote dune\n   A: Frank Herbert",
        "1) **Q:** who wrote dune\n\n**A:** Frank Herbert",
        "**Q: who wrote dune**\n**A: Frank Herbert**",
        "- Q: who wrote dune A: Frank Herbert",
        "Q1: who wrote dune\nA1: Frank Herbert",
        "Question 1: who wrote dune\nAnswer 1: Frank Herbert",
        "q: who wrote dune\na: Frank Herbert",
        "Q: who  wrote\tdune\nA:\n  Frank Herbert\n",
        "Q: who wrote\ndune\nA: Frank Herbert",
        "> Q: who wrote dune\n> A: `Frank Herbert`",
        "### Q: who wrote dune\r\nA: Frank Herbert\r\n",
        "Q： who wrote dune\nA： Frank Herbert",
    ],
)
def test_a_pair_is_read_in_whatever_list_it_stands(reply: str) -> None:
    assert read(reply) == [Pair("who wrote dune", "Frank Herbert")]


def test_marks_within_words_are_none() -> None:
    assert read("Q: what is vitamin a: good for\nA: eyes") == [Pair("what is vitamin a: good for", "eyes")]
    assert read("Quality: high\nAll: none") == []
    assert read("") == []


def test_pairs_keep_the_replys_order_and_chatter_after_an_answer_is_no_answer() -> None:
    reply = "Q: one\nA: 1\nThat was easy.\nQ: two\nA: 2"
    assert read(reply) == [Pair("one", "1"), Pair("two", "2")]


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("Q: one\nQ: two\nA: 2", [Lack.NO_ANSWER, Pair("two", "2")]),
        ("Q: one", [Lack.NO_ANSWER]),
        ("Q: one\nA:", [Lack.NO_ANSWER]),
        ("A: stray\nQ: one\nA: 1", [Lack.NO_QUESTION, Pair("one", "1")]),
        ("Q: one\nA: 1\nA: another", [Lack.NO_QUESTION, Pair("one", "1")]),
        ("Q:\nA: 1", [Lack.NO_QUESTION]),
    ],
)
def test_what_is_no_pair_is_named(reply: str, found: list[Pair | Lack]) -> None:
    assert read(reply) == found


def test_the_last_pair_of_a_reply_at_its_limit_may_go_on() -> None:
    assert read("Q: one\nA: 1\nQ: two\nA: 2", is_cut=True) == [Pair("one", "1"), Lack.CUT_OFF]
    assert read("Q: one\nA: 1\n", is_cut=True) == [Pair("one", "1")]
