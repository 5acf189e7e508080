"""Queries for tests of BLEU: few words, so that they have much in common, with templates, copies and odd ones."""

import random

SOME = """the a of to write poem about sea city in python how do i reverse list string summarise article explain like
child what is best way learn piano 3.5 1,000 e.g. don't well-known 10-20 (maybe) C++ https://a.b/c?d=e&f naïve 日本語 😀
&quot;quoted&quot; <skipped> \u3000 AND"""
WORDS = SOME.split()
ODD = (
    "",
    " ",
    "\n\n",
    "hi",
    "Hi!",
    "hi",
    "hi there",
    "a b a",
    "b a b",
    "\ud800",
    "😀",
    "ß",
    "a-\nb",
    "1-2",
    "...",
    "a " * 30,
)


def made(count: int, *, seed: int) -> list[str]:
    """Queries, the odd ones among them."""
    chosen = random.Random(seed)
    templates = [words(chosen, 8) for _ in range(6)]
    texts = list(ODD)
    while len(texts) < count:
        text = words(chosen, chosen.randint(1, 14))
        if chosen.random() < 0.5:
            text = f"{chosen.choice(templates)}: {text}"
        texts.append(text if chosen.random() < 0.9 else chosen.choice(texts))
    chosen.shuffle(texts)
    return texts


def words(chosen: random.Random, count: int) -> str:
    text = " ".join(chosen.choice(WORDS) for _ in range(count))
    return text.capitalize() + chosen.choice(["", ".", "?", " …"])
