"""What a judge is asked: a versioned template, filled in with a prompt and two outputs. Knows no file and no engine.

Published templates are filled in word for word. Ours set each text between lines with a mark that stands in none of
them, so no output can close its own quotation.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from backend.domain.asking import Sampling, without_none
from backend.domain.choices import Choice
from backend.domain.hashes import content_hash
from backend.domain.plain import flag, number, real, rows, table, text, word
from backend.domain.records import Turn
from backend.domain.settings import StudySettings

PLACES = re.compile(r"\{(prompt|first|second|marker|title|instructions|question|choices|signs)\}")
PANEL_PLACES = ("{title}", "{instructions}", "{question}", "{choices}", "{signs}")
ROLES = {"user": "User", "assistant": "Assistant", "system": "System"}
VICUNA = {"coding": "vicuna-coding", "math": "vicuna-math"}
MARK_LENGTH = 16


class Parser(StrEnum):
    """How a reply is read: two scores on the first line, the last verdict tag, or one token."""

    SCORES = "scores"
    TAG = "tag"
    TOKEN = "token"


@dataclass(frozen=True, slots=True)
class Label:
    """One verdict as a judge writes it, without its brackets. strength: how much it counts, 0 for a tie."""

    written: str
    choice: Choice
    strength: int


@dataclass(frozen=True, slots=True)
class Scale:
    """The lowest and the highest score that a template names."""

    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class Panel:
    """What a study's raters read above and below two outputs."""

    title: str
    instructions: str
    question: str
    choices: tuple[tuple[Choice, str], ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A judge's question. reminder: what follows a reply that could not be read. logprobs: as in a request.

    panel: of a template that asks what a study asks its raters. Raises ValueError in words that follow “template: ”.
    """

    name: str
    version: int
    source: str
    licence: str
    parser: Parser
    system: str
    user: str
    reminder: str
    sampling: Sampling
    labels: tuple[Label, ...] = ()
    scale: Scale | None = None
    logprobs: int = 0
    is_delimited: bool = False
    panel: Panel | None = None

    def __post_init__(self) -> None:
        if missing := [place for place in ("{prompt}", "{first}", "{second}") if place not in self.user]:
            raise ValueError(f"the user text has no {', '.join(missing)}")
        if self.is_delimited != ("{marker}" in self.user):
            raise ValueError("a template that is_delimited has {marker} in its user text, and no other has")
        if (self.parser == Parser.SCORES) != (self.scale is not None):
            raise ValueError("the parser “scores” needs a scale, and no other has one")
        chosen = {label.choice for label in self.labels}
        if self.parser != Parser.SCORES and not {Choice.FIRST, Choice.SECOND} <= chosen:
            raise ValueError("the labels must hold “first” and “second”")

    @property
    def asks_what_raters_are_asked(self) -> bool:
        """Whether it has places for a study's own title, instructions, question and choices."""
        return any(place in self.user for place in PANEL_PLACES)

    @property
    def content_hash(self) -> str:
        """SHA-256, in hex, of all that a verdict can depend on, a study's own words included."""
        return content_hash({**asdict(self), "sampling": without_none(asdict(self.sampling))})


def template_from(plain: Mapping[str, object]) -> Template:
    """A template from its data file. Raises ValueError in a sentence that names the key."""
    drawn, bounds = table(plain, "sampling"), table(plain, "scale")
    return Template(
        name=text(plain, "name"),
        version=number(plain, "version"),
        source=text(plain, "source"),
        licence=text(plain, "licence"),
        parser=word(plain, "parser", Parser),
        system=text(plain, "system"),
        user=text(plain, "user"),
        reminder=text(plain, "reminder"),
        sampling=Sampling(temperature=real(drawn, "temperature"), max_tokens=number(drawn, "max_tokens")),
        labels=tuple(
            Label(text(row, "written"), word(row, "choice", Choice), number(row, "strength"))
            for row in rows(plain, "labels")
        ),
        scale=Scale(real(bounds, "lowest"), real(bounds, "highest")) if bounds else None,
        logprobs=number({"logprobs": 0, **plain}, "logprobs"),
        is_delimited=flag({"is_delimited": False, **plain}, "is_delimited"),
    )


def for_study(template: Template, settings: StudySettings) -> Template:
    """The template with a study's panel, if it asks what raters are asked; its labels are the choices they have."""
    if not template.asks_what_raters_are_asked:
        return template
    choices = tuple((option.choice, option.label) for option in settings.options)
    offered = {choice for choice, _ in choices}
    return replace(
        template,
        panel=Panel(settings.title, settings.instructions.strip(), settings.question, choices),
        labels=tuple(label for label in template.labels if label.choice in offered),
    )


def vicuna_for(category: str | None) -> str:
    """The name of Vicuna's template for a prompt of this category; what has none of its own is general."""
    return VICUNA.get((category or "").strip().lower(), "vicuna-general")


def rendered(template: Template, dialogue: Sequence[Turn], first: str, second: str) -> tuple[Turn, ...]:
    """The turns to ask: a system's and a user's. Raises ValueError where a study's panel is missing."""
    if template.asks_what_raters_are_asked and template.panel is None:
        raise ValueError(f"{template.name} asks what a study asks its raters, so it needs the study's settings")
    prompt = as_read(dialogue)
    written = {"prompt": prompt, "first": first, "second": second, **panel_words(template)}
    if template.is_delimited:
        written["marker"] = marker(template.name, prompt, first, second)
    return Turn("system", filled(template.system, written)), Turn("user", filled(template.user, written))


def reminded(template: Template, asked: Sequence[Turn], reply: str) -> tuple[Turn, ...]:
    """The turns to ask again, after a reply that could not be read; an empty one is no turn that a server takes."""
    reminder = filled(template.reminder, panel_words(template))
    if reply.strip():
        return *asked, Turn("assistant", reply), Turn("user", reminder)
    return *asked[:-1], Turn("user", f"{asked[-1].text.rstrip()}\n\n{reminder}")


def filled(words: str, written: Mapping[str, str]) -> str:
    """Every place filled in at once, so that a place that is written in an output stays as it is."""
    return PLACES.sub(lambda place: written.get(place[1], place[0]), words)


def as_read(dialogue: Sequence[Turn]) -> str:
    """A prompt of one turn as it is; a dialogue with a heading a turn, as MT-bench shows its second turns."""
    if len(dialogue) == 1:
        return dialogue[0].text
    return "\n\n".join(f"### {ROLES[turn.role]}:\n{turn.text}" for turn in dialogue)


def marker(*texts: str) -> str:
    """A mark made from the texts that stands in none of them."""
    joined = "\0".join(texts)
    found, tries = "", 0
    while not found or found in joined:
        found = hashlib.sha256(f"{tries}\0{joined}".encode("utf-8", "surrogatepass")).hexdigest()[:MARK_LENGTH]
        tries += 1
    return found


def panel_words(template: Template) -> dict[str, str]:
    """What stands in the places of a study's panel; nothing without one."""
    panel = template.panel
    if panel is None:
        return {}
    said = dict(panel.choices)
    return {
        "title": panel.title,
        "instructions": panel.instructions,
        "question": panel.question,
        "choices": "\n".join(f"{tag(label)} {said[label.choice]}" for label in template.labels),
        "signs": ", ".join(tag(label) for label in template.labels),
    }


def tag(label: Label) -> str:
    """A verdict in the brackets in which judges are asked for it."""
    return f"[[{label.written}]]"
