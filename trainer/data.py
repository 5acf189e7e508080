"""What a run trains on and is evaluated with, made once by one process and opened by all. Knows no model."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256

import numpy as np

from trainer import engine, tokenising
from trainer.blocks import Blocks, Numbers, blocks_of
from trainer.engine import World
from trainer.folder import TOKENS
from trainer.metrics import Amounts
from trainer.run import Run
from trainer.store import Index, Store
from trainer.text.serialiser import Serialiser

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Dataset:
    """training, evaluation: rows. steps: updates of the weights. indices: what was made tokens, by its name."""

    run: Run
    training: Blocks
    evaluation: Blocks | None
    indices: dict[str, Index]

    @property
    def steps(self) -> int:
        """course.steps, else all epochs."""
        return self.run.course.steps or self.run.course.epochs * self.training.steps_per_epoch(
            self.run.optimization.batch
        )

    def batch(self, step: int) -> Numbers:
        """The rows of a step (from 0), over all processes."""
        course = self.run.course
        return self.training.batch(step, batch=self.run.optimization.batch, seed=course.seed, shuffle=course.shuffle)

    @property
    def amounts(self) -> Amounts:
        """What has been seen after each step."""
        rows, batches = self.training, (self.batch(step) for step in range(self.steps))
        return Amounts.of(batches, tokens=rows.tokens, supervised=rows.supervised, block=self.run.text.block)

    def report(self) -> dict[str, object]:
        """For run.json."""
        plan = self.training.plan
        return {
            "rows": self.training.epoch_rows,
            "efficiency": plan.efficiency,
            "parted": plan.parted,
            "tokens": int(self.training.tokens[: len(self.training.taught)].sum()),
            "supervised": int(self.training.supervised[: len(self.training.taught)].sum()),
            "pretraining_rows": self.training.mixed,
            "evaluation_rows": len(self.evaluation) if self.evaluation else 0,
            "made_of": {name: asdict(index) for name, index in self.indices.items()},
        }


def hash_of(run: Run, serialiser: Serialiser) -> str:
    """Of everything that is trained on, as tokens, before any is made. BadRun where a file can't be read."""
    keys = [tokenising.key_of(tokenising.DIALOGUES, run.data.train, serialiser)]
    if run.data.pretraining:
        keys.append(tokenising.key_of(tokenising.TEXTS, run.data.pretraining.files, serialiser))
    return sha256(f"{keys} {run.data.evaluation_share} {weight(run)}".encode()).hexdigest()


def prepared(run: Run, serialiser: Serialiser, world: World, *, on_progress: Progress | None = None) -> Dataset:
    """The data of a run as rows. Everybody has to call; the first process makes what is missing in the folder.

    Raises BadRun, on every process, where a file can't be read or has nothing to teach; DiskFull.
    """
    engine.first_alone(world, lambda: stores(run, serialiser, on_progress))
    return rows(run, serialiser, stores(run, serialiser, None))


def stores(run: Run, serialiser: Serialiser, on_progress: Progress | None) -> dict[str, Store]:
    """Every file as tokens, by what it is for."""

    def told(what: str) -> tokenising.Progress:
        def progress(done: int, lines: int) -> None:
            if on_progress:
                on_progress(f"writing {what} as tokens: {done:,} of {lines:,}")

        return progress

    data, folder = run.data, run.out / TOKENS
    made = {"train": tokenising.of_dialogues(folder / "train", data.train, serialiser, progress=told("dialogues"))}
    if data.evaluation:
        made["evaluation"] = tokenising.of_dialogues(
            folder / "evaluation", data.evaluation, serialiser, progress=told("the evaluation's dialogues")
        )
    if data.pretraining:
        made["pretraining"] = tokenising.of_texts(
            folder / "pretraining", data.pretraining.files, serialiser, progress=told("pretraining text")
        )
    return made


def rows(run: Run, serialiser: Serialiser, made: dict[str, Store]) -> Dataset:
    """Tokens as rows. A share of train's dialogues is evaluated with where the run says so."""
    train, kept = made["train"].split(run.data.evaluation_share)
    evaluated = ("evaluation", np.arange(len(made["evaluation"].lengths))) if "evaluation" in made else ("train", kept)
    training = blocks_of(
        made["train"],
        train,
        run.text,
        padding=serialiser.padding,
        pretraining=made.get("pretraining"),
        weight=weight(run),
    )
    name, texts = evaluated
    evaluation = blocks_of(made[name], texts, run.text, padding=serialiser.padding) if len(texts) else None
    return Dataset(run, training, evaluation, {name: store.index for name, store in made.items()})


def warnings(data: Dataset) -> tuple[str, ...]:
    """What a person may want to change."""
    share = data.run.data.evaluation_share
    none_kept = share and data.evaluation is None
    told = f"evaluation_share is {share:g}, and of so few dialogues that keeps none: nothing is evaluated."
    return (*data.training.warnings, *([told] if none_kept else []))


def weight(run: Run) -> float:
    """The share of rows that is pretraining text."""
    return run.data.pretraining.weight if run.data.pretraining else 0.0
