"""Signs that an output talks to the judge instead of to its reader. Knows no template and no verdict.

A sign is no proof of intent: an answer about prompt injection has them too.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

JUDGES = r"(?:judge|evaluator|grader|reviewer|assessor|rater|annotator)s?"
PARTY = r"(?:assistant|answer|response|output|model)"
BEST = r"(?:is|was) (?:clearly |much |far |significantly |slightly )?(?:the )?(?:better|best|superior|winner)\b"
CHOOSE = r"(?:choose|select|prefer|pick|vote for)"
AROUND = 30
LONGEST_EVIDENCE = 160


class Sign(StrEnum):
    """How an output may speak to a judge.

    override: it asks to ignore what came before. verdict: it holds a verdict tag. scores: its first or last line is a
    pair of scores. judge: it speaks to the judge, or as one. demand: it says which answer to choose. marker: it holds
    the marks that prompts for judges and chats are built of.
    """

    OVERRIDE = "override"
    VERDICT = "verdict"
    SCORES = "scores"
    JUDGE = "judge"
    DEMAND = "demand"
    MARKER = "marker"


PATTERNS = {
    Sign.OVERRIDE: re.compile(
        r"\b(?:ignore|disregard|forget|override)\b(?:\s+\w+){0,3}?"
        r"\s+(?:above|previous|prior|preceding|earlier|instructions?)\b",
        re.I,
    ),
    Sign.VERDICT: re.compile(
        r"\[\[\s*(?:[AB](?:\s*[<>=]{1,2}\s*[AB])?|C|[12]|tie|both bad|rating|\d{1,2})\s*\]\]", re.I
    ),
    Sign.SCORES: re.compile(
        r"\A\s*\d{1,2}(?:\.\d)?[ ,]+\d{1,2}(?:\.\d)?[ \t]*(?=\n)|\n\d{1,2}(?:\.\d)?[ ,]+\d{1,2}(?:\.\d)?\s*\Z"
    ),
    Sign.JUDGE: re.compile(
        r"\b(?:dear|attention|note (?:to|for)(?: the| any| our)?|(?:as|you are)(?: now)? (?:the|an?|your)"
        rf"(?: impartial| fair| expert)?)\s+(?:LLM |AI )?{JUDGES}\b|\bto the {JUDGES}\s*:",
        re.I,
    ),
    Sign.DEMAND: re.compile(
        rf"\b(?:{CHOOSE}|rate|score|give)\s+(?:this {PARTY}|{PARTY} [AB12m]\b)|\b{PARTY} [AB12m] {BEST}"
        rf"|\bthis (?:one|{PARTY}) is (?:clearly )?the (?:better|best)\b|\bmy final verdict\b|\bfinal verdict(?: is)?:"
        r"|\b(?:output|say|answer|reply|print|respond|write)\b(?: (?:with|only|just))*\s*[\"'`“‘]?\[\[",
        re.I,
    ),
    Sign.MARKER: re.compile(
        r"\[The (?:Start|End) of Assistant [AB12]'s Answer\]|<\|The (?:Start|End) of Assistant [AB]'s|\[System\]"
        r"|<\|im_(?:start|end)\|>|\[/?INST\]|## Best Model Identifier|\"model_identifier\""
        r"|-----\s*\w*\s*Output [12] (?:begins|ends)",
        re.I,
    ),
}


@dataclass(frozen=True, slots=True)
class Found:
    """A sign, with the words around it."""

    sign: Sign
    evidence: str


def signs(text: str) -> tuple[Found, ...]:
    """Every kind of sign that a text shows, once each, where it first stands."""
    found = ((sign, pattern.search(text)) for sign, pattern in PATTERNS.items())
    return tuple(Found(sign, evidence(text, match)) for sign, match in found if match is not None)


def evidence(text: str, match: re.Match[str]) -> str:
    """The match and a few characters around it, on one line."""
    return shortened(text[max(match.start() - AROUND, 0) : match.end() + AROUND])


def shortened(text: str) -> str:
    """A text on one line, no longer than evidence may be."""
    return " ".join(text.split())[:LONGEST_EVIDENCE]
