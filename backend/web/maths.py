r"""Finds LaTeX in a text and makes MathML of it, on the server: the page's policy allows no script that could.

$$…$$ and \[…\] are displayed, \(…\) stands in the line. A single $…$ is maths only when the opening dollar is followed
by no space, the closing one follows no space and stands before no digit (pandoc's rule): “$5 and $10” stays money.
Code is left alone. What latex2mathml can't read stays as its source.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import nh3
from latex2mathml.converter import convert

LONGEST = 2_000
DEEPEST = 30
MOST = 300
TEXT = re.compile(r"\\(?:text\w*|mbox|hbox)\s*\{[^{}]*\}")
POSSIBLE = re.compile(r"\$|\\[\[(]")
OPENERS = re.compile(r"`+|\$\$?|\\[\[(\\]")
CLOSERS = {"$$": "$$", "$": "$", r"\[": r"\]", r"\(": r"\)"}
TAGS = {
    "math",
    "mrow",
    "mi",
    "mn",
    "mo",
    "ms",
    "mtext",
    "mspace",
    "mfrac",
    "msqrt",
    "mroot",
    "msub",
    "msup",
    "msubsup",
    "munder",
    "mover",
    "munderover",
    "mmultiscripts",
    "mprescripts",
    "mtable",
    "mtr",
    "mtd",
    "menclose",
    "mpadded",
    "mphantom",
    "mstyle",
    "merror",
}
ATTRIBUTES = {
    "math": {"display", "xmlns"},
    "mo": {"stretchy", "fence", "form", "separator", "accent", "lspace", "rspace", "minsize", "maxsize"},
    "mi": {"mathvariant"},
    "mfrac": {"linethickness"},
    "mspace": {"width", "linebreak"},
    "mtable": {"columnalign", "rowspacing", "columnspacing"},
    "mtd": {"columnalign"},
    "mover": {"accent"},
    "munder": {"accentunder"},
}


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula as MathML, and as it was written (escaped), for where it turns out to stand in code."""

    mathml: str
    source: str


def cut_out(text: str, mark: str) -> tuple[str, list[Formula]]:
    """(the text with each formula replaced by its number between two marks, the formulas)."""
    if not POSSIBLE.search(text):
        return text, []
    kept: list[str] = []
    formulas: list[Formula] = []
    done = 0
    for start, end, latex, display in found(text):
        kept += [text[done:start], f"{mark}{len(formulas)}{mark}"]
        formulas.append(Formula(mathml(latex, display), escape(text[start:end])))
        done = end
        if len(formulas) == MOST:
            break
    return "".join([*kept, text[done:]]), formulas


def found(text: str) -> Iterator[tuple[int, int, str, bool]]:
    """(start, end, latex, whether it is displayed) of each formula outside code, in linear time."""
    at = 0
    while match := OPENERS.search(text, at):
        opener, at = match[0], match.end()
        if opener[0] == "`":
            at = after_code(text, match)
        elif closer := CLOSERS.get(opener):
            end = text.find(closer, at, at + LONGEST)
            if end > at and is_maths(text, opener, at, end):
                yield match.start(), end + len(closer), text[at:end], opener in ("$$", r"\[")
                at = end + len(closer)


def after_code(text: str, fence: re.Match[str]) -> int:
    """Where to go on after a run of backticks: behind its code, or at the end of the text for a fence left open."""
    closing = text.find(fence[0], fence.end())
    if closing >= 0:
        return closing + len(fence[0])
    return len(text) if len(fence[0]) >= 3 else fence.end()


def is_maths(text: str, opener: str, start: int, end: int) -> bool:
    inside = text[start:end]
    if opener != "$":
        return "`" not in inside
    if inside[0].isspace() or inside[-1].isspace() or text[end + 1 : end + 2].isdigit():
        return False
    return "\n" not in inside and "`" not in inside


@lru_cache(maxsize=2_000)
def mathml(latex: str, display: bool) -> str:
    """Sanitised MathML, or the source in <code> where it can't be read."""
    if deepest_brace(latex) <= DEEPEST:
        try:
            readable = TEXT.sub(lambda words: escape(words[0], quote=False), latex)
            made = convert(readable, display="block" if display else "inline")
        except Exception:
            made = ""
        if clean := nh3.clean(made, tags=TAGS, attributes=ATTRIBUTES, link_rel=None):
            return clean
    return f"<code>{escape(latex.strip())}</code>"


def deepest_brace(latex: str) -> int:
    """How deep braces are nested: the converter recurses."""
    depth = deepest = 0
    for character in latex:
        depth += (character == "{") - (character == "}")
        deepest = max(deepest, depth)
    return deepest
