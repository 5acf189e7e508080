"""The examples are read, and say what their comments and the paper say."""

import re
import shutil
from pathlib import Path

import pytest

import trainer
from trainer import reading, sweeps
from trainer.run import (
    EASYLM_BETAS,
    EASYLM_CLIP,
    EASYLM_WEIGHT_DECAY,
    PAPER_BATCH,
    PAPER_BLOCK,
    PAPER_LEARNING_RATE,
    PAPER_WARMUP_STEPS,
    Decay,
    Format,
    Loss,
    Optimizer,
    Packing,
    Run,
    Warmup,
)

EXAMPLES = sorted((Path(trainer.__file__).parent / "examples").glob("*.toml"))
RUNS = [path for path in EXAMPLES if not path.name.startswith("sweep")]


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """The examples with empty files where they name data, and folders where they name models."""
    for path in EXAMPLES:
        shutil.copy(path, tmp_path)
        for name in re.findall(r'"((?:[\w.-]+/)*[\w.-]+\.jsonl)"', path.read_text("utf-8")):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        for name in re.findall(r'"(models/[\w.-]+)"', path.read_text("utf-8")):
            (tmp_path / name).mkdir(parents=True, exist_ok=True)
    return tmp_path


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.name)
def test_every_run_is_read_and_names_its_own_folder(beside: Path, path: Path) -> None:
    run = reading.read(beside / path.name)
    assert run.out == beside / "runs" / run.name
    assert Path(run.model.base).parent == beside / "models"


def papers(run: Run) -> tuple[object, ...]:
    chosen = run.optimization
    return (
        (chosen.optimizer, chosen.learning_rate, chosen.warmup, chosen.decay, chosen.betas, chosen.weight_decay),
        (chosen.clip, chosen.loss, run.text.format, run.text.packing, run.course.epochs),
        run.text.block * chosen.batch,
    )


@pytest.mark.parametrize("name", ["paper-llama-7b", "paper-llama-13b", "paper-gpt2-xl"])
def test_the_papers_runs_have_its_numbers_and_65536_tokens_a_step(beside: Path, name: str) -> None:
    adam = (Optimizer.PARAM_SCALE, PAPER_LEARNING_RATE, Warmup(steps=PAPER_WARMUP_STEPS), Decay.CONSTANT)
    assert papers(reading.read(beside / f"{name}.toml")) == (
        (*adam, EASYLM_BETAS, EASYLM_WEIGHT_DECAY),
        (EASYLM_CLIP, Loss.ROW_MEAN, Format.KOALA, Packing.CONCAT, 1),
        PAPER_BATCH * PAPER_BLOCK,
    )


def test_the_ladder_is_six_amounts_by_three_sizes_that_differ_in_nothing_else(beside: Path) -> None:
    sweep = sweeps.read(beside / "sweep-paper.toml")
    assert len(sweep.rungs) == 18
    assert sweep.rungs[0].name == "1.5B-sharegpt-mix-0.3M"
    assert {rung.run.text.block * rung.run.optimization.batch for rung in sweep.rungs} == {PAPER_BATCH * PAPER_BLOCK}
    assert {rung.run.optimization.warmup for rung in sweep.rungs} == {Warmup(fraction=0.03)}
