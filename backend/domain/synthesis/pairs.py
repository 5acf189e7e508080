"""Questions with answers in a reply that lists them, however untidily. Knows no seed and no engine.

A question begins at a line that says `Q:`, an answer at one that says `A:` or behind its question on the same line.
Numbers, bullets and bold around these marks are passed over. Nothing is guessed: what lacks a mark is no pair.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

BULLETS = r"[\s>*_#`•–-]*(?:\(?\d{1,4}[.):]\s*)?[\s*_`]*"
QUESTION = r"(?:Q|Question)\s*\d*"
ANSWER = r"(?:A|Answer)\s*\d*"
MARK = re.compile(rf"^{BULLETS}(?P<mark>{QUESTION}|{ANSWER})[\s*_`]*[:\uff1a][*_`]*(?P<text>.*)$", re.IGNORECASE)
ANSWER_WITHIN = re.compile(r"[\s*_`(]+(?:A|Answer)\s*\d*[\s*_`]*[:\uff1a][*_`]*\s")  # “vitamin a: …” is no mark


class Lack(StrEnum):
    """Why something that looks like a pair is none."""

    NO_ANSWER = "a question without an answer"
    NO_QUESTION = "an answer without a question"
    CUT_OFF = "cut off where the reply was at its limit"


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and its answer, on one line each."""

    question: str
    answer: str


@dataclass(slots=True)
class Started:
    """A pair under way. answer: None until its mark was seen."""

    question: str
    answer: str | None = None


def pairs_in(reply: str, *, is_cut: bool) -> Iterator[Pair | Lack]:
    """Every pair in the reply's order, and what each thing lacks that is none.

    is_cut: the reply was ended by its limit, so that its last answer may go on.
    """
    under_way: Started | None = None
    for line in reply.splitlines():
        marked = MARK.match(line.strip())
        if marked is None:
            under_way = continued(under_way, line)
            continue
        text = plain(marked["text"])
        if marked["mark"][0] in "Aa":
            if under_way is None or under_way.answer:
                yield Lack.NO_QUESTION
                continue
            under_way.answer = text
            continue
        if under_way is not None:
            yield finished(under_way)
        under_way = begun(marked["text"])
    if under_way is not None:
        yield Lack.CUT_OFF if is_cut and not reply.endswith("\n") else finished(under_way)


def begun(text: str) -> Started:
    """A question, and its answer where that stands on the same line."""
    parts = ANSWER_WITHIN.split(text, maxsplit=1)
    return Started(plain(parts[0]), plain(parts[1]) if len(parts) == 2 else None)


def continued(under_way: Started | None, line: str) -> Started | None:
    """A line without a mark: the answer if its mark stood alone, or more of the question; else chatter."""
    text = plain(line)
    if under_way is None or not text:
        return under_way
    if under_way.answer is None:
        under_way.question = f"{under_way.question} {text}".strip()
    elif not under_way.answer:
        under_way.answer = text
    return under_way


def finished(pair: Started) -> Pair | Lack:
    """The pair, if it is one."""
    if not pair.question:
        return Lack.NO_QUESTION
    return Pair(pair.question, pair.answer) if pair.answer else Lack.NO_ANSWER


def plain(text: str) -> str:
    """Without white space around it and doubled within, and without the marks of bold and code at its ends."""
    return " ".join(text.split()).strip("*_` ")
