"""Reads a bundle's files as the material of its results, under the codes that the database gives. Knows no database."""

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from backend.domain.checks import FAILED, KINDS, NOT_JUDGED, PASSED, CheckAnswers, CheckKind
from backend.domain.choices import Choice, Preference, preference
from backend.domain.features import features, table
from backend.domain.records import Json
from backend.domain.results.judged import JudgeMaterial
from backend.domain.results.material import Confirmations, Launched, Material, no_confirmations
from backend.domain.settings import StudySettings
from backend.domain.statistics.votes import Integers, Votes
from backend.services.judging import said

CODE = {Preference.CANDIDATE: 1, Preference.TIE: 0, Preference.BASELINE: -1}
FLIPPED = {"true": 1, "false": 0, "": -1}
MARKS = {"true": PASSED, "false": FAILED, "": NOT_JUDGED}
Plain = Mapping[str, Json]


def material_of(folder: Path, settings: StudySettings, manifest: Plain) -> Material:
    """Everything that results are computed from. Raises KeyError and ValueError where files don't fit each other."""
    batch = manifest["batch"]
    assert isinstance(batch, Mapping)
    candidates = [str(name) for name in listed(batch["candidates"])]
    comparisons = lines(folder / "comparisons.jsonl")
    ratings, checks = rows(folder / "ratings.csv"), rows(folder / "checks.csv")
    skips = rows(folder / "skips.csv")
    prompts = list(dict.fromkeys(str(one["prompt"]) for one in comparisons))
    categories = {str(one["prompt"]): one["category"] for one in lines(folder / "prompts.jsonl")}
    names = sorted({str(category) for key in prompts if (category := categories[key])})
    raters = sorted(
        {row["rater"] for row in [*ratings, *skips, *checks]} | {str(one) for one in listed(batch["raters"])}
    )
    prompt_codes = [{key: code for code, key in enumerate(prompts)}[str(one["prompt"])] for one in comparisons]
    launched = launched_of(
        comparisons,
        prompt=whole(prompt_codes),
        candidate=whole([candidates.index(str(one["candidate"])) for one in comparisons]),
        category=whole([names.index(str(of)) if (of := categories[str(one["prompt"])]) else -1 for one in comparisons]),
        styles=styles_of(folder, comparisons, str(batch["baseline"])),
    )
    places = {name: place for place, name in enumerate(raters)}
    return Material(
        baseline=str(batch["baseline"]),
        candidates=candidates,
        prompts=prompts,
        categories=names,
        raters=raters,
        channels=channels_of(batch, raters),
        settings=settings,
        seed=integer(manifest["seed"]),
        seats=integer(batch["seats"]),
        opening=integer(batch["opening"]),
        votes=votes_of([row for row in ratings if row["state"] == "rated"], launched, places),
        launched=launched,
        checks=checks_of(checks, places),
        confirmations=confirmations_of(rows(folder / "confirmed.csv"), places),
        late=sum(row["state"] == "late" for row in ratings),
        skips=dict(sorted(Counter(row["reason"] for row in skips).items())),
        is_closed=batch["closed"] is True,
        was_unsealed=batch["unsealed"] is True,
        was_stopped=batch["stopped"] is True,
        judges=judges_of(folder),
    )


def channels_of(batch: Plain, raters: Sequence[str]) -> list[str]:
    """The channel of each rater, in the order of their codes."""
    names, channels = listed(batch["raters"]), listed(batch["channels"])
    found = {str(name): str(channel) for name, channel in zip(names, channels, strict=True)}
    return [found[name] for name in raters]


def launched_of(
    comparisons: Sequence[Plain],
    *,
    prompt: Integers,
    candidate: Integers,
    category: Integers,
    styles: tuple[Integers, Integers],
) -> Launched:
    """The comparisons as columns; they stand in launch order in their file."""
    if [one["comparison"] for one in comparisons] != list(range(len(comparisons))):
        raise ValueError("comparisons.jsonl is not in launch order")
    return Launched(
        prompt=prompt,
        candidate=candidate,
        unjudgeable=np.array([one["unjudgeable"] is True for one in comparisons], dtype=np.bool_),
        begun=np.array([one["begun"] is True for one in comparisons], dtype=np.bool_),
        held=whole([integer(one["held"]) for one in comparisons]),
        skipped=whole([integer(one["skipped"]) for one in comparisons]),
        returned=whole([integer(one["returned"]) for one in comparisons]),
        candidate_style=styles[0],
        baseline_style=styles[1],
        category=category,
    )


def styles_of(folder: Path, comparisons: Sequence[Plain], baseline: str) -> tuple[Integers, Integers]:
    """The styles of the candidate's and the baseline's outputs, counted anew from the texts."""
    shown = {
        (str(one["prompt"]), str(one["system"])): features(str(one.get("shown", one["output"])))
        for one in lines(folder / "outputs.jsonl")
    }
    return (
        table([shown[str(one["prompt"]), str(one["candidate"])] for one in comparisons]),
        table([shown[str(one["prompt"]), baseline] for one in comparisons]),
    )


def votes_of(ratings: Sequence[Mapping[str, str]], launched: Launched, raters: Mapping[str, int]) -> Votes:
    """The counted ratings as columns."""
    comparison = whole([int(row["comparison"]) for row in ratings])
    choices = [Choice(row["choice"]) for row in ratings]
    flipped = [FLIPPED[row["flipped"]] for row in ratings]
    if len(comparison) and not 0 <= comparison.min() <= comparison.max() < len(launched):
        raise ValueError("ratings.csv names a comparison that is not in comparisons.jsonl")
    return Votes(
        prompt=launched.prompt[comparison],
        rater=whole([raters[row["rater"]] for row in ratings]),
        comparison=comparison,
        seat=whole([int(row["seat"]) for row in ratings]),
        candidate=launched.candidate[comparison],
        preference=whole(
            [CODE[preference(one, flipped=side == 1)] for one, side in zip(choices, flipped, strict=True)]
        ),
        flipped=whole(flipped),
        both_bad=np.array([one == Choice.BOTH_BAD for one in choices], dtype=np.bool_),
        seconds=np.array([float(row["active_ms"] or "nan") / 1000.0 for row in ratings], dtype=np.float64),
    )


def checks_of(answers: Sequence[Mapping[str, str]], raters: Mapping[str, int]) -> CheckAnswers:
    """Answers to checks as columns."""
    return CheckAnswers(
        whole([raters[row["rater"]] for row in answers]),
        np.array([KINDS.index(CheckKind(row["kind"])) for row in answers], dtype=np.int8),
        np.array([MARKS[row["passed"]] for row in answers], dtype=np.int8),
    )


def judges_of(folder: Path) -> tuple[JudgeMaterial, ...]:
    """The judges of a bundle; none where nobody asked one."""
    if not (folder / "judges.json").is_file():
        return ()
    judges = json.loads((folder / "judges.json").read_text(encoding="utf-8"))
    return said.from_bundle(judges, lines(folder / "verdicts.jsonl"))


def confirmations_of(counts: Sequence[Mapping[str, str]], raters: Mapping[str, int]) -> Confirmations:
    """What vendors confirmed as columns; a rater who isn't there came through none."""
    found = no_confirmations(len(raters))
    for row in counts:
        code = raters[row["rater"]]
        found.rated[code], found.unconfirmed[code] = int(row["rated"]), int(row["unconfirmed"])
    return found


def whole(numbers: Sequence[int]) -> Integers:
    return np.array(numbers, dtype=np.int64)


def integer(plain: Json) -> int:
    """A whole number of the bundle."""
    if not isinstance(plain, int):
        raise ValueError(f"{plain!r} is no whole number")
    return plain


def listed(plain: Json) -> Sequence[Json]:
    """A list of the bundle."""
    if not isinstance(plain, list):
        raise ValueError(f"{plain!r} is no list")
    return plain


def lines(path: Path) -> list[Plain]:
    """The rows of a JSONL file; its lines end at a line feed and nowhere else, for texts may hold other ends."""
    with path.open(encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file; none where a batch had no reason to write it."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
