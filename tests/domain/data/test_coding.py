"""Signs that a prompt is about code, and prompts that only look like it. Made by hand, none from the labelled data."""

import pytest

from backend.domain.data.coding import coding_sign

SHOWN = [
    "What does this do?\n```\nx = 1\n```",
    ">>> 1 + 1\nWhy 2?",
    "$ ls -la\nWhat does it list?",
    "def f(x):\n    return x",
    "Why does this fail?\nfrom numpy import array",
    "import pandas as pd",
    "#include <stdio.h>",
    "public static void main(String[] args)",
    "What is wrong here?\nlet x = 3",
    "SELECT name FROM people",
]
ASKED = [
    "Write a Python script that renames files.",
    "Can you please implement quicksort in Rust?",
    "Debug my Java program, it stops at once.",
    "Create a regex that matches dates",
    "Write a function that adds two numbers",
    "Give me an SQL query for the ten oldest customers.",
    "Write a program that sorts a list of strings.",
    "Convert this method to use a loop, or recursion; the method is below and takes two strings",
    "Build an app that reads a CSV",
]
PROSE = [
    "Write a speech about the role of women in science.",
    "What is the difference between Java and Rust?",
    "Design a training program for a marathon.",
    "Write a script for a play about a lighthouse keeper.",
    "Develop a loyalty program for a bakery.",
    "Explain what an algorithm is to a child.",
    "Write a letter to a class of ten-year-olds.",
    "What is the function of the liver?",
    "Is Python a snake that lives in Africa?",
    "Suggest a dress code for a summer wedding.",
    "Import duties: who pays them?",
    "$ 500 a month, is that enough to live in Lisbon?",
    "",
]


@pytest.mark.parametrize("prompt", SHOWN + ASKED)
def test_a_prompt_that_shows_code_or_asks_for_it_says_by_which_words(prompt: str) -> None:
    sign = coding_sign(prompt)
    assert sign is not None
    assert sign[1] in prompt


@pytest.mark.parametrize("prompt", PROSE)
def test_a_prompt_that_prose_answers_is_none(prompt: str) -> None:
    assert coding_sign(prompt) is None


@pytest.mark.parametrize(
    "hostile", ["write " * 50_000, "write a " * 50_000, "SELECT " * 50_000, "public static " * 50_000]
)
def test_hostile_prompts_take_no_more_time_than_their_length(hostile: str) -> None:
    assert coding_sign(hostile) is None
