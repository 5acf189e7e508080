"""SWEEP.toml: one run file and axes, of which every combination is a run of its own. Knows no model and trains nothing.

    run = "run.toml"
    out = "ladder"
    [axes]
    "data.train" = ["mix/0.3M.jsonl", "mix/150M.jsonl"]
    "course.seed" = [0, 1]
    size = [{ name = "1.5B", "model.base" = "gpt2-xl", "text.block" = 1024 }, { name = "7B", "model.base" = "llama" }]

An axis is a key of the run file, or a word of its own whose values set several keys. Paths are the run file's.
"""

import copy
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from trainer import fitting, reading
from trainer.errors import BadRun
from trainer.run import Run

NAME = "name"  # of a value that sets several keys
KEYS = ("run", "out", "name", "launcher", "axes")
AMOUNTS = ("data.", "course.epochs", "course.steps")  # what an axis of the data's amount sets


@dataclass(frozen=True, slots=True)
class Rung:
    """One combination. place: what each axis says, by the axis' name; others: those of axes that are not the data's
    amount, so that rungs which share them differ in that alone."""

    name: str
    run: Run
    place: dict[str, str]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sweep:
    """name: of the whole; launcher: the words before the module's name that start a run, empty for one process."""

    name: str
    out: Path
    launcher: str
    rungs: tuple[Rung, ...]


@dataclass(frozen=True, slots=True)
class _Value:
    """One value of an axis: how it is called, and the keys that it sets."""

    axis: str
    called: str
    sets: Mapping[str, object]


def read(path: Path) -> Sweep:
    """The sweep that a file declares, each of its runs checked. BadRun with all that is wrong, at its line or run."""
    text = reading.text_of(path)
    declared = reading.tables_of(text, path)
    said = _checked(declared, text, path)
    folder = path.absolute().parent
    base = folder / _text(said, "run", path)
    out = (folder / _text(said, "out", path)).resolve()
    tables = reading.tables_of(reading.text_of(base), base)
    axes = said["axes"]
    if not isinstance(axes, Mapping) or not axes:
        raise BadRun(f"{path}: axes has to be a table of keys, each with a list of values.")
    chosen = product(*(_values(str(axis), values, path) for axis, values in axes.items()))
    name = str(said.get("name", path.stem))
    rungs = _rungs(list(chosen), tables, base, out, name, path)
    return Sweep(name, out, str(said.get("launcher", "")), rungs)


def confounded(rungs: Iterable[tuple[Rung, float]]) -> list[str]:
    """Sentences about rungs that differ in the amount of data alone and reach different peak learning rates.

    rungs: each with the rate that it reaches. The paper's own ladder is such a one.
    """
    groups: dict[tuple[str, ...], list[float]] = {}
    for rung, rate in rungs:
        groups.setdefault(rung.others, []).append(rate)
    apart = {others: rates for others, rates in groups.items() if max(rates) > 1.01 * min(rates)}
    return [_warning(others, rates) for others, rates in apart.items()]


def _warning(others: tuple[str, ...], rates: list[float]) -> str:
    of = f" of {', '.join(others)}" if others else ""
    return (
        f"The runs{of} that differ in their data alone reach peak learning rates from {min(rates):.1e} to "
        f"{max(rates):.1e}: what more data does can't be told from what a higher rate does. Write "
        "warmup = { fraction = 0.03 } in [optimization], so that each run reaches its rate."
    )


def _checked(declared: Mapping[str, object], text: str, path: Path) -> Mapping[str, object]:
    lines = reading.lines_of_keys(text)
    for key in declared:
        if key not in KEYS:
            raise BadRun(f"{path}:{lines.get(key, 1)}: {key} is no key of a sweep, which has {', '.join(KEYS)}.")
    for key in ("run", "out", "axes"):
        if key not in declared:
            raise BadRun(f"{path}: {key} is missing. A sweep names a run file, a folder as out, and axes.")
    return declared


def _text(said: Mapping[str, object], key: str, path: Path) -> str:
    value = said[key]
    if not isinstance(value, str) or not value:
        raise BadRun(f"{path}: {key} has to be a path, in quotes.")
    return value


def _values(axis: str, values: object, path: Path) -> list[_Value]:
    if not isinstance(values, list) or not values:
        raise BadRun(f"{path}: the axis {axis} has to be a list of values, in square brackets.")
    known = axis in set(fitting.keys())
    if not known and not all(isinstance(value, Mapping) for value in values):
        raise BadRun(f"{path}: {axis} is no key of a run, so each of its values has to be a table of keys.")
    return [_value(axis, value, known=known) for value in values]


def _value(axis: str, value: object, *, known: bool) -> _Value:
    if known or not isinstance(value, Mapping):
        return _Value(axis, _called(axis, value), {axis: value})
    sets = {str(key): said for key, said in value.items() if key != NAME}
    called = value.get(NAME)
    return _Value(axis, str(called) if called else "-".join(_called(key, said) for key, said in sets.items()), sets)


def _called(key: str, value: object) -> str:
    """A short word for a value: a file's or model's own name, else the key with it."""
    last = key.rpartition(".")[2]
    match value:
        case str():
            file = Path(value)
            return file.stem if key.startswith("data.") else file.name
        case list():
            return "+".join(_called(key, part) for part in value)
        case Mapping():
            return "-".join(f"{last}-{name}={part}" for name, part in value.items())
        case _:
            return f"{last}={value}"


def _rungs(
    chosen: list[tuple[_Value, ...]], tables: Mapping[str, object], base: Path, out: Path, name: str, path: Path
) -> tuple[Rung, ...]:
    names = ["-".join(re.sub(r"[^\w.+=]+", "-", value.called) for value in values) for values in chosen]
    twice = [called for called, count in Counter(names).items() if count > 1]
    if twice:
        raise BadRun(f"{path}: two runs would be called {twice[0]}: give the values of an axis a `name` each.")
    found: dict[str, list[str]] = {}
    rungs = []
    for called, values in zip(names, chosen, strict=True):
        declared = _declared(tables, values, name=f"{name} {called}", out=out / called)
        run, problems = reading.declared(declared, base.absolute().parent)
        for problem in problems:
            found.setdefault(f"{problem.key}: {problem.words}", []).append(called)
        if run is not None:
            rungs.append(Rung(called, run, {value.axis: value.called for value in values}, _others(values)))
    if found:
        told = (f"  {words} (in {', '.join(runs)})" for words, runs in found.items())
        raise BadRun("\n".join([f"{path} can't be used with {base.name}:", *told]))
    return tuple(rungs)


def _others(values: tuple[_Value, ...]) -> tuple[str, ...]:
    return tuple(value.called for value in values if not all(key.startswith(AMOUNTS) for key in value.sets))


def _declared(tables: Mapping[str, object], values: Iterable[_Value], **more: object) -> dict[str, object]:
    made = copy.deepcopy(dict(tables))
    for key, value in [pair for each in values for pair in each.sets.items()] + list(more.items()):
        *above, last = key.split(".")
        table = made
        for part in above:
            inner = table.setdefault(part, {})
            if not isinstance(inner, dict):
                raise BadRun(f"{key} can't be set: {part} is no table in the run file.")
            table = inner
        table[last] = str(value) if isinstance(value, Path) else value
    return made
