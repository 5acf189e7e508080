"""Exercises for trainings and entry tests: from the researcher's file, and ours. Knows no rater."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.resources import as_file, files
from pathlib import Path

from backend.domain import journey
from backend.domain.journey import Exercise, Reply
from backend.domain.records import RowProblem
from backend.domain.settings import StudySettings
from backend.errors import Invalid
from backend.services.studies.files import Source, rows
from backend.services.studies.imports import clean

OURS = "default"


def read(source: Source, *, seed: int) -> tuple[Exercise, ...]:
    """Every exercise of a file, in its order; Invalid with file and line where one can't be used."""
    given = list(rows(source))
    for row in given:
        try:
            journey.exercise_record(row, better_first=True)
        except RowProblem as error:
            raise Invalid(f"{source.label}, line {row.line}: this row {error}.") from None
    return tuple(mended(one) for one in journey.exercises(given, seed=seed))


def mended(one: Exercise) -> Exercise:
    """The exercise with texts that both databases can hold."""
    return replace(
        one,
        dialogue=tuple(replace(turn, text=clean(turn.text)) for turn in one.dialogue),
        first=clean(one.first),
        second=clean(one.second),
        explanation=clean(one.explanation),
    )


def ours(settings: StudySettings) -> tuple[Exercise, ...]:
    """The short training that comes with Assay, without what this study does not offer."""
    with as_file(files("backend.presets") / "training.jsonl") as path:
        found = read(Source(path, None, path.name), seed=0)
    offered = {option.choice.value for option in settings.options} | {Reply.CANT_JUDGE.value}
    return tuple(one for one in found if one.right in offered)


def training(given: str, settings: StudySettings, *, seed: int) -> tuple[Exercise, ...]:
    """Our training by its name, or a file's."""
    return ours(settings) if given == OURS else read(Source(Path(given), None, Path(given).name), seed=seed)


def added(
    settings: StudySettings,
    *,
    training: Sequence[Exercise] | None = None,
    test: Sequence[Exercise] | None = None,
    pass_mark: int | None = None,
) -> StudySettings:
    """The settings with these exercises instead of theirs; None leaves what is there. Invalid in a sentence."""
    before = asdict(settings.journey)
    changes: dict[str, object] = {}
    if training is not None:
        changes["training"] = [asdict(one) for one in training]
    if test is not None:
        changes["test"] = [asdict(one) for one in test]
    if pass_mark is not None:
        changes["pass_mark"] = pass_mark
    try:
        return settings.but(journey={**before, **changes})
    except ValueError as error:
        raise Invalid(f"These settings can't be used: {error}.") from None
