"""How a study's prompt becomes a request: its turns as a chat, or one text by a template. Knows no file, no engine.

A chat is asked as it is: the engine's own chat template writes it out. A system without one is asked to continue a
text, and a template says how the dialogue is written there, and at which texts the continuation is over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from backend.domain.asking import EngineKind, Request, Sampling
from backend.domain.records import Json, Turn

TEXT, SYSTEM, END = "{text}", "{system}", "{end}"


@dataclass(frozen=True, slots=True)
class Template:
    """How a dialogue is written as one text.

    start: what stands first, with `{system}` where a system text goes; left out where there is none to say. system: the
    text that is said unless another one is given. user, assistant: a turn, with `{text}`. answer: what the text ends
    with, for the system to go on. end: what `{end}` means, the end-of-text token of the models that know this template.
    stop: texts at which an answer is over. last_only: earlier turns are left out.
    """

    name: str
    user: str
    start: str = ""
    system: str = ""
    assistant: str = ""
    answer: str = ""
    end: str = ""
    stop: tuple[str, ...] = ()
    last_only: bool = False

    def __post_init__(self) -> None:
        if self.user.count(TEXT) != 1:
            raise ValueError(f"template {self.name}: user must say {TEXT} once")
        if not self.last_only and self.assistant.count(TEXT) != 1:
            raise ValueError(f"template {self.name}: assistant must say {TEXT} once, or last_only must be true")


@dataclass(frozen=True, slots=True)
class Target:
    """Who is asked, and how: an engine, the model's name there, the template (None: a chat), and what is said first."""

    engine: EngineKind
    url: str
    model: str
    sampling: Sampling
    template: Template | None = None
    system: str = ""


def template_of(fields: Mapping[str, Json]) -> Template:
    """A template as its file says it. Raises ValueError that names the field."""
    known = {"name": "", "user": "", "start": "", "system": "", "assistant": "", "answer": "", "end": ""}
    unknown = sorted(set(fields) - set(known) - {"stop", "last_only"})
    if unknown:
        raise ValueError(f"a template has no {', '.join(unknown)}; it has {', '.join(known)}, stop and last_only")
    texts = {name: text_at(fields, name) for name in known}
    stop, last_only = fields.get("stop", ()), fields.get("last_only", False)
    if isinstance(stop, str) or not isinstance(stop, Sequence) or not all(isinstance(one, str) for one in stop):
        raise ValueError(f"template {texts['name']}: stop must be a list of texts")
    if not isinstance(last_only, bool):
        raise ValueError(f"template {texts['name']}: last_only must be true or false")
    return Template(**texts, stop=tuple(str(one) for one in stop), last_only=last_only)


def text_at(fields: Mapping[str, Json], name: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"template: {name} must be a text")
    return value


def request(dialogue: Sequence[Turn], target: Target, *, sample: int = 0, logprobs: int = 0) -> Request:
    """The question that a prompt is to this target. Raises ValueError for what can't be asked so."""
    named = (target.engine, target.url, target.model)
    if target.template is None:
        turns = chat(dialogue, system=target.system)
        return Request(*named, target.sampling, turns=turns, sample=sample, logprobs=logprobs)
    text = written(dialogue, target.template, system=target.system)
    stop = tuple(dict.fromkeys((*target.sampling.stop, *target.template.stop)))
    sampling = replace(target.sampling, stop=stop)
    return Request(*named, sampling, text=text, sample=sample, logprobs=logprobs)


def chat(dialogue: Sequence[Turn], *, system: str = "") -> tuple[Turn, ...]:
    """The turns as they are, with the system text first; a system text of the prompt's own follows in the same turn."""
    said, rest = parted(dialogue, system=system)
    return (Turn("system", said), *rest) if said else rest


def written(dialogue: Sequence[Turn], template: Template, *, system: str = "") -> str:
    """The dialogue as one text, up to where the answer begins. A system text takes the place of the template's."""
    said, rest = parted(dialogue, system=system)
    if said and SYSTEM not in template.start:
        raise ValueError(f"template {template.name} has no place for a system text")
    shown = rest[-1:] if template.last_only else rest
    turns = "".join(
        filled(template.user if turn.role == "user" else template.assistant, TEXT, turn.text, template.end)
        for turn in shown
    )
    return opening(template, said or template.system) + turns + template.answer


def opening(template: Template, system: str) -> str:
    if SYSTEM in template.start and not system:
        return ""
    return filled(template.start, SYSTEM, system, template.end)


def filled(pattern: str, place: str, text: str, end: str) -> str:
    """The pattern with the text in its place. Never replaced within the text: a prompt may speak of `{end}`."""
    return text.join(part.replace(END, end) for part in pattern.split(place))


def parted(dialogue: Sequence[Turn], *, system: str) -> tuple[str, tuple[Turn, ...]]:
    """What is said first, and the turns after it. Raises ValueError unless users and assistants speak, a user last."""
    own = [turn.text for turn in dialogue[:1] if turn.role == "system"]
    rest = tuple(dialogue[len(own) :])
    roles = [turn.role for turn in rest]
    if roles[-1:] != ["user"] or not set(roles) <= {"user", "assistant"}:
        raise ValueError(f"the prompt's turns are {', '.join(turn.role for turn in dialogue)}; a user must speak last")
    return "\n\n".join(text for text in (system, *own) if text), rest
