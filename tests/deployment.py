"""What the deployment's files say, read as Docker reads them: services, images, commands and health checks."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HOUSE = Path(__file__).parents[1]
GIVEN = {"POSTGRES_PASSWORD": "a password"}


@dataclass
class Stage:
    """A target of the Dockerfile, with what it has from the one that it is made from."""

    name: str
    base: str
    instructions: list[tuple[str, str]]

    def last(self, word: str) -> str:
        """What the last instruction of this kind says, or nothing."""
        return next((said for found, said in reversed(self.instructions) if found == word), "")

    @property
    def command(self) -> list[str]:
        """The words of CMD."""
        return [str(word) for word in json.loads(self.last("CMD"))]

    @property
    def check(self) -> list[str]:
        """The health check, as a process is started for it."""
        said = self.last("HEALTHCHECK").partition("CMD ")[2]
        return [str(word) for word in json.loads(said)] if said.startswith("[") else ["/bin/sh", "-c", said]


def stages() -> dict[str, Stage]:
    """The Dockerfile's targets by name."""
    found: dict[str, Stage] = {}
    lines = (HOUSE / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
    for line in lines:
        word, _, said = line.partition(" ")
        if word == "FROM":
            base, _, name = said.partition(" AS ")
            inherited = found[base].instructions if base in found else []
            stage = found[name] = Stage(name, base, list(inherited))
        elif word.isupper():
            stage.instructions.append((word, said.strip()))
    return found


def compose() -> dict[str, Any]:
    """docker-compose.yml with its variables filled in, once it was read: a value stays one whatever it holds."""
    read: dict[str, Any] = throughout(yaml.safe_load((HOUSE / "docker-compose.yml").read_text("utf-8")))
    return read


def throughout(part: Any) -> Any:
    """A part of the file with its variables filled in."""
    if isinstance(part, dict):
        return {name: throughout(value) for name, value in part.items()}
    if isinstance(part, list):
        return [throughout(value) for value in part]
    return filled(part, GIVEN) if isinstance(part, str) else part


def filled(text: str, given: Mapping[str, str]) -> str:
    """Each ${NAME:-default} and ${NAME:?refusal} as Docker fills it in."""

    def value(found: re.Match[str]) -> str:
        name, how, rest = found.groups()
        if how == "?":
            return given[name]
        return given.get(name) or rest

    return re.sub(r"\$\{(\w+):([-?])([^}]*)\}", value, text)
