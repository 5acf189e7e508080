"""Checks whose right answer is known: the researcher's gold comparisons, and texts that ask for a button.

Knows no file and no rater. Which text stands first is drawn by the seed and balanced: half of the better ones first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from backend.domain.choices import Choice
from backend.domain.records import PROMPTS, Json, Row, RowProblem, Turn, as_text, dialogue_of, found

BETTER = ("better", "better_output", "chosen")
WORSE = ("worse", "worse_output", "rejected")
TIE = "tie"
YES, NO = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0", ""})
NUMBER = "{number}"


@dataclass(frozen=True, slots=True)
class Gold:
    """A comparison whose right choice the researcher knows: the better output, or a tie."""

    line: int
    dialogue: tuple[Turn, ...]
    better: str
    worse: str
    is_tie: bool


@dataclass(frozen=True, slots=True)
class Template:
    """An attention check to be: a prompt, a plain output, and one with `{number}` where it asks for an output."""

    prompt: str
    plain: str
    asking: str


@dataclass(frozen=True, slots=True)
class Written:
    """A check as raters see it, and the choice that passes it."""

    dialogue: tuple[Turn, ...]
    first: str
    second: str
    expected: Choice


def gold_record(row: Row) -> Gold:
    """A row of a gold file. Raises RowProblem without a prompt, a better and a worse output."""
    dialogue = dialogue_of(row.fields, skip=None)
    if dialogue is None:
        raise RowProblem(f"has no prompt ({', '.join(PROMPTS)}); {found(row)}")
    is_tie = is_yes(row.fields.get(TIE))
    better, worse = (output_at(row, names) for names in (BETTER, WORSE))
    if better.strip() == worse.strip() and not is_tie:
        raise RowProblem("has the same text as better and as worse output")
    return Gold(row.line, dialogue, better, worse, is_tie)


def output_at(row: Row, names: Sequence[str]) -> str:
    """The first of these fields that the row has, as text."""
    for name in names:
        if name in row.fields:
            value = row.fields[name]
            if isinstance(value, str | float | int | None):
                return as_text(value)
            raise RowProblem(f"has an output that is not text ({name})")
    raise RowProblem(f"has no {names[0]} output ({', '.join(names)}); {found(row)}")


def is_yes(value: Json) -> bool:
    """Whether a tie is what the researcher expects; what is left out means no."""
    said = as_text(value).strip().lower() if isinstance(value, str | float | int | None) else "?"
    if said not in YES | NO:
        raise RowProblem(f"has {said!r} as {TIE}; it must be true, false or left out")
    return said in YES


def sided(gold: Sequence[Gold], *, seed: int) -> list[Written]:
    """Gold comparisons in a drawn order, the better output first in half of them (give or take one)."""
    random = Random(f"gold {seed}")
    firsts = [number % 2 == 0 for number in range(len(gold))]
    if random.random() < 0.5:
        firsts = [not first for first in firsts]
    random.shuffle(firsts)
    written = [side(one, better_first=first) for one, first in zip(gold, firsts, strict=True)]
    random.shuffle(written)
    return written


def side(one: Gold, *, better_first: bool) -> Written:
    first, second = (one.better, one.worse) if better_first else (one.worse, one.better)
    right = Choice.TIE if one.is_tie else Choice.FIRST if better_first else Choice.SECOND
    return Written(one.dialogue, first, second, right)


def asked(templates: Sequence[Template], *, seed: int) -> list[Written]:
    """Each template twice, far apart and the other way round: where the request stands, and for which output it asks.

    In either half the request stands first in half of the texts, and asks for the first output in half of them.
    """
    random = Random(f"attention {seed}")
    order = list(templates)
    random.shuffle(order)
    ways = [(number % 2 == 0, number // 2 % 2 == 0) for number in range(len(order))]
    random.shuffle(ways)
    return [
        ask(template, asks_first == once, for_first == once)
        for once in (True, False)
        for template, (asks_first, for_first) in zip(order, ways, strict=True)
    ]


def ask(template: Template, asks_first: bool, for_first: bool) -> Written:
    request = template.asking.replace(NUMBER, "1" if for_first else "2")
    first, second = (request, template.plain) if asks_first else (template.plain, request)
    return Written((Turn("user", template.prompt),), first, second, Choice.FIRST if for_first else Choice.SECOND)


def template(plain: Mapping[str, Json]) -> Template:
    """A template from a row of the data file. Raises KeyError where a text is missing."""
    return Template(*(str(plain[name]) for name in ("prompt", "plain", "asking")))
