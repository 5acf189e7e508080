"""SWEEP.toml: combinations, their names, what is refused, and which ladders are confounded."""

from pathlib import Path

import pytest

from tests.trainer.declarations import LEAST, declare
from trainer import sweeps
from trainer.errors import BadRun
from trainer.run import Warmup
from trainer.sweeps import Rung, Sweep

HEAD = 'run = "run.toml"\nout = "ladder"\n[axes]\n'


def swept(folder: Path, axes: str, *, base: str = LEAST, head: str = HEAD) -> Sweep:
    declare(folder, base)
    (folder / "sweep.toml").write_text(head + axes, "utf-8")
    return sweeps.read(folder / "sweep.toml")


def refusal(folder: Path, axes: str, *, head: str = HEAD) -> str:
    with pytest.raises(BadRun) as caught:
        swept(folder, axes, head=head)
    return str(caught.value)


def test_every_combination_is_a_run_with_a_name_and_a_folder(tmp_path: Path) -> None:
    sweep = swept(tmp_path, '"data.train" = ["train.jsonl", "more.jsonl"]\n"course.seed" = [0, 1]\n')
    assert [rung.name for rung in sweep.rungs] == ["train-seed=0", "train-seed=1", "more-seed=0", "more-seed=1"]
    last = sweep.rungs[-1]
    assert last.run.data.train == (tmp_path / "more.jsonl",)
    assert (last.run.course.seed, last.run.name) == (1, "sweep more-seed=1")
    assert last.run.out == tmp_path / "ladder" / "more-seed=1"
    assert last.place == {"data.train": "more", "course.seed": "seed=1"}
    assert (sweep.name, sweep.out, sweep.launcher) == ("sweep", tmp_path / "ladder", "")


def test_a_value_may_set_several_keys_and_have_a_name(tmp_path: Path) -> None:
    axes = """size = [
  { name = "1.5B", "model.base" = "gpt2-xl", "text.block" = 1024 },
  { "model.base" = "huggyllama/llama-7b", "text.block" = 2048 },
]
"""
    small, large = swept(tmp_path, axes).rungs
    assert (small.name, small.run.model.base, small.run.text.block) == ("1.5B", "gpt2-xl", 1024)
    assert large.name == "llama-7b-block=2048"


def test_whole_tables_and_lists_can_be_values(tmp_path: Path) -> None:
    axes = (
        '"optimization.warmup" = [{ steps = 10 }, { fraction = 0.1 }]\n"data.train" = [["train.jsonl", "more.jsonl"]]\n'
    )
    first, second = swept(tmp_path, axes).rungs
    assert first.run.optimization.warmup == Warmup(steps=10)
    assert second.run.optimization.warmup == Warmup(fraction=0.1)
    assert first.name == "warmup-steps=10-train+more"


def test_a_name_a_launcher_and_a_base_elsewhere_are_taken(tmp_path: Path) -> None:
    (tmp_path / "bases").mkdir()
    declare(tmp_path / "bases")
    head = 'run = "bases/run.toml"\nout = "o"\nname = "n"\nlauncher = "torchrun -m"\n[axes]\n'
    sweep = swept(tmp_path, '"course.seed" = [4]\n', head=head)
    assert (sweep.name, sweep.launcher, sweep.rungs[0].run.name) == ("n", "torchrun -m", "n seed=4")
    assert sweep.rungs[0].run.data.train == (tmp_path / "bases" / "train.jsonl",)


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ("", "axes has to be a table of keys"),
        ('"course.seed" = 3\n', "the axis course.seed has to be a list of values"),
        ('"course.seed" = []\n', "the axis course.seed has to be a list of values"),
        ('"cuorse.seed" = [1]\n', "cuorse.seed is no key of a run, so each of its values has to be a table"),
        ('"course.seed" = [1, 1]\n', "two runs would be called seed=1"),
        (
            '"course.seed" = [1, -1]\n',
            "course.seed: is -1; it has to be 0 or more, and at most 4294967295 (in seed=-1)",
        ),
        ('size = [{ "text.blok" = 1 }]\n', "text.blok: there is no such key; did you mean block? (in blok=1)"),
        ('size = [{ "name.first" = 1 }]\n', "name.first can't be set: name is no table in the run file"),
        ('"sharding.stage" = [0]\n"course.seed" = [1, 2]\n', "sharding.stage: 0 keeps no fp32 masters"),
        ('"sharding.stage" = [0]\n"course.seed" = [1, 2]\n', "or fp32 (in stage=0-seed=1, stage=0-seed=2)"),
    ],
)
def test_axes_that_make_no_runs_are_refused(tmp_path: Path, axes: str, words: str) -> None:
    assert words in refusal(tmp_path, axes)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ('run = "run.toml"\n[axes]\n', "out is missing. A sweep names"),
        ('run = "run.toml"\nout = ""\n[axes]\n', "out has to be a path"),
        ('\nruns = "run.toml"\nout = "o"\n[axes]\n', "sweep.toml:2: runs is no key of a sweep"),
        ('run = "absent.toml"\nout = "o"\n[axes]\n', "absent.toml can't be read"),
        ("run = \n", "sweep.toml is no TOML"),
    ],
)
def test_a_sweep_without_its_parts_is_refused(tmp_path: Path, head: str, words: str) -> None:
    assert words in refusal(tmp_path, '"course.seed" = [1]\n', head=head)


def rates(folder: Path, *reached: float) -> list[tuple[Rung, float]]:
    axes = '"data.train" = ["train.jsonl", "more.jsonl"]\n"model.base" = ["a", "b"]\n'
    return list(zip(swept(folder, axes).rungs, reached, strict=True))


def test_a_ladder_of_data_that_reaches_different_rates_is_confounded(tmp_path: Path) -> None:
    (warning,) = sweeps.confounded(rates(tmp_path, 8e-6, 2e-3, 2e-3, 2e-3))
    assert warning.startswith("The runs of a that differ in their data alone reach peak learning rates from 8.0e-06 to")
    assert "warmup = { fraction = 0.03 }" in warning


def test_equal_rates_or_another_axis_confound_nothing(tmp_path: Path) -> None:
    assert sweeps.confounded(rates(tmp_path, 2e-3, 1e-3, 2e-3, 1e-3)) == []


def test_without_another_axis_the_whole_sweep_is_meant(tmp_path: Path) -> None:
    rungs = swept(tmp_path, '"data.train" = ["train.jsonl", "more.jsonl"]\n').rungs
    (warning,) = sweeps.confounded(zip(rungs, (1e-5, 1e-3), strict=True))
    assert warning.startswith("The runs that differ in their data alone")
