"""What DeepSpeed is told of a run, and which batches processes can share. Training itself: test_zero.py."""

from dataclasses import replace
from pathlib import Path

import pytest

from trainer import engine
from trainer.errors import BadRun
from trainer.run import Base, Data, Offload, Optimization, Precision, Run, Sharding

RUN = Run(name="a run", out=Path("out"), data=Data(train=()), model=Base(base="none"))


def test_a_batch_is_shared_by_processes_and_micro_steps():
    assert engine.accumulation(Optimization(batch=32, micro_batch=2), 4) == 4
    assert engine.accumulation(Optimization(batch=6, micro_batch=2), 3) == 1


def test_a_batch_that_does_not_come_out_even_is_told_which_do():
    with pytest.raises(
        BadRun, match=r"A batch of 32 rows .* take 6 rows at a time\. Set optimization\.batch to 30 or 36"
    ):
        engine.accumulation(Optimization(batch=32, micro_batch=2), 3)
    with pytest.raises(BadRun, match=r"Set optimization\.batch to 64, or"):
        engine.check(replace(RUN, optimization=Optimization(batch=32, micro_batch=8)), 8)


def test_the_papers_run_in_bf16_sums_gradients_in_fp32():
    told = engine.configuration(RUN, 2)
    assert told["train_micro_batch_size_per_gpu"] == 1
    assert told["gradient_accumulation_steps"] == 16
    assert told["gradient_clipping"] == 1.0
    assert told["bf16"] == {"enabled": True}
    assert told["data_types"] == {"grad_accum_dtype": "fp32"}
    assert told["zero_optimization"] == {"stage": 2}


def test_offloading_takes_states_and_at_stage_3_parameters():
    zero = [
        engine.configuration(replace(RUN, sharding=Sharding(stage, Offload.CPU)), 1)["zero_optimization"]
        for stage in (2, 3)
    ]
    assert zero == [
        {"stage": 2, "offload_optimizer": {"device": "cpu"}},
        {"stage": 3, "offload_optimizer": {"device": "cpu"}, "offload_param": {"device": "cpu"}},
    ]


def test_fp32_is_not_bf16():
    told = engine.configuration(replace(RUN, model=Base(base="none", precision=Precision.FP32)), 1)
    assert told["bf16"] == {"enabled": False}
