"""Templates as they are stored, and back: a judge keeps them whole, so that they outlive their files."""

from collections.abc import Mapping
from dataclasses import asdict, replace

from backend.domain.choices import Choice
from backend.domain.judging.templates import Panel, Template, template_from
from backend.domain.plain import table, text
from backend.domain.records import Json


def template_to_json(template: Template) -> dict[str, Json]:
    """A template with a study's panel, if it has one."""
    return {name: value for name, value in asdict(template).items() if value is not None}


def template_from_json(stored: Mapping[str, object]) -> Template:
    """As it was stored. Raises ValueError that names the key."""
    template = template_from(stored)
    panel = table(stored, "panel")
    return replace(template, panel=panel_from(panel)) if panel else template


def panel_from(stored: Mapping[str, object]) -> Panel:
    choices = stored.get("choices")
    if not isinstance(choices, list | tuple):
        raise ValueError("choices must be a list")
    return Panel(
        title=text(stored, "title"),
        instructions=text(stored, "instructions"),
        question=text(stored, "question"),
        choices=tuple((Choice(choice), str(label)) for choice, label in choices),
    )
