"""The learning rate of every step. Numbers: the formulas by hand, and the paper's ladder (0.3M to 150M tokens, 32 ×
2048 of them a step, 1000 steps of warm-up to 2e-3)."""

from dataclasses import replace

import pytest

from trainer.errors import BadRun
from trainer.run import PAPER_BATCH, PAPER_BLOCK, PAPER_WARMUP_STEPS, Decay, Optimization, Warmup
from trainer.schedules import learning_rate, peak, warmup_steps, warning

PAPER = Optimization(learning_rate=2e-3, warmup=Warmup(steps=PAPER_WARMUP_STEPS))
DECAYING = Optimization(
    learning_rate=2e-3, final_learning_rate=1e-3, warmup=Warmup(steps=4), decay=Decay.COSINE, decay_steps=20
)


def test_the_first_update_is_nothing_and_the_warm_up_is_a_line():
    assert [learning_rate(DECAYING, step, 20) for step in range(5)] == [0.0, 5e-4, 1e-3, 1.5e-3, 2e-3]


def test_without_a_warm_up_the_first_update_has_the_whole_rate():
    assert learning_rate(replace(PAPER, warmup=Warmup(steps=0)), 0, 10) == 2e-3


def test_a_constant_rate_stays():
    assert learning_rate(PAPER, 2288, 2289) == 2e-3


def test_the_cosine_is_that_of_optax():
    """Rates of optax 0.2.8's warmup_cosine_decay_schedule(0, 2e-3, 4, 20, 1e-3)."""
    found = [learning_rate(DECAYING, step, 20) for step in (5, 6, 7)]
    assert found == pytest.approx([0.0019903926402016154, 0.0019619397662556434, 0.0019157348061512726], rel=1e-14)


def test_half_way_down_a_cosine_and_a_line_meet_and_both_end_at_the_final_rate():
    line = replace(DECAYING, decay=Decay.LINEAR)
    assert learning_rate(DECAYING, 12, 20) == pytest.approx(1.5e-3)
    assert learning_rate(line, 12, 20) == pytest.approx(1.5e-3)
    assert learning_rate(line, 8, 20) == pytest.approx(1.75e-3)
    assert learning_rate(DECAYING, 20, 30) == learning_rate(line, 29, 30) == pytest.approx(1e-3)


def test_a_decay_takes_the_whole_run_unless_it_says_otherwise():
    whole = replace(DECAYING, decay=Decay.LINEAR, decay_steps=None)
    assert learning_rate(whole, 54, 104) == pytest.approx(1.5e-3)


def test_a_decay_that_ends_before_its_warm_up_is_refused():
    with pytest.raises(BadRun, match="decay_steps is 4, but it includes the warm-up, which takes 4 steps"):
        learning_rate(replace(DECAYING, decay_steps=4), 4, 20)


@pytest.mark.parametrize(("fraction", "steps", "expected"), [(0.03, 100, 3), (0.07, 100, 7), (0.03, 10, 1), (0, 10, 0)])
def test_a_fraction_of_the_run_is_rounded_up(fraction: float, steps: int, expected: int):
    assert warmup_steps(replace(PAPER, warmup=Warmup(fraction=fraction)), steps) == expected


@pytest.mark.parametrize(
    ("tokens", "steps", "reached", "about"),
    [
        (0.3e6, 4.6, 8e-6, 9e-6),  # the fifth step is what is left of an epoch, so the last whole rate is the fourth's
        (1e6, 15, 3e-5, 3e-5),
        (5e6, 76, 1.52e-4, 1.5e-4),
        (20e6, 305, 6.1e-4, 6.1e-4),
        (80e6, 1221, 2e-3, 2e-3),
        (150e6, 2289, 2e-3, 2e-3),
    ],
)
def test_most_of_the_papers_ladder_never_reaches_its_learning_rate(
    tokens: float, steps: float, reached: float, about: float
):
    exact = tokens / (PAPER_BATCH * PAPER_BLOCK)
    assert exact == pytest.approx(steps, abs=0.5)
    assert min(exact / 1000, 1) * 2e-3 == pytest.approx(about, rel=0.05)
    whole = -int(-exact // 1)
    assert peak(PAPER, whole) == pytest.approx(reached, rel=0.01)
    assert bool(warning(PAPER, whole)) == (tokens < 65e6)


def test_the_peak_of_a_run_that_only_falls_is_its_first_rate():
    falling = replace(DECAYING, warmup=Warmup(steps=0))
    assert peak(falling, 20) == 2e-3
    assert peak(falling, 0) == 0.0


def test_a_run_that_ends_inside_its_warm_up_is_told_the_numbers():
    assert warning(PAPER, 5) == (
        "The run has 5 steps and its warm-up 1000: the learning rate never gets past 8.0e-06 of the 2.0e-03 that are"
        " declared, so that this run differs from longer ones by more than its data. Shorten the warm-up, or make it a"
        " fraction of the run."
    )
    assert warning(PAPER, 1000)
    assert not warning(PAPER, 1001)


def test_a_single_step_with_a_warm_up_changes_nothing_and_says_so():
    assert "never gets past 0.0e+00" in warning(Optimization(), 1)
