"""RUN.toml as a Run, and a Run as RUN.toml. Knows types, lines and files; what may be said together is rules.py's."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path

from trainer import fitting
from trainer.errors import BadRun
from trainer.fitting import NONE
from trainer.rules import Problem, learning_rate, problems
from trainer.run import Run

_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")
_KEY = re.compile(r"\s*([\w\"'.-]+(?:\s*\.\s*[\w\"'-]+)*)\s*=")


def read(path: Path) -> Run:
    """The run that a TOML file declares; its paths are relative to the file's folder and come out absolute.

    Raises BadRun with every problem that was found, each with line, key and what to do.
    """
    text = text_of(path)
    tables = tables_of(text, path)
    run, found = declared(tables, path.absolute().parent)
    if run is None or found:
        raise BadRun(told(found, text, path))
    return run


def declared(tables: Mapping[str, object], folder: Path) -> tuple[Run | None, list[Problem]]:
    """The run in a TOML file's tables, and what is wrong with it. Where a value can't be read there is no run."""
    found: list[Problem] = []
    run = fitting.fit(Run, tables, folder, found)
    if not isinstance(run, Run):
        return None, found
    run = _with_rate(run, tables)
    return run, found + problems(run)


def told(found: list[Problem], text: str, path: Path) -> str:
    """Problems as one message, each with the line that its key stands on (or its table's, or the file's first)."""
    lines = lines_of_keys(text)
    placed = sorted((_line(problem.key, lines), problem.key, problem.words) for problem in found)
    return "\n".join([f"{path} can't be used:", *(f"  line {line}, {key}: {words}" for line, key, words in placed)])


def lines_of_keys(text: str) -> dict[str, int]:
    """The line (from 1) on which each dotted key or table of a TOML text stands."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _plain(header[1]) + "."
            lines.setdefault(table.rstrip("."), number)
        elif key := _KEY.match(line):
            lines.setdefault(table + _plain(key[1]), number)
    return lines


def to_toml(run: Run) -> str:
    """The run, whole, with its defaults: reading it gives an equal Run. What is None is left out, or "none"
    where its default is another."""
    return "\n".join(_table(run, "")).lstrip("\n") + "\n"


def _with_rate(run: Run, tables: Mapping[str, object]) -> Run:
    """The run with a learning rate that fits its optimizer, where it names none."""
    table = tables.get("optimization")
    if isinstance(table, Mapping) and "learning_rate" in table:
        return run
    rate = learning_rate(run.optimization.optimizer, lora=run.model.lora is not None)
    return replace(run, optimization=replace(run.optimization, learning_rate=rate))


def text_of(path: Path) -> str:
    """What a file says. BadRun where it can't be read."""
    try:
        return path.read_text("utf-8-sig")  # some editors begin a file with a mark
    except UnicodeDecodeError as error:
        raise BadRun(f"{path} is no UTF-8 text (at byte {error.start}); save it as UTF-8.") from error
    except OSError as error:
        raise BadRun(f"{path} can't be read: {error.strerror}.") from error


def tables_of(text: str, path: Path) -> dict[str, object]:
    """TOML as tables. BadRun where it is none."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRun(f"{path} is no TOML: {error}.") from error


def _plain(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))


def _line(key: str, lines: Mapping[str, int]) -> int:
    while key and key not in lines:
        key = key.rpartition(".")[0]
    return lines.get(key, 1)


def _table(values: object, name: str) -> list[str]:
    if not is_dataclass(values):
        raise TypeError(f"{name} is no table")
    lines = [f"\n[{name}]"] if name else []
    content = [(field.name, getattr(values, field.name), field.default) for field in fields(values)]
    lines += [
        f"{key} = {_written(NONE if value is None else value)}"
        for key, value, default in content
        if not is_dataclass(value) and (value is not None or default is not None)
    ]
    for key, value, _ in content:
        if is_dataclass(value):
            lines += _table(value, f"{name}.{key}".lstrip("."))
    return lines


def _written(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return _quoted(str(value.value))
        case int() | float():
            return repr(value)
        case tuple():
            return f"[{', '.join(_written(part) for part in value)}]"
        case _:
            return _quoted(str(value))


def _quoted(text: str) -> str:
    """A TOML string in one line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\u{ord(found[0]):04x}", escaped) + '"'
