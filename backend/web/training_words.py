"""A training run's own words for pages: what it is drawn with, and what its run.json says. Knows no request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from backend.domain.records import Json
from backend.services.training import folders, metrics
from backend.services.training.folders import Progress
from backend.services.training.metrics import Metrics
from backend.services.training.runs import RunLine
from backend.web.drawings.traces import Trace, traces

SHOWN_ELSEWHERE = ("name", "identity", "warnings")


@dataclass(frozen=True, slots=True)
class Seen:
    """A run as it stands in its folder. peak: the highest learning rate that it comes to; facts: its run.json."""

    progress: Progress | None
    metrics: Metrics
    warnings: tuple[str, ...]
    peak: float | None
    facts: Mapping[str, Json]

    @property
    def loss(self) -> float | None:
        """Of the newest step."""
        return self.metrics.newest(metrics.LOSS)

    @property
    def evaluation_loss(self) -> float | None:
        """The newest."""
        return self.metrics.newest(metrics.EVALUATION)

    @property
    def seconds_left(self) -> float | None:
        """Until the last step, by how long a step took until now."""
        far, last = self.progress, self.metrics.last
        if far is None or not last.get("seconds") or not last.get("step"):
            return None
        return (far.steps - far.step) * last["seconds"] / last["step"]


def seen(memory: metrics.Memory, folder: str) -> Seen:
    """What this run's folder says by now."""
    path = Path(folder)
    facts, read = folders.facts(path), memory.read(path)
    return Seen(folders.progress(path), read, folders.warnings(facts), folders.peak_learning_rate(facts), facts)


def pictures(one: Seen) -> list[tuple[str, Markup]]:
    """(what it shows, the picture) of each curve that there is."""
    steps = one.progress.steps if one.progress else 0
    curve = one.metrics.points
    losses = [Trace(curve(metrics.LOSS)), Trace(curve(metrics.EVALUATION), "other")]
    drawn = [
        ("Loss", traces(losses, label=f"Loss: {ends(one, metrics.LOSS)}", steps=steps)),
        (
            "Learning rate",
            traces(
                [Trace(curve(metrics.LEARNING_RATE))],
                label=f"Learning rate: {ends(one, metrics.LEARNING_RATE)}",
                steps=steps,
                from_zero=True,
            ),
        ),
        (
            "Tokens a second",
            traces(
                [Trace(curve(metrics.SPEED))],
                label=f"Tokens a second: {ends(one, metrics.SPEED)}",
                steps=steps,
                from_zero=True,
            ),
        ),
    ]
    return [(name, picture) for name, picture in drawn if picture]


def ends(one: Seen, name: str) -> str:
    """A curve in words: where it begins and where it is now."""
    points = one.metrics.points(name)
    return (
        f"{points[0][1]:.4g} at step {points[0][0]:,.0f}, {points[-1][1]:.4g} at step {points[-1][0]:,.0f}"
        if points
        else ""
    )


def told(facts: Mapping[str, Json]) -> list[tuple[str, str]]:
    """(name, value) of what run.json says, the nested under dotted names; without what stands elsewhere."""
    return list(flat({name: value for name, value in facts.items() if name not in SHOWN_ELSEWHERE}))


def flat(facts: Mapping[str, Json], before: str = "") -> Iterator[tuple[str, str]]:
    """Each value under its name."""
    for name, value in facts.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{name}.")
        elif isinstance(value, list):
            yield f"{before}{name}", ", ".join(str(one) for one in value) or "–"
        else:
            yield f"{before}{name}", in_words(value)


def in_words(value: Json) -> str:
    """A single value."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def by_run(lines: list[RunLine], memory: metrics.Memory) -> list[tuple[RunLine, Seen]]:
    """Each run with what its folder says."""
    return [(line, seen(memory, line.run.folder)) for line in lines]
