"""The estimate as a person calls it: a sample of the data, a config, and a table."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.trainer import tiny_runs, tiny_tokenizers
from tests.trainer.sizes import LLAMA_7B
from trainer import dialogues, estimate, forecast, metrics, packing, plan, reading, sampling
from trainer.errors import BadRun
from trainer.folder import METRICS
from trainer.forecast import Estimate
from trainer.run import Base, Data, Offload, Optimization, Optimizer, Precision, Run, Sharding, Text
from trainer.text import serialiser_of

RUN = Run("big", Path("out"), Data(()), Base("llama"))


def tiny(folder: Path, *, added: str = "", dialogues: int = 40) -> Path:
    (folder / "run.toml").write_text(tiny_runs.material(folder, dialogues=dialogues) + added)
    return folder / "run.toml"


def of_7b(run: Run, *, processes: int = 1, holds: int | None = None, free: int = 10**13) -> Estimate:
    found = plan.amount(run, [20_000_000])
    planned = plan.plan(run, LLAMA_7B, found, peak=989.4e12, share=0.4, processes=processes)
    return Estimate(run, LLAMA_7B, found, planned, processes, 989.4e12, 0.4, free, holds)


def test_the_command_tells_model_data_course_time_memory_and_disk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert estimate.main([str(tiny(tmp_path))]) == 0
    told = capsys.readouterr().out
    run = reading.read(tmp_path / "run.toml")
    serialiser = serialiser_of(run.text, tiny_tokenizers.saved(tiny_tokenizers.llama(), tmp_path / "base"))
    lengths = [len(serialiser.tokens(dialogue).ids) for dialogue in dialogues.read(tmp_path / "train.jsonl")]
    tokens, rows = sum(lengths) - len(lengths), len(packing.plan(lengths, 64, run.text.packing))
    assert f"data      {tokens:,} tokens in 40 dialogues, {rows} rows of 64\n" in told
    assert f"course    {-(-rows // 4)} steps of 4 rows, {tokens:,} tokens in all\n" in told
    assert "parameters, all trained, fp32\n" in told
    assert "at 50% of" in told
    assert [line.split()[0] for line in told.splitlines() if line.startswith("    ")] == ["ZeRO", "0", "1", "2", "3"]
    assert "are free" in told


def test_a_device_elsewhere_can_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert estimate.main([str(tiny(tmp_path)), "--processes", "4", "--peak-tflops", "989.4"]) == 0
    assert "at 4 × 40% of 989.40 TFLOP/s" in capsys.readouterr().out


def test_a_bad_run_is_told_with_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tiny(tmp_path, added="bach = 3\n")
    assert estimate.main([str(path)]) == 2
    assert "did you mean batch?" in capsys.readouterr().err


def test_a_large_file_is_sampled_evenly_and_comes_out_close(tmp_path: Path) -> None:
    few, many = tmp_path / "few.jsonl", tmp_path / "many.jsonl"
    tiny_runs.write_dialogues(few, 1000)
    tiny_runs.write_dialogues(many, 3000)
    assert sampling.spread((few,))[1] == 1
    lines, every = sampling.spread((few, many))
    assert every == 4
    assert len(lines) == 1000
    assert lines[1][0] == f"{few}:5"
    run = reading.read(tiny(tmp_path))
    run = replace(run, data=replace(run.data, train=(few, many)))
    serialiser = serialiser_of(run.text, tiny_tokenizers.saved(tiny_tokenizers.llama(), tmp_path / "base"))
    exact = sum(len(serialiser.tokens(dialogue).ids) - 1 for file in (few, many) for dialogue in dialogues.read(file))
    found = sampling.about(run, serialiser)
    assert not found.counted
    assert found.tokens == pytest.approx(exact, rel=0.01)
    assert found.dialogues == pytest.approx(4000, rel=0.01)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRun, match=r"absent\.jsonl can't be read: No such file"):
        sampling.spread((tmp_path / "absent.jsonl",))


def test_free_space_is_that_of_the_nearest_folder_that_is_there(tmp_path: Path) -> None:
    assert estimate.free(tmp_path / "a" / "b") == pytest.approx(estimate.free(tmp_path), rel=0.01)


def test_what_does_not_fit_is_warned_of_with_what_takes_less() -> None:
    told = forecast.told(of_7b(RUN, holds=80 * 10**9, free=10**9))
    assert "more than the 80.0 GB of this machine's GPU: gradient checkpointing" in told
    assert "that does not fit: keep fewer checkpoints" in told
    assert "did not" not in told
    assert "warning" not in forecast.told(of_7b(replace(RUN, sharding=Sharding(2, Offload.CPU)), processes=8))


def test_adapters_and_unknown_devices_are_told(tmp_path: Path) -> None:
    found = of_7b(RUN)
    adapted = replace(found, sizes=replace(LLAMA_7B, trained=1000))
    unknown = replace(adapted, plan=replace(found.plan, seconds=None), peak=None)
    told = forecast.told(unknown)
    assert "1,000 trained, bf16" in told
    assert "time      unknown: name the device's speed as tracking.peak_tflops" in told


def test_a_run_that_ends_in_its_warm_up_is_warned_of() -> None:
    found = of_7b(RUN)
    course = replace(found.plan.outline, warning="Too short.")
    warned = replace(found, plan=replace(found.plan, outline=course))
    assert "  warning   Too short.\n" in forecast.told(warned)


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (RUN, (1, 2, 3)),
        (replace(RUN, model=Base("x", precision=Precision.FP32)), (0, 1, 2, 3)),
        (replace(RUN, model=Base("x", precision=Precision.FP32), sharding=Sharding(2, Offload.CPU)), (1, 2, 3)),
        (
            replace(
                RUN,
                model=Base("x", precision=Precision.FP32),
                optimization=Optimization(optimizer=Optimizer.ADAFACTOR),
            ),
            (0,),
        ),
    ],
)
def test_only_stages_that_the_run_could_have_are_shown(run: Run, expected: tuple[int, ...]) -> None:
    assert forecast.stages(run) == expected


def test_rows_are_told_by_the_thousand() -> None:
    assert "rows of 2,048" in forecast.told(of_7b(replace(RUN, text=Text())))


@pytest.mark.long
def test_a_run_takes_the_steps_the_tokens_and_the_disk_that_were_told(tmp_path: Path) -> None:
    path = tiny(tmp_path)
    found = estimate.estimate(reading.read(path))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-m", "trainer.train", str(path)], check=True, env=environment, timeout=300)
    out = found.run.out
    line = metrics.read(out / METRICS)[-1]
    assert (line["step"], line["tokens"]) == (found.plan.outline.steps, found.plan.outline.tokens)
    assert found.plan.outline.rate == pytest.approx(metrics.number(metrics.result([line]), "peak_learning_rate"))
    saved = sum(file.stat().st_size for file in (out / "checkpoints").rglob("*.pt"))
    assert saved == pytest.approx(found.plan.checkpoint, rel=0.02)
    assert (out / "model" / "model.safetensors").stat().st_size == pytest.approx(4 * found.sizes.parameters, rel=0.02)
