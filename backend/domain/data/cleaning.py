"""A cleaning: named steps in order, each with its options, as a data file says them. Knows no file.

Most steps look at one dialogue at a time; the one that takes out doubled queries has to know all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from backend.domain.data import languages, markup, shape, wording
from backend.domain.data.dialogues import ROLES, Dialogue
from backend.domain.data.languages import Identify, Wanted
from backend.domain.data.markup import ToMarkdown
from backend.domain.data.outcomes import Apply
from backend.domain.data.queries import Mode
from backend.domain.plain import no_others, number, rows, text, word, words
from backend.domain.records import Turn

Options = Mapping[str, object]
SPOKEN = ("user", "assistant")
QUERIES, IDS = "queries", "ids"


@dataclass(frozen=True, slots=True)
class Tools:
    """What the steps need that is not pure: a converter of HTML, and an identifier of languages."""

    to_markdown: ToMarkdown
    identify: Identify


@dataclass(frozen=True, slots=True)
class Step:
    """One step. does: what becomes of one dialogue, or by what dialogues are the same. spares: these sources stay."""

    name: str
    does: Apply | Mode
    spares: tuple[str, ...] = ()

    def concerns(self, dialogue: Dialogue) -> bool:
        """Whether the step looks at this dialogue at all."""
        return dialogue.source not in self.spares


@dataclass(frozen=True, slots=True)
class Cleaning:
    """Steps in the order in which they are done."""

    name: str
    about: str
    steps: tuple[Step, ...]

    def without(self, names: Sequence[str]) -> "Cleaning":
        """The cleaning with these steps switched off. Raises ValueError for a step that it does not have."""
        have = [step.name for step in self.steps]
        if unknown := sorted(set(names) - set(have)):
            raise ValueError(f"{self.name} has no step {', '.join(unknown)}; its steps are {', '.join(have)}")
        return replace(self, steps=tuple(step for step in self.steps if step.name not in names))

    def then(self, step: Step) -> "Cleaning":
        """The cleaning with one more step at its end."""
        return replace(self, steps=(*self.steps, step))


def cleaning_from(plain: Options, tools: Tools) -> Cleaning:
    """A cleaning from its data file. Raises ValueError in a sentence that names the step and the key."""
    no_others(plain, {"name", "about", "steps"}, "key of a cleaning")
    steps = tuple(step_from(row, tools) for row in rows(plain, "steps"))
    return Cleaning(text(plain, "name"), text(plain, "about"), steps)


def step_from(plain: Options, tools: Tools) -> Step:
    """One step and its options."""
    name = text(plain, "step")
    if name not in (*STEPS, QUERIES, IDS):
        raise ValueError(f"there is no step {name!r}; there are: {', '.join((*STEPS, QUERIES, IDS))}")
    try:
        return built(name, plain, tools)
    except ValueError as error:
        raise ValueError(f"step {name}: {error}") from None


def built(name: str, plain: Options, tools: Tools) -> Step:
    """The step, once its options are known to be its own."""
    build, options = STEPS.get(name, (None, ("same",) if name == QUERIES else ()))
    no_others(plain, {"step", "spares", *options}, "option")
    spares = listed(plain, "spares", ())
    if build is not None:
        return Step(name, build(plain, tools), spares)
    return Step(name, word(plain, "same", Mode) if name == QUERIES else Mode.ID, spares)


def listed(plain: Options, key: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """A list of texts, or what holds without one."""
    return words(plain, key) if key in plain else otherwise


def known(plain: Options, key: str, otherwise: tuple[str, ...], among: Sequence[str]) -> tuple[str, ...]:
    """A list of known words, or what holds without one."""
    found = listed(plain, key, otherwise)
    if unknown := sorted(set(found) - set(among)):
        raise ValueError(f"{key} has no {', '.join(unknown)}; there are: {', '.join(among)}")
    return found


def html(plain: Options, tools: Tools) -> Apply:
    roles = known(plain, "roles", ("assistant",), ROLES)
    return partial(markup.as_markdown, to_markdown=tools.to_markdown, roles=roles)


def boilerplate(plain: Options, _: Tools) -> Apply:
    names = known(plain, "remnants", wording.USUAL, tuple(wording.REMNANTS))
    return partial(wording.without_remnants, names=names)


def failures(plain: Options, _: Tools) -> Apply:
    return partial(wording.without_failures, openings=words(plain, "openings"))


def self_identification(plain: Options, _: Tools) -> Apply:
    phrases = tuple(phrase.lower() for phrase in words(plain, "phrases"))
    return partial(wording.without_phrases, phrases=phrases, roles=known(plain, "roles", SPOKEN, ROLES))


def language(plain: Options, tools: Tools) -> Apply:
    wanted = Wanted(keep=listed(plain, "keep", ()), skip=listed(plain, "skip", ()))
    if bool(wanted.keep) == bool(wanted.skip):
        raise ValueError("name the languages to keep, or those to skip, and not both")
    return partial(languages.in_language, wanted=wanted, identify=tools.identify)


def length(plain: Options, _: Tools) -> Apply:
    bounds = {key: number(plain, key) for key in ("least", "most", "longest_turn") if key in plain}
    return partial(shape.measured, bounds=shape.Bounds(**bounds))


def split(plain: Options, _: Tools) -> Apply:
    counted = text(plain, "counted_in")
    if counted not in COSTS:
        raise ValueError(f"counted_in must be one of {', '.join(COSTS)}")
    return partial(shape.split, longest=number(plain, "longest"), cost=COSTS[counted])


def in_words(turn: Turn) -> int:
    return len(turn.text.split())


def in_characters(turn: Turn) -> int:
    return len(turn.text)


def simple(apply: Apply) -> Callable[[Options, Tools], Apply]:
    """A step without options."""
    return lambda plain, tools: apply


COSTS: dict[str, Callable[[Turn], int]] = {"words": in_words, "characters": in_characters}
STEPS: dict[str, tuple[Callable[[Options, Tools], Apply], tuple[str, ...]]] = {
    "html": (html, ("roles",)),
    "boilerplate": (boilerplate, ("remnants",)),
    "failures": (failures, ("openings",)),
    "blank": (simple(shape.unblank), ()),
    "alternation": (simple(shape.alternating), ()),
    "plugins": (simple(wording.without_plugins), ()),
    "self_identification": (self_identification, ("phrases", "roles")),
    "language": (language, ("keep", "skip")),
    "long_numbers": (simple(wording.without_long_numbers), ()),
    "broken_lists": (simple(wording.without_broken_lists), ()),
    "length": (length, ("least", "most", "longest_turn")),
    "split": (split, ("longest", "counted_in")),
}
