"""Steps, time and disk of a run by arithmetic, with the paper's own ladder."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.trainer.sizes import GPT2_XL
from trainer import plan
from trainer.plan import Amount
from trainer.run import Base, Course, Data, Optimization, Packing, Precision, Pretraining, Run, Sharding, Text, Warmup

PAPER = Run("paper", Path("out"), Data(()), Base("llama"), optimization=Optimization(warmup=Warmup(steps=1000)))


def of_tokens(tokens: int) -> Amount:
    return plan.amount(PAPER, [tokens])


@pytest.mark.parametrize(
    ("tokens", "steps", "rate"),
    [
        (300_000, 5, 8e-6),
        (1_000_000, 16, 3e-5),
        (5_000_000, 77, 1.52e-4),
        (20_000_000, 306, 6.1e-4),
        (80_000_000, 1221, 2e-3),
        (150_000_000, 2289, 2e-3),
    ],
)
def test_the_papers_ladder_confounds_data_with_the_rate_that_is_reached(tokens: int, steps: int, rate: float) -> None:
    """ml.md §0.3: 4.6, 15, 76, 305, 1221 and 2289 steps of 65,536 tokens; a last, smaller batch is a step, too."""
    planned = plan.outline(PAPER, of_tokens(tokens))
    assert planned.steps == steps
    assert planned.rate == pytest.approx(rate)
    assert bool(planned.warning) == (steps <= 1000)
    assert planned.warmup_steps == 1000


def test_rows_follow_the_packing() -> None:
    run = replace(PAPER, text=Text(block=10))
    lengths = [4, 25, 10]
    assert plan.amount(run, lengths).rows == 4
    assert plan.amount(replace(run, text=Text(block=10, packing=Packing.CONCAT)), lengths).rows == 3
    assert plan.amount(replace(run, text=Text(block=10, packing=Packing.NONE)), lengths).rows == 1 + 3 + 1


def test_a_sample_stands_for_more_and_says_so() -> None:
    found = plan.amount(replace(PAPER, text=Text(block=10)), [4, 16], times=3.0)
    assert found == Amount(tokens=60, dialogues=6, rows=6, counted=False)


def test_held_out_dialogues_go_and_pretraining_text_comes() -> None:
    run = replace(PAPER, data=Data((), evaluation_share=0.5), text=Text(block=10))
    assert plan.amount(run, [40, 40]).rows == 4
    mixed = replace(PAPER, data=Data((), pretraining=Pretraining((), 0.75)), text=Text(block=10))
    found = plan.amount(mixed, [40])
    assert found.rows == 16
    assert plan.outline(mixed, found).tokens == 160


def test_epochs_multiply_and_steps_end() -> None:
    run = replace(PAPER, text=Text(block=10), optimization=replace(PAPER.optimization, batch=4))
    found = plan.amount(run, [100])
    twice = plan.outline(replace(run, course=Course(epochs=2)), found)
    early = plan.outline(replace(run, course=Course(steps=1)), found)
    assert (twice.steps, twice.tokens) == (6, 200)
    assert (early.steps, early.tokens) == (1, 34)


def test_time_is_operations_by_speed_and_checkpointing_takes_a_third_more() -> None:
    """GPT-2 XL at 40 % of an H200: 38.5k tokens a second (ml.md §7)."""
    run = replace(PAPER, text=Text(block=1024))
    found = plan.amount(run, [38_500 * 60])
    planned = plan.plan(run, GPT2_XL, found, peak=989.4e12, share=0.4)
    assert planned.seconds == pytest.approx(60, rel=2e-3)
    spared = replace(run, model=replace(run.model, gradient_checkpointing=True))
    again = plan.plan(spared, GPT2_XL, found, peak=989.4e12, share=0.4, processes=2)
    assert again.seconds == pytest.approx(60 * 4 / 3 / 2, rel=2e-3)


def test_disk_holds_one_checkpoint_more_than_are_kept_the_model_and_the_data() -> None:
    parameters = GPT2_XL.parameters
    assert plan.checkpoint(PAPER, GPT2_XL) == (2 + 4 + 8) * parameters
    assert plan.disk(PAPER, GPT2_XL, 10) == 3 * 14 * parameters + 2 * parameters + 50
    whole = replace(PAPER, sharding=Sharding(stage=0), model=Base("x", precision=Precision.FP32))
    assert plan.checkpoint(whole, GPT2_XL) == (4 + 8) * parameters


def test_without_data_there_are_no_steps() -> None:
    assert plan.outline(PAPER, plan.amount(PAPER, [])).steps == 0
