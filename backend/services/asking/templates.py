"""The templates of prompts that come with Assay, by name. Knows no engine; how one is used: domain/prompting."""

import tomllib
from importlib.resources import files

from backend.domain.prompting import Template, template_of
from backend.errors import Invalid


def templates() -> dict[str, Template]:
    """name -> template."""
    found = (file for file in (files("backend.presets") / "templates").iterdir() if file.name.endswith(".toml"))
    loaded = (template_of(tomllib.loads(file.read_text(encoding="utf-8"))) for file in found)
    return {template.name: template for template in sorted(loaded, key=lambda one: one.name)}


def template(name: str) -> Template:
    """A template by name; Invalid with the names there are."""
    known = templates()
    if name not in known:
        raise Invalid(f"There is no template {name!r}; there are: {', '.join(known)}.")
    return known[name]
