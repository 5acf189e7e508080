"""The coverage simulation simulates what its page says."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import coverage_report
from benchmarks.coverage import chosen, run, seated, voted
from benchmarks.coverage_grid import Cell, grid, score_icc, tie_share, truth

CELL = Cell("equal", 10, 40, 0.15, 0.3)


def simulated(cell: Cell, runs: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    seats = seated(generator, cell, runs)
    return seats, voted(generator, cell, seats)


def test_the_grid_holds_every_condition_once() -> None:
    assert len(grid()) == len(set(grid())) == 2 * 4 * 3 * 3 * 2
    assert {cell.raters for cell in chosen("load=skewed,prompts=30")} == {5, 10, 20, 70}


def test_a_rater_sits_once_at_a_prompt_and_loads_are_equal_or_skewed() -> None:
    equal, skewed = (simulated(Cell(load, 10, 40, 0.0, 0.1), 20)[0] for load in ("equal", "skewed"))
    assert (np.diff(np.sort(equal, axis=2), axis=2) > 0).all()
    assert (np.diff(np.sort(skewed, axis=2), axis=2) > 0).all()
    assert {tuple(np.bincount(seats.ravel())) for seats in equal} == {(12,) * 10}
    loads = np.bincount(skewed.ravel())
    assert loads[0] > 3 * loads[9]


def test_scores_have_the_mean_the_ties_and_the_correlation_that_the_page_states() -> None:
    _, scores = simulated(CELL, 4000)
    assert scores.mean() == pytest.approx(truth(), abs=0.005)
    assert (scores == 0.5).mean() == pytest.approx(tie_share(), abs=0.005)
    same_prompt = np.corrcoef(scores[:, :, 0].ravel(), scores[:, :, 1].ravel())[0, 1]
    assert same_prompt == pytest.approx(score_icc(0.3), abs=0.01)


def test_a_cell_comes_out_the_same_each_time_and_naive_is_too_narrow() -> None:
    once = run(CELL, 40, 1)
    assert once == run(CELL, 40, 1)
    assert once.coverage["naive"] < once.coverage["moments"]
    assert once.width["naive"] < once.width["moments"]


def test_a_section_is_written_between_its_marks_and_leaves_the_rest(tmp_path: Path) -> None:
    page = tmp_path / "coverage.md"
    page.write_text("# Coverage\n\nanother part\n", "utf-8")
    for runs in (10, 20):
        coverage_report.write(coverage_report.section([run(CELL, runs, 1)], seed=1, rounds=9), page)
    text = page.read_text("utf-8")
    assert "another part" in text
    assert "20 runs a cell" in text
    assert "10 runs a cell" not in text


def test_cells_that_miss_their_gate_are_named() -> None:
    found = run(CELL, 4, 1)
    found.coverage["moments"] = 0.5
    text = coverage_report.verdict([found])
    assert "misses its gate in 1 of 1 cells" in text
    assert "equal loads, 10 raters (10.0 effective), 40 prompts, ICC of prompts 0.3, of raters 0.15: 50 %" in text
