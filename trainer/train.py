"""Trains a model to imitate another: from a RUN.toml to a checkpoint that can be served. Reads from top to bottom.

    python -m trainer.train RUN.toml                                one process
    deepspeed --module trainer.train RUN.toml                       every GPU of this machine, or of a --hostfile's
    torchrun --nproc-per-node 2 --module trainer.train RUN.toml     the same with torch's launcher

The same call again goes on where it was, after a SIGTERM as after a crash, and comes to the same model, bit for bit.
"""

import argparse
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any  # DeepSpeed's engine has no types

import numpy as np
import torch
from torch import distributed
from transformers import logging as transformers_logging

from trainer import (
    checkpoints,
    engine,
    estimate,
    export,
    folder,
    identity,
    model,
    plan,
    reading,
    report,
    schedules,
    shapes,
    trial,
)
from trainer.blocks import share
from trainer.data import Dataset, hash_of, prepared
from trainer.engine import World
from trainer.errors import Stopped, TrainerError
from trainer.evaluation import evaluate
from trainer.flops import Sizes
from trainer.folder import State, disk_in_words
from trainer.forecast import Estimate
from trainer.learner import Learner, feed
from trainer.loss import refuse_no_number, weights
from trainer.run import Run
from trainer.signals import Stop, heard
from trainer.text import serialiser_of
from trainer.tracking import Tracker


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit status is one of trainer.errors."""
    path = asked(sys.argv[1:] if arguments is None else arguments)
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning)  # libraries talking to one another
    try:
        run = reading.read(path)
        with heard() as stop, joined() as world:
            watched(run, world, stop)
    except TrainerError as error:
        sys.stderr.write(f"{error}\n")
        return error.status
    return 0


def asked(arguments: Sequence[str]) -> Path:
    """The RUN.toml of a call."""
    parser = argparse.ArgumentParser(prog="python -m trainer.train", description=__doc__, formatter_class=VERBATIM)
    parser.add_argument("run", type=Path, metavar="RUN.toml", help="what is trained on what, and how: docs/training.md")
    parser.add_argument(
        "--local_rank", "--local-rank", type=int, help=argparse.SUPPRESS
    )  # DeepSpeed's launcher adds it
    return parser.parse_args(arguments).run


@contextmanager
def joined() -> Iterator[World]:
    """Meet the run's other processes for as long as the block runs."""
    world = engine.join()
    try:
        yield world
    finally:
        engine.leave()


VERBATIM = argparse.RawDescriptionHelpFormatter


def watched(run: Run, world: World, stop: Stop) -> None:
    """Train, and leave in the folder how it ended, for whoever looks there."""
    desk = folder.Desk(run.out, writes=world.rank == 0)
    try:
        with disk_in_words(run.out):
            train(run, world, stop, desk)
        desk.say(f"{run.name} is trained. Its model: {run.out / folder.MODEL}")
    except Stopped as stopped:
        desk.tell(State.STOPPED, message=str(stopped))
        raise
    except TrainerError as error:
        desk.tell(State.FAILED, error=str(error))
        raise
    except Exception as error:  # the edge: the folder says what the terminal says
        desk.tell(State.FAILED, error=f"{type(error).__name__}: {error}")
        raise
    finally:
        desk.close()


def train(run: Run, world: World, stop: Stop, desk: folder.Desk) -> None:
    """The whole of it."""
    # What can't be trained is refused before anything is written, and so is a folder that holds another run.
    engine.check(run, world.size)
    sizes = shapes.sizes(run)
    tokenizer = model.tokenizer_of(run.model)
    serialiser = serialiser_of(run.text, tokenizer)
    who = identity.of(run, data=hash_of(run, serialiser), processes=world.size)
    forecast = engine.first_alone(world, lambda: opened(run, world, desk, who))

    # Dialogues become tokens, and tokens rows.
    def said(words: str) -> None:
        stop.obey()
        desk.message(words)

    data = prepared(run, serialiser, world, on_progress=said)
    if (run.out / folder.MODEL).is_dir():
        desk.tell(State.DONE, step=data.steps, steps=data.steps, message="The model is there already.")
        return

    # The model, tried before it learns anything: do conversations in one row stay apart?
    desk.tell(State.PREPARING, steps=data.steps, message="loading the model")
    learner = Learner(model.prepared(run, tokenizer))
    attention = trial.settle_attention(learner, choose=run.model.attention == "auto")

    # DeepSpeed takes it from here; what was trained before is put back, to the bit.
    going = Going(run, world, data, engine.start(learner, run, world), plan.checkpoint(run, sizes))
    done = checkpoints.resume(going.driver, run.out)
    desk.note(report.of(run, who, data, sizes, attention, serialiser, forecast))
    with tracking(going, sizes, after=done) as tracker:
        every_step(going, desk, stop, tracker, done=done)

        # What it has become, in the words that it was taught in.
        desk.tell(State.EXPORTING, step=data.steps)
        desk.note({"result": tracker.result() if tracker else {}})
        made_of = report.origin(run, who)
        export.export(
            learner, tokenizer, run.out, template=serialiser.chat_template, end=serialiser.end, origin=made_of
        )
        desk.tell(State.DONE)


def opened(run: Run, world: World, desk: folder.Desk, who: Mapping[str, str]) -> Estimate:
    """Have the folder say that there is a run, and what it will take. BadRun where it is another's."""
    desk.take()
    identity.refuse_another(run.out, who)
    desk.open(reading.to_toml(run))
    desk.tell(State.PREPARING, message="estimating")
    return estimate.estimate(run, processes=world.size)


@dataclass(frozen=True, slots=True)
class Going:
    """A run under way, in one of its processes. driver: DeepSpeed's engine around the learner. checkpoint: in bytes."""

    run: Run
    world: World
    data: Dataset
    driver: Any
    checkpoint: float


@contextmanager
def tracking(going: Going, sizes: Sizes, *, after: int) -> Iterator[Tracker | None]:
    """Whatever takes the numbers; the first process alone does."""
    run, data, world = going.run, going.data, going.world
    tracker = engine.first_alone(
        world, lambda: Tracker.open(run, data.amounts, sizes, after=after, processes=world.size)
    )
    try:
        yield tracker
    finally:
        if tracker:
            tracker.close()


def every_step(going: Going, desk: folder.Desk, stop: Stop, tracker: Tracker | None, *, done: int) -> None:
    """All steps that are missing, with evaluations and checkpoints. Raises Stopped, once saved, where told to."""
    run, steps = going.run, going.data.steps
    desk.tell(State.TRAINING, step=done)
    for step in range(done + 1, steps + 1):
        loss, norm, rate = one_step(going, step - 1)
        if tracker:
            tracker.step(step, loss=loss, gradient_norm=norm, learning_rate=rate)
        if going.data.evaluation is not None and is_due(step, run.course.evaluate_every, steps):
            told = evaluate(going.driver, going.data.evaluation, going.world, micro_batch=run.optimization.micro_batch)
            refuse_no_number(told[0], f"the evaluation after step {step:,}")
            if tracker:
                tracker.evaluation(step, *told)
        ends = checkpoints.anywhere(stop.told)
        if ends or is_due(step, run.course.save_every, steps):
            desk.tell(State.SAVING, step=step)
            checkpoints.refuse_no_numbers(going.driver, step)
            checkpoints.save(going.driver, run.out, step, keep=run.course.keep, size=going.checkpoint)
            if tracker:
                tracker.mark()
        desk.tell(State.TRAINING, step=step)
        if ends and step < steps:
            raise Stopped(f"Stopped after step {step:,} of {steps:,}, and saved: the same call goes on.")


def is_due(step: int, every: int, steps: int) -> bool:
    """Whether what happens every so many steps, and at the end, happens after this one."""
    return step == steps or bool(every and step % every == 0)


def one_step(going: Going, step: int) -> tuple[float, float, float]:
    """Forward, backward and one update (step from 0). Returns the batch's loss, the gradient's norm and the rate.

    Every process knows the whole batch, so each weighs its tokens by what the batch holds; nothing is averaged twice.
    Raises Diverged before the weights change where the loss is no number.
    """
    run, world, rows, driver = going.run, going.world, going.data.training, going.driver
    batch, parts = going.data.batch(step), driver.gradient_accumulation_steps()
    heavy = weights(run.optimization.loss, rows.supervised[batch])
    rate = schedules.learning_rate(run.optimization, step, going.data.steps)
    total, norm = torch.zeros((), device=world.device), None
    driver.train()
    for part in range(parts):
        mine = share(
            np.arange(len(batch)), part, micro_batch=run.optimization.micro_batch, rank=world.rank, world=world.size
        )
        loss = driver(feed([rows[int(row)] for row in batch[mine]], heavy[mine], world.device))
        driver.backward(loss * parts * world.size)  # DeepSpeed divides by these; the weights have done that already
        total += loss.detach()
        if part == parts - 1:
            distributed.all_reduce(total)
            refuse_no_number(float(total), f"step {step + 1:,}")
        norm = engine.update(driver, rate)
    assert norm is not None
    return float(total), norm, rate


if __name__ == "__main__":
    sys.exit(main())
