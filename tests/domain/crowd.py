"""Public sets of crowd labels as columns, from where the real data lies."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.domain.statistics.ids import dense
from backend.domain.statistics.votes import Integers

PANDALM_LABELS = {1: 0, 0: 1, 2: 2}


@dataclass(frozen=True)
class Crowd:
    """unit, rater, label: shape (n,). truth: the right label of each unit in ascending order of ids, shape (m,)."""

    unit: Integers
    rater: Integers
    label: Integers
    truth: Integers


def crowd(shared: Path, name: str) -> Crowd:
    """One of the sets of labels.csv and truth.csv; truth is empty where none is known. Labels start at 0."""
    folder = shared / "crowd" / name
    with (folder / "labels.csv").open(encoding="utf-8") as rows:
        table = list(csv.DictReader(rows))
    unit = np.array([int(row["item"]) for row in table])
    _, rater = np.unique([row["rater"] for row in table], return_inverse=True)
    label = np.array([int(row["label"]) for row in table])
    truth = np.zeros(0, dtype=np.int64)
    if (folder / "truth.csv").exists():
        with (folder / "truth.csv").open(encoding="utf-8") as rows:
            right = {int(row["item"]): int(row["label"]) for row in csv.DictReader(rows)}
        truth = np.array([right[one] for one in dense(unit)[0].tolist()])
    return Crowd(unit, rater.astype(np.int64), label - label.min(), truth)


def pandalm(shared: Path) -> tuple[Crowd, Integers]:
    """(484 comparisons judged by three people: first better, tie, second better; the prompt of each judgement)."""
    lines = (shared / "pairwise-pandalm" / "items.jsonl").read_text(encoding="utf-8").splitlines()
    items = [json.loads(line) for line in lines]
    label = np.array([PANDALM_LABELS[item[f"annotator{seat}"]] for item in items for seat in (1, 2, 3)])
    _, prompt = np.unique([item["instruction"] + item["input"] for item in items], return_inverse=True)
    unit, rater = np.repeat(np.arange(len(items)), 3), np.tile(np.arange(3), len(items))
    return Crowd(unit, rater, label, np.zeros(0, dtype=np.int64)), np.repeat(prompt, 3)
