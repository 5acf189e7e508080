"""The judge templates and canaries that come with Assay, from their data files. Asks no judge."""

import json
import tomllib
from functools import cache
from importlib.resources import files

from backend.domain.judging.canaries import Canary, canary_from
from backend.domain.judging.templates import Template, template_from
from backend.errors import Invalid

HOME = files("backend.presets").joinpath("judges")


@cache
def templates() -> dict[str, Template]:
    """name -> template, in the order of names."""
    found = (file for file in HOME.iterdir() if file.name.endswith(".toml"))
    loaded = (template_from(tomllib.loads(file.read_text(encoding="utf-8"))) for file in found)
    return {one.name: one for one in sorted(loaded, key=lambda one: one.name)}


def template(name: str) -> Template:
    """A template by name; Invalid with the names there are."""
    known = templates()
    if name not in known:
        raise Invalid(f"There is no judge template {name!r}; there are: {', '.join(known)}.")
    return known[name]


@cache
def canaries() -> tuple[Canary, ...]:
    """The pairs in which the worse output tells the judge what to say."""
    lines = HOME.joinpath("canaries.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(canary_from(json.loads(line)) for line in lines)
