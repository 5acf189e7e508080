"""Verdicts that were given elsewhere: a row of Vicuna's reviews, MT-bench's judgements or AlpacaEval's annotations.

Which study and which systems a row means it does not know. Formats as their authors' tools wrote them: lm-sys/FastChat
eval_gpt_review.py of 2023 and llm_judge/common.py; tatsu-lab/alpaca_eval, whose tool shows outputs in a random order
and does not write down which.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from backend.domain.asking import Reply
from backend.domain.choices import Choice
from backend.domain.judging.parsing import Reading, Unread, read_scores
from backend.domain.records import Json, Row

UNSCORED = -1.0  # both scores of a review whose reply FastChat could not read
CATEGORIES = {
    "generic": "vicuna-general",
    "default": "vicuna-general",
    "general": "vicuna-general",
    "coding": "vicuna-coding",
    "math": "vicuna-math",
}
PAIR_V2 = "pair-v2"


class Format(StrEnum):
    """Whose tool wrote a file."""

    VICUNA = "vicuna"
    MT_BENCH = "mt-bench"
    ALPACA_EVAL = "alpaca-eval"


# What rows of a format have and those of no other have.
FIELDS = {
    Format.VICUNA: ("question_id", "answer1_id", "answer2_id", "text"),
    Format.MT_BENCH: ("question_id", "model_1", "model_2", "g1_winner", "g2_winner"),
    Format.ALPACA_EVAL: ("instruction", "output_1", "output_2", "preference"),
}


@dataclass(frozen=True, slots=True)
class Named:
    """An output as a row names it: its system, or the id of the answer; and its text where the row holds it."""

    name: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """A verdict of somebody else's judge.

    prompt: its key; or its text, where is_text. stored: as its file has it; None where it has only the reply. asked:
    the question as it was put, where the file keeps it. judge, template: as the file names them.
    """

    line: int
    prompt: str
    is_text: bool
    first: Named
    second: Named
    raw: str
    stored: Reading | None
    judge: str
    template: str
    asked: str | None = None
    given_at: datetime | None = None
    turn: int = 1
    by_answer: bool = False


def recognised(fields: Mapping[str, Json]) -> Format:
    """The format that has these fields. Raises ValueError in words that follow “line 7: ”."""
    for known, needed in FIELDS.items():
        if all(name in fields for name in needed):
            return known
    wanted = "; ".join(f"{known}: {', '.join(needed)}" for known, needed in FIELDS.items())
    raise ValueError(f"is a verdict of no known format ({wanted}); its fields are {', '.join(fields)}")


def published(row: Row, form: Format) -> tuple[Published, ...]:
    """The verdicts of a row: one, or both games of MT-bench. Raises ValueError in words that follow “line 7: ”."""
    if missing := [name for name in FIELDS[form] if name not in row.fields]:
        raise ValueError(f"has no {', '.join(missing)}, which {form} files have")
    if form == Format.VICUNA:
        return (review(row),)
    return games(row) if form == Format.MT_BENCH else (annotation(row),)


def review(row: Row) -> Published:
    """A row of Vicuna's reviews."""
    raw = words(row.fields, "text", blank=True)
    judge, _, category = str(row.fields.get("reviewer_id") or "").rpartition("-")
    known = category in CATEGORIES
    return Published(
        line=row.line,
        prompt=words(row.fields, "question_id"),
        is_text=False,
        first=Named(words(row.fields, "answer1_id")),
        second=Named(words(row.fields, "answer2_id")),
        raw=raw,
        stored=scores(row.fields, raw),
        judge=judge if known else str(row.fields.get("reviewer_id") or ""),
        template=CATEGORIES[category] if known else "",
        by_answer=True,
    )


def scores(fields: Mapping[str, Json], raw: str) -> Reading | None:
    """The scores that a review keeps; the reply may hold them where no parser looks."""
    given = fields.get("score")
    if given is None:
        return None
    if not isinstance(given, list) or len(given) != 2:
        raise ValueError("needs a score of two numbers, such as [9, 8.5]")
    first, second = (real(one, "score") for one in given)
    if first == second == UNSCORED:
        return Reading(None, read_scores(reply_of(raw)).why or Unread.FORMAT)
    choice = Choice.TIE if first == second else Choice.FIRST if first > second else Choice.SECOND
    return Reading(choice, scores=(first, second))


def games(row: Row) -> tuple[Published, ...]:
    """Both games of a row of MT-bench's judgements: the first shows model_1 first, the second model_2."""
    if "m1_score" in row.fields:
        raise ValueError("grades each answer alone (m1_score); that is no verdict on a pair")
    judge = row.fields.get("judge")
    parts = judge if isinstance(judge, list) and len(judge) == 2 else [judge, ""]
    one, two = words(row.fields, "model_1"), words(row.fields, "model_2")
    stamp = row.fields.get("tstamp")
    turn = row.fields.get("turn", 1)
    return tuple(
        Published(
            line=row.line,
            prompt=words(row.fields, "question_id"),
            is_text=False,
            first=Named(first),
            second=Named(second),
            raw=str(row.fields.get(f"{game}_judgment") or ""),
            stored=won(words(row.fields, f"{game}_winner"), first_is_one=first_is_one),
            judge=str(parts[0] or ""),
            template=str(parts[1] or ""),
            asked=str(row.fields.get(f"{game}_user_prompt") or "") or None,
            given_at=None if stamp is None else moment(real(stamp, "tstamp")),
            turn=turn if isinstance(turn, int) else 1,
        )
        for game, first, second, first_is_one in (("g1", one, two, True), ("g2", two, one, False))
    )


def won(winner: str, *, first_is_one: bool) -> Reading:
    """A game's winner as what was chosen."""
    if winner == "error":
        return Reading(None, Unread.FORMAT)
    if winner not in ("model_1", "model_2", "tie"):
        raise ValueError(f"has the winner {winner!r}; it must be model_1, model_2, tie or error")
    if winner == "tie":
        return Reading(Choice.TIE, strength=0)
    return Reading(Choice.FIRST if (winner == "model_1") == first_is_one else Choice.SECOND, strength=1)


def annotation(row: Row) -> Published:
    """A row of AlpacaEval's annotations: what was shown first is not in it, so output_1 stands for the first."""
    raw = row.fields.get("raw_completion")
    return Published(
        line=row.line,
        prompt=words(row.fields, "instruction"),
        is_text=True,
        first=Named(str(row.fields.get("generator_1") or "output_1"), words(row.fields, "output_1", blank=True)),
        second=Named(str(row.fields.get("generator_2") or "output_2"), words(row.fields, "output_2", blank=True)),
        raw=raw if isinstance(raw, str) else "" if raw is None else json.dumps(raw, ensure_ascii=False),
        stored=preferred(row.fields["preference"]),
        judge=str(row.fields.get("annotator") or ""),
        template=str(row.fields.get("annotator") or ""),
    )


def preferred(given: Json) -> Reading:
    """AlpacaEval's preference: 1 for output_1, 2 for output_2, a chance between them; once 0 for a tie; null: none."""
    if given is None or (isinstance(given, float) and math.isnan(given)):
        return Reading(None, Unread.FORMAT)
    value = real(given, "preference")
    if value == 0:
        return Reading(Choice.TIE, probability=0.5)
    if not 1 <= value <= 2:
        raise ValueError(f"has the preference {value:g}; it must be between 1 (output_1) and 2 (output_2)")
    choice = Choice.TIE if value == 1.5 else Choice.FIRST if value < 1.5 else Choice.SECOND
    return Reading(choice, probability=2 - value)


def reply_of(raw: str) -> Reply:
    """A reply of which nothing is known but its text."""
    return Reply(raw, "", "", 0, 0)


def words(fields: Mapping[str, Json], name: str, *, blank: bool = False) -> str:
    """A text, or a number as text."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int) or not (blank or str(value).strip()):
        raise ValueError(f"needs {name}, a text")
    return str(value) if blank else str(value).strip()


def real(value: Json, name: str) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"has {name} {value!r}; it must be a number")
    return float(value)


def moment(stamp: float) -> datetime:
    """An instant from seconds since 1970."""
    try:
        return datetime.fromtimestamp(stamp, UTC)
    except (OverflowError, OSError, ValueError):
        raise ValueError(f"has tstamp {stamp:g}, which is no moment") from None
