"""From a judge's reply to its verdict, one parser a family of templates. Never guesses: what can't be read is unread.

Which output is whose it doesn't know: a verdict is a choice, as a rater's click is.
Sources: the parser of scores is FastChat's eval_gpt_review.py of 2023, to the letter; MT-bench and Arena-Hard take the
first tag or refuse two, we take the last, which is where a judge that reasons first ends; AlpacaEval's logprob_parser.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import exp, isfinite

from backend.domain.asking import Reply
from backend.domain.choices import Choice
from backend.domain.judging.templates import Label, Parser, Template

REFUSAL = re.compile(
    r"\bI(?:['’]m| am) (?:sorry|unable|not able|afraid)\b|\bI (?:can['’]t|cannot|won['’]t|must decline|decline to)\b"
    r"|\bas an AI\b[^.\n]{0,80}\b(?:can['’]t|cannot|unable)\b",
    re.I,
)
REFUSAL_WITHIN = 300
NUMBER = r"(?<![\w.])\d{1,2}(?:\.\d+)?(?![\w.]*\d)"
# A pair of scores where the parser does not look: “(9, 8)”, “9 8” on a later line, “9/10 … 8/10”, “Assistant 1: 9 …”.
ELSEWHERE = re.compile(
    rf"\(\s*{NUMBER}\s*,\s*{NUMBER}\s*\)|^[ \t]*{NUMBER}[ \t,/]+{NUMBER}[ \t]*$"
    rf"|{NUMBER}\s*/\s*10\b.{{0,500}}?{NUMBER}\s*/\s*10\b"
    rf"|Assistant 1\b[^\n]{{0,40}}?{NUMBER}.{{0,500}}?Assistant 2\b[^\n]{{0,40}}?{NUMBER}",
    re.M | re.S | re.I,
)
QUOTES = "\"'`“”‘’«»"
WORD = re.compile(r"\w+")
WORDS_OF_CONTEXT = 2
NEARBY = 60
NOTHING_AFTER = re.compile(r"[\s*_.!\"'`”’)]*")
UNFINISHED = ("length", "content_filter")
WIN = {Choice.FIRST: 1.0, Choice.SECOND: 0.0, Choice.TIE: 0.5, Choice.BOTH_BAD: 0.5}


class Unread(StrEnum):
    """Why a reply has no verdict.

    cut off: it ended at its length before a verdict. elsewhere: there are scores, but not on the first line. quoted:
    the only tags are quotations from what was judged. conflicting: it has different tags, and an output asked for the
    last one. format: none of these.
    """

    EMPTY = "empty"
    REFUSED = "refused"
    CUT_OFF = "cut off"
    ELSEWHERE = "elsewhere"
    QUOTED = "quoted"
    CONFLICTING = "conflicting"
    FORMAT = "format"


@dataclass(frozen=True, slots=True)
class Reading:
    """A judge's verdict in one order, or why there is none.

    scores: of the first and the second output. strength: as the label's. probability: the judge's chance of preferring
    the first, ties at one half, where its likeliest tokens were told.
    """

    choice: Choice | None
    why: Unread | None = None
    scores: tuple[float, float] | None = None
    strength: int | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """A verdict tag where it stands in a reply."""

    start: int
    end: int
    label: Label


Context = tuple[str, ...]  # "before" or "behind", and the words
Quotable = dict[Label, set[Context]]


def read(template: Template, reply: Reply, shown: Sequence[str]) -> Reading:
    """The verdict of a reply. shown: the texts that the judge was shown, the prompt and both outputs."""
    if not reply.text.strip() and not (template.parser == Parser.TOKEN and reply.logprobs):
        return Reading(None, Unread.REFUSED if reply.finish == "content_filter" else Unread.EMPTY)
    if template.parser == Parser.SCORES:
        return read_scores(reply)
    if template.parser == Parser.TOKEN:
        return read_token(template.labels, reply)
    return read_tag(template.labels, reply, shown)


def read_scores(reply: Reply) -> Reading:
    """Two numbers with one space, or commas for spaces, and nothing else on the first line; the higher one wins."""
    if reply.finish in UNFINISHED and "\n" not in reply.text:
        return unread(reply, Unread.CUT_OFF)  # “9 8” may have been on its way to “9 8.5”
    words = reply.text.split("\n")[0].replace(",", " ").split(" ")
    scores = [number(word) for word in words] if len(words) == 2 else []
    first, second = scores if len(scores) == 2 else (None, None)
    if first is None or second is None:
        return unread(reply, Unread.ELSEWHERE if ELSEWHERE.search(reply.text) else Unread.FORMAT)
    choice = Choice.TIE if first == second else Choice.FIRST if first > second else Choice.SECOND
    return Reading(choice, scores=(first, second))


def number(word: str) -> float | None:
    """A finite number, or None."""
    try:
        value = float(word)
    except ValueError:
        return None
    return value if isfinite(value) else None


def read_token(labels: Sequence[Label], reply: Reply) -> Reading:
    """By the likeliest first tokens, where they were told; else the reply must be a label and nothing else."""
    if reply.logprobs:
        chance = probability(labels, reply.logprobs[0])
        if chance is None:
            return unread(reply, Unread.FORMAT)
        choice = Choice.TIE if chance == 0.5 else Choice.FIRST if chance > 0.5 else Choice.SECOND
        return Reading(choice, probability=chance)
    found = [label for label in labels if label.written == reply.text.strip()]
    return Reading(found[0].choice, strength=found[0].strength) if found else unread(reply, Unread.FORMAT)


def probability(labels: Sequence[Label], likeliest: Mapping[str, float]) -> float | None:
    """The chance of preferring the first output, of the chance that any label has; None where none is among them.

    likeliest: token -> natural logarithm of its chance. A token counts with and without the space before it.
    """
    choices = {label.written: label.choice for label in labels}
    chances = [
        (choices[token.strip()], exp(min(value, 0.0))) for token, value in likeliest.items() if token.strip() in choices
    ]
    whole = sum(chance for _, chance in chances)
    return sum(WIN[choice] * chance for choice, chance in chances) / whole if whole > 0 else None


def read_tag(labels: Sequence[Label], reply: Reply, shown: Sequence[str]) -> Reading:
    """The last tag that isn't a quotation from what was judged."""
    tags = tags_in(labels, reply.text)
    there = quotable(labels, shown) if tags else {}
    own = [tag for tag in tags if not is_quoted(reply.text, tag, there)]
    if not own:
        return unread(reply, Unread.QUOTED if tags else Unread.FORMAT)
    last = own[-1]
    if reply.finish in UNFINISHED and not NOTHING_AFTER.fullmatch(reply.text, last.end):
        return Reading(None, Unread.CUT_OFF)
    if last.label in there and any(tag.label != last.label for tag in own):
        return Reading(None, Unread.CONFLICTING)
    return Reading(last.label.choice, strength=last.label.strength)


def tags_in(labels: Sequence[Label], text: str) -> list[Tag]:
    """Every tag of these labels in a text, in order."""
    if "[[" not in text:
        return []
    known = {label.written.lower(): label for label in labels}
    pattern = tag_pattern(tuple(label.written for label in labels))
    return [Tag(match.start(), match.end(), known[match[1].lower()]) for match in pattern.finditer(text)]


@lru_cache(maxsize=16)
def tag_pattern(written: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\[\[\s*({'|'.join(re.escape(one) for one in written)})\s*\]\]", re.I)


def quotable(labels: Sequence[Label], shown: Sequence[str]) -> Quotable:
    """Every label that stands in what was shown, with the words around it there."""
    found: Quotable = {}
    for text in shown:
        for tag in tags_in(labels, text):
            found.setdefault(tag.label, set()).update(context(text, tag))
    return found


def is_quoted(reply: str, tag: Tag, there: Quotable) -> bool:
    """Whether a tag in a reply is quoted from a text that holds it.

    It is where it stands in quotation marks or on a line of quotation, or where two words before or behind it are
    those of the text. A tag that no text holds is the judge's own, in whatever marks.
    """
    if tag.label not in there:
        return False
    line = reply[reply.rfind("\n", 0, tag.start) + 1 : tag.start]
    return (
        line.lstrip().startswith(">") or is_between(reply, tag) or not there[tag.label].isdisjoint(context(reply, tag))
    )


def is_between(reply: str, tag: Tag) -> bool:
    """Whether a quotation mark stands right before or right behind a tag."""
    return reply[max(tag.start - 1, 0) : tag.start] in tuple(QUOTES) or reply[tag.end : tag.end + 1] in tuple(QUOTES)


def context(text: str, tag: Tag) -> set[Context]:
    """The two words before a tag and the two behind it, in small letters, where there are two."""
    before = WORD.findall(text[max(tag.start - NEARBY, 0) : tag.start].lower())[-WORDS_OF_CONTEXT:]
    behind = WORD.findall(text[tag.end : tag.end + NEARBY].lower())[:WORDS_OF_CONTEXT]
    return {
        (side, *words) for side, words in (("before", before), ("behind", behind)) if len(words) == WORDS_OF_CONTEXT
    }


def unread(reply: Reply, otherwise: Unread) -> Reading:
    """The reason that says most about a reply without a verdict."""
    if reply.finish == "content_filter" or REFUSAL.search(reply.text, 0, REFUSAL_WITHIN):
        return Reading(None, Unread.REFUSED)
    return Reading(None, Unread.CUT_OFF if reply.finish == "length" and otherwise == Unread.FORMAT else otherwise)
