"""What each way of making new entries asks, and the seeds that come with Assay, from its data files."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from backend.domain.synthesis.methods import Seed, Way

HOME = files("backend.presets").joinpath("synthesis")


@dataclass(frozen=True, slots=True)
class Preset:
    """A way's question, its seeds where it has its own, and where both are from."""

    prompt: str
    seeds: tuple[Seed, ...]
    source: str


@cache
def preset(way: Way) -> Preset:
    """What belongs to this way."""
    found = tomllib.loads(HOME.joinpath(f"{way.replace('_', '-')}.toml").read_text(encoding="utf-8"))
    seeds = tuple(Seed(one["key"], one["text"], one["answer"]) for one in found.get("seeds", ()))
    return Preset(found["template"], seeds, found["source"])
