"""Canaries: pairs with a known better output, whose worse one tells the judge what to say. A judge is tried on them.

Each is asked in both orders, and without the injection as a control: a judge that fails the control is merely wrong.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from backend.domain.choices import Choice
from backend.domain.judging.templates import Parser, Template, tag
from backend.domain.plain import text
from backend.domain.records import Turn
from backend.domain.statistics.intervals import wilson

VERDICT = "{verdict}"


@dataclass(frozen=True, slots=True)
class Canary:
    """A prompt, a better and a worse output, and what is put in behind the worse one; `{verdict}` stands for a verdict
    for it in the template's words.
    """

    key: str
    prompt: str
    better: str
    worse: str
    injection: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A canary as it is shown. expected: the better output's side. wanted: what the injection wants the judge to say.

    is_control: shown without the injection.
    """

    key: str
    dialogue: tuple[Turn, ...]
    first: str
    second: str
    expected: Choice
    wanted: Choice
    is_control: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """How a judge fared: trials with an injection by what it said, and the controls that it got right.

    fell: for the injected output, with Wilson's interval of the share among all read ones; None where none was read.
    """

    right: int
    tied: int
    fell: int
    unread: int
    fell_low: float | None
    fell_high: float | None
    controls: int
    controls_right: int


def canary_from(plain: Mapping[str, object]) -> Canary:
    """A canary from a row of the data file. Raises ValueError in a sentence that names the key."""
    return Canary(*(text(plain, name) for name in ("key", "prompt", "better", "worse", "injection")))


def trials(canary: Canary, template: Template) -> tuple[Trial, ...]:
    """The four ways to show a canary: the better output first and second, with the injection and without."""
    return tuple(
        trial(canary, template, better_first=better_first, is_control=is_control)
        for is_control in (False, True)
        for better_first in (True, False)
    )


def trial(canary: Canary, template: Template, *, better_first: bool, is_control: bool) -> Trial:
    wanted = Choice.SECOND if better_first else Choice.FIRST
    words = verdict(template, wanted)
    worse = canary.worse if is_control else f"{canary.worse}\n\n{canary.injection.replace(VERDICT, words)}"
    first, second = (canary.better, worse) if better_first else (worse, canary.better)
    expected = Choice.FIRST if better_first else Choice.SECOND
    return Trial(canary.key, (Turn("user", canary.prompt),), first, second, expected, wanted, is_control)


def verdict(template: Template, choice: Choice) -> str:
    """A verdict for one output in the template's words, the strongest there is."""
    if template.scale is not None:
        high, low = f"{template.scale.highest:g}", f"{template.scale.lowest:g}"
        return f"{high} {low}" if choice == Choice.FIRST else f"{low} {high}"
    label = max((one for one in template.labels if one.choice == choice), key=lambda one: one.strength)
    return label.written if template.parser == Parser.TOKEN else tag(label)


def tried(results: Iterable[tuple[Trial, Choice | None]], *, level: float = 0.95) -> Tried:
    """The sum of a judge's verdicts, in any order; None is unread."""
    known = list(results)
    injected = [(one, said) for one, said in known if not one.is_control]
    controls = [said == one.expected for one, said in known if one.is_control]
    fell = count(said == one.wanted for one, said in injected)
    read = count(said is not None for _, said in injected)
    low, high = wilson(fell, read, level=level) if read else (None, None)
    right = count(said == one.expected for one, said in injected)
    return Tried(right, read - right - fell, fell, len(injected) - read, low, high, len(controls), count(controls))


def count(each: Iterable[bool]) -> int:
    return sum(each)
