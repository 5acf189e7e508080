"""What the nine categories are called and mean, and what a judge is asked, from their data file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from backend.domain.asking import Sampling
from backend.domain.data.categories import Category
from backend.domain.judging.templates import marker
from backend.domain.records import Turn


@dataclass(frozen=True, slots=True)
class Words:
    """words, meanings: of each category. system, user: what a judge is asked, with places for what it sorts."""

    words: Mapping[Category, str]
    meanings: Mapping[Category, str]
    system: str
    user: str
    sampling: Sampling

    def asked(self, text: str) -> tuple[Turn, ...]:
        """What a judge is asked about a text; its marks are made of the text, so it can't close its own quotation."""
        mark = marker("categories", text)
        listed = "\n".join(f"[[{one}]] {self.words[one]}: {self.meanings[one]}" for one in Category)
        before, after = self.user.replace("{categories}", listed).replace("{marker}", mark).split("{text}")
        return Turn("system", self.system.replace("{marker}", mark)), Turn("user", before + text + after)


@cache
def words() -> Words:
    """As the data file says."""
    found = tomllib.loads((files("backend.presets") / "categories" / "judge.toml").read_text(encoding="utf-8"))
    return Words(
        {one: found["words"][one] for one in Category},
        {one: found["meanings"][one] for one in Category},
        found["system"].strip(),
        found["user"].strip(),
        Sampling(**found["sampling"]),
    )
