"""Every stage of ZeRO, in one process and in two, trains the same model: tests/trainer/zero_process.py does it,
once for each number of processes, and these tests look at the weights that it leaves."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.trainer.zero_process import Weights

ROOT = Path(__file__).parents[2]
SECONDS = 240
CLOSE = 1e-6
BF16_STEP = 2**-8  # between neighbouring numbers from 0.5 to 1

pytestmark = pytest.mark.long
Found = dict[str, Weights]


def trained(folder: Path, processes: int) -> dict[str, object]:
    launcher = ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"] if processes > 1 else []
    file = folder / f"{processes}.pt"
    call = [sys.executable, "-m", *launcher, "tests.trainer.zero_process", str(file)]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return torch.load(file)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return trained(tmp_path_factory.mktemp("alone"), 1)


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return trained(tmp_path_factory.mktemp("together"), 2)


@pytest.fixture(scope="module", params=["alone", "together"])
def found(request: pytest.FixtureRequest) -> Found:
    return request.getfixturevalue(request.param)


def apart(one: Weights, other: Weights) -> float:
    assert one.keys() == other.keys()
    return max(float((tensor - other[name]).abs().max()) for name, tensor in one.items())


def relative(one: Weights, other: Weights) -> float:
    """The largest difference of a whole tensor, in its own length."""
    return max(float((tensor - other[name]).norm() / other[name].norm()) for name, tensor in one.items())


def test_training_changes_every_tensor(alone: Found):
    begun = alone["diverged 0"][1]
    assert min(float((tensor - begun[name]).abs().max()) for name, tensor in alone["fp32 0"].items()) > 5 * CLOSE


@pytest.mark.parametrize("kind", ["fp32", "lora"])
def test_every_stage_gives_the_weights_of_stage_0_in_one_process(alone: Found, found: Found, kind: str):
    for stage in range(4):
        assert apart(found[f"{kind} {stage}"], alone[f"{kind} 0"]) < CLOSE


def test_a_scale_of_the_whole_partition_is_noticed(alone: Found, found: Found):
    """The mistake that this optimizer exists to avoid: the comparison above must see it."""
    for stage in (1, 2):
        assert apart(found[f"flattened {stage}"], alone["fp32 0"]) > 1000 * CLOSE
        assert relative(found[f"flattened {stage}"], alone["fp32 0"]) > 1


def test_sub_groups_and_partitioned_small_tensors_change_nothing(alone: Found, found: Found):
    assert apart(found["sub-groups"], alone["fp32 0"]) < CLOSE


def test_states_on_the_cpu_change_nothing(alone: Found, found: Found):
    for stage in (1, 2, 3):
        assert apart(found[f"offload {stage}"], alone["fp32 0"]) < CLOSE


def test_other_optimizers_are_offloaded_as_well(alone: Found, found: Found):
    assert apart(found["param_scale_classic 3"], alone["param_scale_classic 0"]) < CLOSE
    assert apart(found["adamw 2"], alone["adamw 0"]) < CLOSE


def test_in_bf16_the_stages_agree_to_a_step_of_its_numbers(alone: Found, found: Found):
    for stage in (1, 2, 3):
        assert apart(found[f"bf16 {stage}"], alone["bf16 1"]) <= BF16_STEP
        assert relative(found[f"bf16 {stage}"], alone["fp32 0"]) < 0.02


def test_a_resumed_run_is_bit_identical(found: Found):
    for kind in (*(f"fp32 {stage}" for stage in range(4)), *(f"bf16 {stage}" for stage in range(1, 4))):
        assert apart(found[f"resumed {kind}"], found[kind]) == 0


def test_a_gradient_that_is_no_number_ends_the_run_and_spoils_nothing(alone: Found, found: Found):
    for stage in range(4):
        said, after = found[f"diverged {stage}"]
        assert said.startswith("The gradient's norm is no finite number")
        assert apart(after, alone["diverged 0"][1]) == 0
        assert all(tensor.isfinite().all() for tensor in after.values())


def test_a_layout_that_is_not_understood_is_refused(found: Found):
    assert found["misread"].startswith("This version of DeepSpeed lays parameters out in a way that is unknown here")
