"""metrics.jsonl while it is written: half lines, steps that are written again, another file in its place."""

import json
from pathlib import Path

import pytest

from backend.services.training import folders, metrics
from backend.services.training.metrics import EVALUATION, LOSS, Memory, Metrics


def write(folder: Path, *lines: object, end: str = "") -> None:
    with (folder / "metrics.jsonl").open("a") as file:
        file.write("".join(f"{json.dumps(line)}\n" for line in lines) + end)


def step(number: int, loss: float) -> dict[str, float]:
    return {"step": number, "loss": loss}


def test_nothing_is_nothing(tmp_path: Path) -> None:
    assert metrics.read(tmp_path) == Metrics()
    assert metrics.read(tmp_path).newest(LOSS) is None


def test_it_is_read_on_from_where_it_was_read(tmp_path: Path) -> None:
    write(tmp_path, step(1, 3.0), {"step": 1, "evaluation_loss": 3.5}, step(2, 2.0), end='{"step": 3, "lo')
    seen = metrics.read(tmp_path)
    assert seen.points(LOSS) == [(1, 3.0), (2, 2.0)]
    assert seen.points(EVALUATION) == [(1, 3.5)]
    write(tmp_path, end='ss": 1.0}\n')
    assert metrics.read(tmp_path, seen).points(LOSS) == [(1, 3.0), (2, 2.0), (3, 1.0)]
    assert seen.offset == (tmp_path / "metrics.jsonl").stat().st_size
    assert seen.last == step(3, 1.0)


def test_steps_that_are_written_again_take_the_place_of_those_before(tmp_path: Path) -> None:
    write(tmp_path, step(1, 3.0), step(2, 2.0), step(3, 1.0), step(2, 2.5))
    assert metrics.read(tmp_path).points(LOSS) == [(1, 3.0), (2, 2.5)]


def test_another_file_in_its_place_is_read_from_its_beginning(tmp_path: Path) -> None:
    """As when a run goes on from a checkpoint, and what was logged after that is dropped."""
    write(tmp_path, step(1, 3.0), step(2, 2.0))
    seen = metrics.read(tmp_path)
    (tmp_path / "other").mkdir()
    write(tmp_path / "other", step(1, 3.0), step(2, 9.0), step(3, 8.0))
    (tmp_path / "other" / "metrics.jsonl").replace(tmp_path / "metrics.jsonl")
    assert metrics.read(tmp_path, seen).points(LOSS) == [(1, 3.0), (2, 9.0), (3, 8.0)]


@pytest.mark.parametrize("line", ["nonsense", "[1]", '{"loss": 1}', '{"step": 2, "loss": NaN}', '{"step": 2}'])
def test_a_line_that_says_nothing_is_passed_over(tmp_path: Path, line: str) -> None:
    write(tmp_path, step(1, 3.0), end=f"{line}\n")
    write(tmp_path, step(3, 1.0))
    assert metrics.read(tmp_path).points(LOSS) == [(1, 3.0), (3, 1.0)]


def test_a_memory_reads_new_lines_alone_and_gives_copies(tmp_path: Path) -> None:
    memory = Memory()
    write(tmp_path, step(1, 3.0))
    first = memory.read(tmp_path)
    write(tmp_path, step(2, 2.0))
    assert memory.read(tmp_path).points(LOSS) == [(1, 3.0), (2, 2.0)]
    assert first.points(LOSS) == [(1, 3.0)]


def test_a_memory_forgets_who_was_not_asked_for_longest(tmp_path: Path) -> None:
    memory = Memory()
    for number in range(metrics.MOST_KEPT + 1):
        memory.read(tmp_path / str(number))
    assert len(memory.kept) == metrics.MOST_KEPT
    assert tmp_path / "0" not in memory.kept


@pytest.mark.parametrize("content", [None, "{", "[]", '{"state": "dancing", "step": 1, "steps": 2}'])
def test_a_state_that_cannot_be_read_is_none(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "state.json").write_text(content)
    assert folders.progress(tmp_path) is None


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_facts_that_cannot_be_read_are_none(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    known = folders.facts(tmp_path)
    assert known == {}
    assert folders.warnings(known) == ()
    assert folders.peak_learning_rate(known) is None
    assert folders.log_ending(tmp_path) == ""
