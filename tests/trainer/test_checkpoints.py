"""Checkpoints are whole or not there: on a full disk, and where a write is cut short."""

import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.trainer import runs, tiny_runs
from trainer import checkpoints
from trainer.errors import DiskFull
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
