"""The style of an output's text in a few counts, and the differences between two outputs' styles.

Knows Markdown as raters see it, by its marks alone; what the text says is not its business.
"""

import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from backend.domain.statistics.votes import Floats, Integers

# Every pattern starts with one plain character, which is found fast; the text gets a line break in front for it.
FENCED = re.compile(r"\n[ ]{0,3}(```|~~~)[^\n]*(?:\n(?![ ]{0,3}\1)[^\n]*)*(?:\n[ ]{0,3}\1[^\n]*)?")
LIST_LINE = re.compile(r"\n[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+(?=\S)")
HEADER = re.compile(r"\n {0,3}#{1,6}[ \t]+(?=\S)")
STARS = re.compile(r"\*\*(?=\S)[^*\n]+\*\*")
UNDERSCORES = re.compile(r"__(?=\S)[^_\n]+__")
LINE = re.compile(r"\n[^\S\n]*(?=\S)")

DIFFERENCES = ("length", "lists", "bold", "headers")


@dataclass(frozen=True, slots=True)
class Features:
    """Counts of one text. words: parted by white space. lines: those that aren't blank. Marks inside code don't count.

    list_lines: lines that open a list item, at any depth. bold: bold spans. code_blocks: fenced ones.
    """

    words: int
    characters: int
    lines: int
    list_lines: int
    bold: int
    headers: int
    code_blocks: int


def features(text: str) -> Features:
    """The counts of one text, in time linear in its length."""
    body, code_blocks = "\n" + text, 0
    if "```" in body or "~~~" in body:
        body, code_blocks = FENCED.subn("", body)
    return Features(
        words=len(text.split()),
        characters=len(text),
        lines=len(LINE.findall(body)),
        list_lines=len(LIST_LINE.findall(body)),
        bold=len(STARS.findall(body)) + len(UNDERSCORES.findall(body)),
        headers=len(HEADER.findall(body)) if "#" in body else 0,
        code_blocks=code_blocks,
    )


def table(rows: Sequence[Features]) -> Integers:
    """Features as an array of shape (m, 7), columns in the order of the fields."""
    return np.array([astuple(row) for row in rows], dtype=np.int64).reshape(-1, len(Features.__dataclass_fields__))


@dataclass(frozen=True)
class Differences:
    """Style differences of m comparisons, candidate less baseline.

    values: shape (m, 4), columns as in DIFFERENCES, each divided by its scale, never centred: centring would erase
    the very effect that is looked for. scale: shape (4,), the root mean square of the raw differences, 0 where two
    outputs never differed. Raw differences are values * scale.
    """

    values: Floats
    scale: Floats

    @property
    def raw(self) -> Floats:
        """The differences before scaling: logarithms of ratios, and for lists a difference of shares; shape (m, 4)."""
        return self.values * self.scale


def differences(candidate: Integers, baseline: Integers) -> Differences:
    """Style differences of m comparisons from tables of shape (m, 7): antisymmetric, zero for two equal styles.

    length: log((1 + words) / (1 + words)). lists: difference of the shares of lines that open a list item.
    bold, headers: log((1 + count) / (1 + count)), for the tenth bold span is noticed less than the first.
    Raises ValueError when the tables' shapes differ.
    """
    if candidate.shape != baseline.shape:
        raise ValueError("differences need as many candidate outputs as baseline outputs")
    raw = levels(candidate) - levels(baseline)
    scale = np.sqrt((raw**2).mean(axis=0)) if len(raw) else np.zeros(len(DIFFERENCES))
    return Differences(np.divide(raw, scale, out=np.zeros_like(raw), where=scale > 0), scale)


def levels(counts: Integers) -> Floats:
    """What is subtracted: shape (m, 4) from (m, 7)."""
    words, _, lines, list_lines, bold, headers, _ = counts.T
    return np.stack(
        [np.log1p(words), list_lines / np.maximum(lines, 1), np.log1p(bold), np.log1p(headers)], axis=1
    ).astype(np.float64)
