"""Checkpoints are whole or not there: on a full disk, and where a write is cut short."""

import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.trainer import runs, tiny_runs
from trainer import checkpoints
from trainer.errors import DiskFull, TrainerError
from trainer.folder import CHECKPOINTS, MODEL

LARGEST = 200_000  # bytes of a file, which the moments of a tiny model exceed


@pytest.fixture
def alone() -> Iterator[None]:
    """A process group of this process."""
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


def left_by(out: Path, *names: str) -> None:
    for name in names:
        (out / CHECKPOINTS / name).mkdir(parents=True)


def test_only_whole_checkpoints_are_found_in_the_order_of_their_steps(tmp_path: Path) -> None:
    left_by(tmp_path, "step-00000100", "step-00000020", "step-00000300.part", "other")

    assert [step for step, _ in checkpoints.found(tmp_path)] == [20, 100]


@pytest.mark.usefixtures("alone")
def test_where_there_is_no_room_nothing_is_begun_and_the_newest_stays(tmp_path: Path) -> None:
    left_by(tmp_path, "step-00000010", "step-00000020")

    with pytest.raises(DiskFull, match="That of step 20 is whole, and the same call goes on from it"):
        checkpoints.save(None, tmp_path, 30, keep=2, size=1e18)

    assert [path.name for path in (tmp_path / CHECKPOINTS).iterdir()] == ["step-00000020"]


@pytest.mark.long
def test_a_write_that_is_cut_short_ends_the_run_with_a_sentence(tmp_path: Path) -> None:
    text = tiny_runs.material(tmp_path) + "[course]\nsteps = 6\nsave_every = 2\n"
    path = runs.declare(tmp_path, "cut", text)

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, LARGEST))

    ended = subprocess.run(
        runs.command(path), cwd=runs.ROOT, env=runs.ALONE, preexec_fn=limited, capture_output=True, text=True,
        timeout=runs.SECONDS, check=False,
    )  # fmt: skip

    assert ended.returncode == DiskFull.status, ended.stderr[-2000:]
    assert "writing failed" in ended.stderr
    assert "There is none yet" in ended.stderr
    out = path.with_suffix("")
    assert list((out / CHECKPOINTS).iterdir()) == []
    assert not (out / MODEL).exists()
    assert runs.called(path).status == 0  # with room, the same call trains to the end
    assert (out / MODEL / "model.safetensors").is_file()


@pytest.mark.long
def test_a_checkpoint_that_was_damaged_is_named_and_the_one_before_it_goes_on(tmp_path: Path) -> None:
    """A file that was cut, and each that is lost: DeepSpeed only warns of one of them."""
    text = tiny_runs.material(tmp_path) + "[course]\nsteps = 6\nsave_every = 2\n"
    whole = runs.done([runs.declare(tmp_path, "whole", text)])["whole"].out
    shutil.rmtree(whole / MODEL)
    newest = checkpoints.found(whole)[-1][1].relative_to(whole)
    files = [path.relative_to(whole) for path in (whole / newest).rglob("*.pt")]
    paths = []
    for number, file in enumerate([*files, files[0]]):
        paths.append(runs.declare(tmp_path, f"damaged-{number}", text))
        out = shutil.copytree(whole, paths[-1].with_suffix(""))
        (out / file).unlink()
        if number == len(files):
            (out / file).write_bytes((whole / file).read_bytes()[:300])

    for name, run in runs.done(paths).items():
        assert run.status == TrainerError.status, name
        assert f"The checkpoint {run.out / newest} can't be read: " in run.said
        assert "Delete that folder: the same call then goes on from step 4." in run.said
        shutil.rmtree(run.out / newest)

    for run in runs.done(paths).values():
        assert run.status == 0, run.said
        assert (run.out / MODEL).is_dir()
