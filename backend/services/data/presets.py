"""Cleanings by name: the presets that come with Assay, and a file of one's own. Knows no dialogue."""

import tomllib
from importlib.resources import files
from pathlib import Path

from backend.domain.data.cleaning import Cleaning, Tools, cleaning_from
from backend.errors import Invalid

UNTOUCHED = Cleaning("none", "nothing is taken out", ())


def presets(tools: Tools) -> dict[str, Cleaning]:
    """name -> cleaning."""
    found = (file for file in (files("backend.presets") / "cleaning").iterdir() if file.name.endswith(".toml"))
    loaded = (cleaning_from(tomllib.loads(file.read_text(encoding="utf-8")), tools) for file in found)
    return {one.name: one for one in sorted(loaded, key=lambda one: one.name)}


def preset(name: str, tools: Tools) -> Cleaning:
    """A preset by name; Invalid with the names there are."""
    known = presets(tools)
    if name not in known:
        raise Invalid(f"There is no preset {name!r}; there are: {', '.join(known)}.")
    return known[name]


def of_file(path: Path, tools: Tools) -> Cleaning:
    """A cleaning of one's own. Invalid with what is wrong in the file."""
    try:
        return cleaning_from(tomllib.loads(path.read_text(encoding="utf-8")), tools)
    except OSError as error:
        raise Invalid(f"{path.name} can't be opened: {error.strerror}.") from None
    except ValueError as error:  # of TOML, UTF-8 or a cleaning
        raise Invalid(f"{path.name}: {error}.") from None
