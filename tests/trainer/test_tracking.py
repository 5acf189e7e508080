"""What a run logs: metrics.jsonl to the line, through a kill and a resume, and to every other place."""

import io
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.trainer.sizes import GPT2_XL
from trainer import metrics, sinks, tracking
from trainer.errors import BadRun
from trainer.folder import METRICS
from trainer.metrics import Amounts
from trainer.run import Base, Course, Data, Run, Text
from trainer.run import Tracking as Where
from trainer.sinks import Sink, TensorBoard, Terminal, WandB
from trainer.tracking import Tracker

# 5 rows of 8 places, 2 a step: steps of 2, 2 and 1 rows.
BATCHES = [np.array([3, 1]), np.array([0, 2]), np.array([4])]
AMOUNTS = Amounts.of(BATCHES, tokens=np.array([8, 8, 6, 8, 3]), supervised=np.array([4, 2, 1, 8, 0]), block=8)


class Clock:
    """A clock that says what it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal80(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def tracker(path: Path, clock: Clock, *, after: int = 0, every: int = 1, sinks: Iterable[Sink] = ()) -> Tracker:
    return Tracker(path, AMOUNTS, sinks, after=after, every=every, flops_per_token=10.0, peak=1e3, clock=clock)


def step(of: Tracker, number: int, clock: Clock, *, seconds: float = 2.0, loss: float = 1.5) -> None:
    clock.now += seconds
    of.step(number, loss=loss, learning_rate=1e-3 * number, gradient_norm=0.5)


def test_amounts_add_up_over_steps_and_a_smaller_last_one() -> None:
    assert AMOUNTS.tokens.tolist() == [0, 16, 30, 33]
    assert AMOUNTS.supervised.tolist() == [0, 10, 15, 15]
    assert AMOUNTS.places.tolist() == [0, 16, 32, 40]


def test_without_a_step_there_are_amounts_of_nothing() -> None:
    none = Amounts.of([], tokens=np.zeros(1, np.int64), supervised=np.zeros(1, np.int64), block=8)
    assert none.tokens.tolist() == [0]


def test_a_step_is_a_line_with_rates_since_the_line_before(tmp_path: Path) -> None:
    clock = Clock()
    log = tracker(tmp_path / METRICS, clock)
    step(log, 1, clock)
    step(log, 2, clock, seconds=4.0)
    first, second = metrics.read(tmp_path / METRICS)
    assert set(first) == {
        "step", "loss", "learning_rate", "gradient_norm", "tokens", "supervised", "seconds", "tokens_per_second",
        "supervised_per_second", "padded_tokens_per_second", "mfu", "memory_bytes", "at",
    }  # fmt: skip
    assert (first["tokens"], first["seconds"], first["tokens_per_second"]) == (16, 2.0, 8.0)
    assert (second["tokens"], second["supervised"], second["seconds"]) == (30, 15, 6.0)
    assert (second["tokens_per_second"], second["supervised_per_second"]) == (3.5, 1.25)
    assert (second["padded_tokens_per_second"], second["mfu"]) == (4.0, 3.5 * 10 / 1e3)
    assert metrics.number(second, "memory_bytes") > 10**6


def test_with_log_every_the_steps_between_count_and_the_last_is_always_there(tmp_path: Path) -> None:
    clock = Clock()
    log = tracker(tmp_path / METRICS, clock, every=2)
    for number in (1, 2, 3):
        step(log, number, clock)
    lines = metrics.read(tmp_path / METRICS)
    assert [line["step"] for line in lines] == [2, 3]
    assert lines[0]["tokens_per_second"] == 30 / 4


def test_evaluating_and_saving_are_no_training(tmp_path: Path) -> None:
    clock = Clock()
    log = tracker(tmp_path / METRICS, clock)
    step(log, 1, clock)
    clock.now += 50
    log.evaluation(1, 2.25, 77)
    clock.now += 50
    log.mark()
    step(log, 2, clock)
    lines = metrics.read(tmp_path / METRICS)
    assert {key: lines[1][key] for key in ("step", "evaluation_loss", "evaluation_tokens")} == {
        "step": 1, "evaluation_loss": 2.25, "evaluation_tokens": 77,
    }  # fmt: skip
    assert lines[2]["seconds"] == 4.0


def test_a_resumed_run_drops_what_came_after_its_checkpoint_and_counts_on(tmp_path: Path) -> None:
    clock = Clock()
    log = tracker(tmp_path / METRICS, clock)
    for number in (1, 2, 3):
        step(log, number, clock)
    with (tmp_path / METRICS).open("a") as file:
        file.write('{"step": 4, "lo')  # killed in the middle of a line
    step(tracker(tmp_path / METRICS, clock, after=2), 3, clock, seconds=5.0)
    lines = metrics.read(tmp_path / METRICS)
    assert [line["step"] for line in lines] == [1, 2, 3]
    assert (lines[2]["seconds"], lines[2]["tokens_per_second"]) == (9.0, 3 / 5)
    assert not list(tmp_path.glob("*.part"))


def test_a_loss_that_is_no_number_is_no_line(tmp_path: Path) -> None:
    clock = Clock()
    log = tracker(tmp_path / METRICS, clock)
    with pytest.raises(ValueError, match="JSON compliant"):
        step(log, 1, clock, loss=float("nan"))
    assert metrics.read(tmp_path / METRICS) == []


def test_the_result_has_the_last_losses_and_the_highest_rate(tmp_path: Path) -> None:
    clock = Clock()
    log = tracker(tmp_path / METRICS, clock)
    assert log.result()["peak_learning_rate"] is None
    step(log, 1, clock)
    step(log, 2, clock, loss=0.75)
    log.evaluation(2, 1.25, 9)
    assert log.result() == {
        "step": 2, "loss": 0.75, "tokens": 30, "supervised": 15, "seconds": 4.0, "evaluation_loss": 1.25,
        "peak_learning_rate": 2e-3,
    }  # fmt: skip


def run(folder: Path, **where: object) -> Run:
    shown = replace(Where(), **where)  # type: ignore[arg-type]
    return Run("r", folder, Data(()), Base("x"), Text(block=8), course=Course(log_every=1), tracking=shown)


def test_a_runs_own_tracker_knows_its_device_by_what_it_declares(tmp_path: Path) -> None:
    log = Tracker.open(run(tmp_path, peak_tflops=2.0), AMOUNTS, GPT2_XL, after=0, processes=2)
    log.step(1, loss=1.0, learning_rate=1e-3, gradient_norm=1.0)
    log.close()
    (line,) = metrics.read(tmp_path / METRICS)
    per_token = 6 * GPT2_XL.parameters + 12 * 48 * 1600 * 8
    assert line["mfu"] == pytest.approx(metrics.number(line, "tokens_per_second") * per_token / 4e12)
    assert tracking.peak_of(run(tmp_path)) is None


def test_a_processor_has_no_mfu(tmp_path: Path) -> None:
    log = Tracker.open(run(tmp_path), AMOUNTS, GPT2_XL, after=0)
    log.step(1, loss=1.0, learning_rate=1e-3, gradient_norm=1.0)
    assert metrics.read(tmp_path / METRICS)[0]["mfu"] is None


def test_tensorboard_shows_every_number_and_hides_what_a_resumed_run_repeats(tmp_path: Path) -> None:
    for after, losses in ((0, (3.0, 2.0, 1.0)), (1, (2.5, 1.5))):
        log = Tracker.open(run(tmp_path, tensorboard=True), AMOUNTS, GPT2_XL, after=after)
        for number, loss in enumerate(losses, start=after + 1):
            log.step(number, loss=loss, learning_rate=1e-3, gradient_norm=1.0)
        log.close()
    shown = EventAccumulator(str(tmp_path / sinks.TENSORBOARD)).Reload()
    assert [(event.step, event.value) for event in shown.Scalars("loss")] == [(1, 3.0), (2, 2.5), (3, 1.5)]
    assert "learning_rate" in shown.Tags()["scalars"]


@pytest.mark.parametrize(
    ("module", "sink", "words"),
    [
        ("wandb", WandB, "tracking.wandb needs the package wandb"),
        ("tensorboard", TensorBoard, "needs the package tensorb"),
    ],
)
def test_what_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, sink: type, words: str
) -> None:
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BadRun, match=words):
        sink(run(tmp_path), {}) if sink is WandB else sink(run(tmp_path), after=0)


WANDB = '''
"""Writes down what it is told: stands in for W&B's package, which the tests do not install."""
import json
from pathlib import Path


def init(**said):
    return Run(said)


class Run:
    def __init__(self, said):
        self.file = Path(said["dir"]) / "wandb.jsonl"
        self.told(said)

    def told(self, said):
        with self.file.open("a") as file:
            file.write(json.dumps(said, default=str) + "\\n")

    def log(self, values, step):
        self.told({"step": step, **values})

    def finish(self):
        self.told({"finished": True})
'''


def test_wandb_is_told_every_number_under_one_id_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wandb.py").write_text(WANDB)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    for after in (0, 1):
        log = Tracker.open(run(tmp_path, wandb="imitation"), AMOUNTS, GPT2_XL, after=after)
        log.step(after + 1, loss=1.0, learning_rate=1e-3, gradient_norm=1.0)
        log.close()
    said = [json.loads(line) for line in (tmp_path / "wandb.jsonl").read_text().splitlines()]
    assert (said[0]["project"], said[0]["name"], said[0]["resume"]) == ("imitation", "r", "allow")
    assert said[0]["id"] == said[3]["id"]
    assert said[0]["config"]["text"]["block"] == 8
    assert (said[1]["step"], said[4]["step"], said[1]["loss"]) == (1, 2, 1.0)
    assert said[2] == {"finished": True}
    monkeypatch.delitem(sys.modules, "wandb")


VALUES = {"loss": 1.25, "learning_rate": 2e-3, "tokens_per_second": 12_345.6, "mfu": 0.423}


def test_a_terminal_has_one_line_that_says_what_is_left() -> None:
    stream, clock = Terminal80(), Clock()
    terminal = Terminal(10, stream, clock)
    for number in (1, 2, 3):
        terminal.write(number, VALUES)
        clock.now += 60
    terminal.close()
    lines = stream.getvalue().split("\r\x1b[K")
    assert lines[1] == "step 1 of 10 · loss 1.2500 · learning rate 2.00e-03 · 12,346 tokens/s · MFU 42.3%"
    assert lines[3].endswith("MFU 42.3% · 7 min 0 s left\n")


def test_steps_in_quick_succession_are_not_all_shown_but_the_last_is() -> None:
    stream, clock = Terminal80(), Clock()
    terminal = Terminal(5, stream, clock)
    for number in range(1, 6):
        terminal.write(number, VALUES)
        clock.now += 0.01
    assert stream.getvalue().count("\r") == 2
    assert "step 5 of 5" in stream.getvalue()


def test_a_file_gets_plain_lines_ten_seconds_apart() -> None:
    stream, clock = io.StringIO(), Clock()
    terminal = Terminal(100, stream, clock)
    for number in range(1, 22):
        terminal.write(number, {key: value for key, value in VALUES.items() if key != "mfu"})
        clock.now += 1
    terminal.write(22, {"evaluation_loss": 2.0})
    terminal.close()
    lines = stream.getvalue().splitlines()
    assert [line.split(" · ")[0] for line in lines] == [*(f"step {n} of 100" for n in (1, 11, 21, 22))]
    assert lines[2].endswith("12,346 tokens/s · 1 min 19 s left")


def test_an_evaluation_stays_on_a_terminal() -> None:
    stream = Terminal80()
    terminal = Terminal(5, stream, Clock())
    terminal.write(1, {"evaluation_loss": 2.0})
    terminal.write(2, {"evaluation_loss": 1.0})
    assert stream.getvalue().count("loss 2.0000\n\r") == 1


def test_an_evaluation_is_told_in_its_own_words() -> None:
    assert sinks.told(7, 9, {"evaluation_loss": 2.0}, None) == "step 7 of 9 · evaluation loss 2.0000"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.6, "1 min 0 s"), (3600 * 3 + 61, "3 h 1 min"), (86_400 * 2 + 3600 * 5, "2 d 5 h")],
)
def test_durations_have_two_units(seconds: float, words: str) -> None:
    assert sinks.duration(seconds) == words
