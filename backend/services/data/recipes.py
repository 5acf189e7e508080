"""Recipes of cleaning, by name: those that come with Assay, and a file of one's own. Knows no dialogue."""

import tomllib
from importlib.resources import files
from pathlib import Path

from backend.domain.data.recipes import Recipe, Tools, recipe_from
from backend.errors import Invalid

UNTOUCHED = Recipe("none", "nothing is taken out", ())


def recipes(tools: Tools) -> dict[str, Recipe]:
    """name -> recipe."""
    found = (file for file in (files("backend.presets") / "cleaning").iterdir() if file.name.endswith(".toml"))
    loaded = (recipe_from(tomllib.loads(file.read_text(encoding="utf-8")), tools) for file in found)
    return {recipe.name: recipe for recipe in sorted(loaded, key=lambda one: one.name)}


def recipe(name: str, tools: Tools) -> Recipe:
    """A recipe by name; Invalid with the names there are."""
    known = recipes(tools)
    if name not in known:
        raise Invalid(f"There is no recipe {name!r}; there are: {', '.join(known)}.")
    return known[name]


def of_file(path: Path, tools: Tools) -> Recipe:
    """A recipe of one's own. Invalid with what is wrong in the file."""
    try:
        return recipe_from(tomllib.loads(path.read_text(encoding="utf-8")), tools)
    except OSError as error:
        raise Invalid(f"{path.name} can't be opened: {error.strerror}.") from None
    except ValueError as error:  # of TOML, UTF-8 or a recipe
        raise Invalid(f"{path.name}: {error}.") from None
