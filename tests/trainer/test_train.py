"""Whole runs on a CPU: what they learn, what they leave, and that neither a crash nor the number of processes shows."""

import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.trainer import runs, tiny_runs
from tests.trainer.runs import Ended
from trainer import checkpoints
from trainer.errors import BadRun, Diverged, Stopped
from trainer.folder import MODEL

pytestmark = pytest.mark.long

STEPS = 24
PLAIN = """[optimization]
optimizer = "adamw"
learning_rate = 5e-3
warmup = { fraction = 0.1 }
micro_batch = 2
loss = "token_mean"
[course]
steps = 24
save_every = 7
evaluate_every = 12
[data]
evaluation_share = 0.2
"""
GPT2 = '[model]\nbase = "gpt2"\n'
VARIANTS = {
    "plain": "",
    "again": "",
    "paper": 'optimization.optimizer = "param_scale"\noptimization.loss = "row_mean"\ntext.packing = "concat"',
    "stage0": "[sharding]\nstage = 0",
    "stage1": "[sharding]\nstage = 1",
    "stage3": "[sharding]\nstage = 3",
    "whole": "optimization.micro_batch = 4",
    "checkpointing": "model.gradient_checkpointing = true",
    "sdpa": 'model.attention = "sdpa"',
    "none": 'text.packing = "none"',
    "split": 'text.packing = "bfd_split"',
    "bf16": 'model.precision = "bf16"',
    "lora": "[model.lora]\nrank = 4\nalpha = 8.0",
    "lora3": "[model.lora]\nrank = 4\nalpha = 8.0\n[sharding]\nstage = 3",
    "markers": 'text.markers = "tokens"',
    "pretraining": '[data.pretraining]\nfiles = ["text.jsonl"]\nweight = 0.25',
    "diverges": "optimization.learning_rate = 1e20\noptimization.clip = 0.0\n[course]\nsave_every = 3",
    "unfit": "optimization.learning_rate = 1e39\n[course]\nsave_every = 1",
}
TWO = ("plain", "paper", "stage0", "stage1", "stage3")


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def material(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder to declare runs from, and what they have in common."""
    folder = tmp_path_factory.mktemp(request.param)
    text = tiny_runs.material(folder, kind=request.param, dialogues=120) + PLAIN
    (folder / "text.jsonl").write_text(
        "".join(f'{{"text": "The number {place} comes before {place + 1}."}}\n' for place in range(80)), "utf-8"
    )
    return folder, text


@pytest.fixture(scope="module")
def ended(material: tuple[Path, str]) -> Mapping[str, Ended]:
    """Every variant, in one process."""
    folder, text = material
    return runs.done([runs.declare(folder, name, text, changes) for name, changes in VARIANTS.items()])


@pytest.fixture(scope="module")
def by_two(material: tuple[Path, str]) -> Mapping[str, Ended]:
    """Some, by two processes."""
    folder, text = material
    paths = [runs.declare(folder, f"two-{name}", text, VARIANTS[name]) for name in TWO]
    return {name.removeprefix("two-"): run for name, run in runs.done(paths, processes=2).items()}


def apart(one: Ended, other: Ended) -> float:
    """The largest difference of two models' weights."""
    return max(float((one.weights[name] - other.weights[name]).abs().max()) for name in one.weights)


def test_the_loss_falls_and_the_folder_says_so(ended: Mapping[str, Ended]) -> None:
    run = ended["plain"]

    assert run.status == 0, run.said
    assert run.losses[-1] < 0.8 * run.losses[0]
    assert len(run.losses) == STEPS
    assert len(run.evaluations) == 2
    assert run.evaluations[-1] < run.losses[0]
    assert (run.state["state"], run.state["step"], run.state["steps"]) == ("done", STEPS, STEPS)
    assert run.report["learning_rate"] == {"declared": 5e-3, "peak": 5e-3, "warmup_steps": 3}
    assert sorted(path.name for path in (run.out / "checkpoints").iterdir()) == ["step-00000021", "step-00000024"]


def test_the_same_run_comes_to_the_same_weights(ended: Mapping[str, Ended]) -> None:
    assert apart(ended["plain"], ended["again"]) == 0.0
    assert ended["plain"].losses == ended["again"].losses


@pytest.mark.parametrize("name", ["stage0", "stage1", "stage3", "whole", "checkpointing", "sdpa"])
def test_how_the_work_is_shared_out_changes_no_weight(name: str, ended: Mapping[str, Ended]) -> None:
    """ZeRO's stages, micro-batches, activations made twice, transformers' attention with its mask."""
    assert ended[name].losses == pytest.approx(ended["plain"].losses, abs=2e-5)
    assert apart(ended[name], ended["plain"]) < 2e-4


@pytest.mark.parametrize("name", TWO)
def test_two_processes_come_to_what_one_does(
    name: str, ended: Mapping[str, Ended], by_two: Mapping[str, Ended]
) -> None:
    assert by_two[name].status == 0, by_two[name].said
    assert by_two[name].losses == pytest.approx(ended[name].losses, abs=2e-5)
    assert by_two[name].evaluations == pytest.approx(ended[name].evaluations, abs=2e-5)
    assert apart(by_two[name], ended[name]) < 2e-4


@pytest.mark.parametrize("name", ["paper", "none", "split", "bf16", "lora", "markers", "pretraining"])
def test_other_ways_of_training_learn_too(name: str, ended: Mapping[str, Ended]) -> None:
    run = ended[name]

    assert run.status == 0, run.said
    assert run.losses[-1] < run.losses[0]


def test_the_exported_model_is_the_one_that_was_trained(ended: Mapping[str, Ended]) -> None:
    """As transformers loads it, it has the loss that the last evaluation told, over the prompt that was taught."""
    folder = ended["plain"].out / MODEL
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)

    said = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is 3 and one?"}], add_generation_prompt=True, return_tensors="pt",
        return_dict=True,
    )  # fmt: skip
    text = tokenizer.decode(said["input_ids"][0])
    with torch.no_grad():
        logits = model(**said).logits

    assert text.endswith("USER: What is 3 and one? GPT:")
    assert torch.isfinite(logits).all()
    assert model.config.use_cache
    assert (folder / "assay.json").is_file()


def test_lora_is_exported_whole_at_every_stage(ended: Mapping[str, Ended]) -> None:
    one, other = ended["lora"], ended["lora3"]

    assert set(one.weights) == set(ended["plain"].weights)
    assert apart(one, other) < 2e-4
    assert apart(one, ended["plain"]) > 1e-3
    assert (one.out / MODEL / "adapter" / "adapter_model.safetensors").is_file()


def test_markers_that_are_tokens_give_the_model_rows_for_them(ended: Mapping[str, Ended]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(ended["markers"].out / MODEL)
    plain = AutoTokenizer.from_pretrained(ended["plain"].out / MODEL)

    assert len(tokenizer) > len(plain)


def test_a_run_that_diverges_ends_with_its_last_checkpoint_whole(ended: Mapping[str, Ended]) -> None:
    run = ended["diverges"]

    assert run.status == Diverged.status
    assert "has diverged" in run.said
    assert (run.state["state"], run.state["error"]) == ("failed", run.said)
    assert not (run.out / MODEL).exists()
    for line in (run.out / "metrics.jsonl").read_text("utf-8").splitlines():
        assert "NaN" not in line


def test_weights_that_are_no_numbers_are_never_saved(ended: Mapping[str, Ended]) -> None:
    """The warm-up's first update is nothing; the second one is beyond what fp32 can hold."""
    run = ended["unfit"]

    assert run.status == Diverged.status
    assert "A weight is no number after step 2" in run.said
    assert [step for step, _ in checkpoints.found(run.out)] == [1]


def test_a_run_killed_at_any_moment_goes_on_to_the_very_same_model(
    material: tuple[Path, str], ended: Mapping[str, Ended]
) -> None:
    """kill -9 after step 10, which is no step that was saved; the checkpoint of step 7 is."""
    folder, text = material
    path = runs.declare(folder, "killed", text, VARIANTS["plain"])
    process = subprocess.Popen(runs.command(path), cwd=runs.ROOT, env=runs.ALONE, stderr=subprocess.DEVNULL)
    wait_for_step(path.with_suffix(""), 10, process)
    process.kill()
    process.wait()
    assert not (path.with_suffix("") / MODEL).exists()

    run = runs.called(path)

    assert run.status == 0, run.said
    assert run.losses == ended["plain"].losses
    assert apart(run, ended["plain"]) == 0.0


def test_a_run_that_is_told_to_end_saves_and_goes_on(material: tuple[Path, str], ended: Mapping[str, Ended]) -> None:
    folder, text = material
    path = runs.declare(folder, "told", text, VARIANTS["paper"])
    process = subprocess.Popen(runs.command(path), cwd=runs.ROOT, env=runs.ALONE, stderr=subprocess.DEVNULL)
    wait_for_step(path.with_suffix(""), 9, process)
    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=60) == Stopped.status
    stopped = Ended(0, "", path.with_suffix(""))
    assert stopped.state["state"] == "stopped"
    assert len(stopped.losses) == stopped.state["step"] < STEPS

    run = runs.called(path)

    assert run.status == 0, run.said
    assert run.losses == ended["paper"].losses
    assert apart(run, ended["paper"]) == 0.0
    assert run.said.endswith(f"tiny is trained. Its model: {run.out / MODEL}\n")
    assert "there already" in str(runs.done([path])["told"].state["message"])


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        (
            "optimization.learning_rate = 1e-3\ncourse.seed = 5",
            "course.seed was 0, now 5; optimization.learning_rate was 0.005, now 0.001",
        ),
        ('data.train = "other.jsonl"', "data was"),
    ],
    ids=["another declaration", "other data"],
)
def test_a_folder_belongs_to_one_run_and_another_leaves_it_as_it_is(
    changes: str, differs: str, material: tuple[Path, str], ended: Mapping[str, Ended]
) -> None:
    folder, text = material
    tiny_runs.write_dialogues(folder / "other.jsonl", 30, first=1000)
    before = contents(ended["plain"].out)
    path = runs.declare(folder, "plain", text, changes)
    try:
        refused = runs.done([path])["plain"]
    finally:
        runs.declare(folder, "plain", text, VARIANTS["plain"])

    assert refused.status == BadRun.status
    assert f"holds another run: {differs}" in refused.said
    assert contents(ended["plain"].out) == before


def test_another_run_s_folder_is_refused_by_all_processes(
    material: tuple[Path, str], by_two: Mapping[str, Ended]
) -> None:
    """The first process alone looks; the other must not wait for it."""
    folder, text = material
    path = runs.declare(folder, "two-plain", text, "course.seed = 5")
    refused = runs.done([path], processes=2)["two-plain"]

    assert refused.status == BadRun.status
    assert "course.seed was 0, now 5" in refused.said
    assert by_two["plain"].state["state"] == "done"


def test_a_second_call_at_the_same_time_is_refused_and_the_first_goes_on(material: tuple[Path, str]) -> None:
    folder, text = material
    path = runs.declare(folder, "both", text, "[course]\nsteps = 100000")
    process = subprocess.Popen(runs.command(path), cwd=runs.ROOT, env=runs.ALONE, stderr=subprocess.DEVNULL)
    try:
        wait_for_step(path.with_suffix(""), 3, process)
        refused = runs.done([path])["both"]
        assert refused.status == BadRun.status
        assert "Another process trains in" in refused.said
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == Stopped.status
    finally:
        process.kill()
        process.wait()


def test_a_model_whose_last_step_diverged_is_neither_saved_nor_exported(material: tuple[Path, str]) -> None:
    """The only step's loss and gradient are numbers; the weights that it makes are none."""
    folder, text = material
    changes = "[course]\nsteps = 1\n[optimization]\nlearning_rate = 1e300\nwarmup = { steps = 0 }"
    paths = [
        runs.declare(folder, "last", text, f"{changes}\n[data]\nevaluation_share = 0.0\n[course]\nevaluate_every = 0"),
        runs.declare(folder, "seen", text, changes),
    ]
    ended = runs.done(paths)

    assert ended["last"].status == ended["seen"].status == Diverged.status
    assert "A weight is no number after step 1" in ended["last"].said
    assert "The loss of the evaluation after step 1 is nan" in ended["seen"].said
    assert not any((run.out / MODEL).exists() for run in ended.values())


def contents(out: Path) -> Mapping[str, bytes]:
    """Every file that says something."""
    return {str(path): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def wait_for_step(out: Path, step: int, process: subprocess.Popen[bytes]) -> None:
    """Until so many steps are logged."""
    until = time.monotonic() + runs.SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, "it ended by itself"
        metrics = out / "metrics.jsonl"
        if metrics.is_file() and sum('"loss"' in line for line in metrics.read_text("utf-8").splitlines()) >= step:
            return
        time.sleep(0.02)
    pytest.fail("it took too long")
