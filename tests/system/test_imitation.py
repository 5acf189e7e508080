"""The whole way: dialogues, a mixture, a run that is killed twice, its model at a real vLLM, votes, and their result.

Nothing stands in for anything. The model is tiny, so it can only learn by heart what it is taught; that it then says
just that through vLLM shows that template, tokens, masks and ends of answers are the same in training and serving.
"""

import hashlib
import json
import os
import re
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from backend.config import Settings
from backend.db.generations import OutputOrigin
from backend.db.outputs import Output, System
from backend.db.replies import StoredReply
from backend.db.session import Database
from backend.db.studies import Prompt
from backend.simulator.raters import SimulatedRater
from backend.simulator.surfing import Surfer
from tests.cli.conftest import Assay, run
from tests.commands import KEY, Command, environment
from tests.jobs import until
from tests.processes import LINUX_ONLY, command, naming
from tests.server import Server
from tests.system import imitation
from tests.system.imitation import STEPS, Taught, done
from trainer import metrics
from trainer.folder import METRICS, MODEL
from worker.engines.vllm_environment import VllmEnvironment

__all__ = ["run"]  # a fixture
pytestmark = [pytest.mark.long, LINUX_ONLY]
OF_THE_CLOCK = {"at", "seconds", "tokens_per_second", "supervised_per_second", "padded_tokens_per_second", "mfu"}
OF_THE_MACHINE = {"memory_bytes"}
FALLS_TO = 0.1  # of the first loss, at least
BY_HEART = 0.85  # of the short answers, at least; some questions differ in a word alone
TAUGHT = 0.95  # of them, at least, are what was taught in answer to that question or to another one
RATERS = 3
Kill = Callable[[int, Path], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a system answered, and why it ended there."""

    text: str
    finish: str


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_a_model_that_was_killed_twice_in_training_says_by_heart_through_vllm_what_it_was_taught_and_is_rated(
    kind: str, run: Assay, tmp_path: Path, vllm: VllmEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("ASSAY_SECRET_KEY", KEY)
    mixture = imitation.mixed(run, tmp_path, imitation.sources() or imitation.made_up(tmp_path))
    base = imitation.base(tmp_path, kind, mixture)
    calm, killed = (imitation.declared(tmp_path, kind, name) for name in ("calm", "killed"))

    done(run, "migrate")  # two calls at once don't make a new database together
    first, second = sorted(Random().sample(range(10, STEPS - 50), 2))
    with called(calm) as undisturbed:
        kill_at(first, killed, the_trainer)
        kill_at(second, killed, the_worker)
        assert f"killed is trained: {STEPS} steps" in done(run, "train", killed)
        assert undisturbed.process.wait(300) == 0
    assert logged(killed) == logged(calm), f"killed at {first} and {second}"
    assert weights(killed) == weights(calm), f"killed at {first} and {second}"
    losses = [metrics.number(line, "loss") for line in logged(killed)]
    assert len(losses) == STEPS
    assert losses[-1] < FALLS_TO * losses[0]

    taught = imitation.lessons(killed)
    done(run, "import", "--prompts", imitation.asked(tmp_path, taught), "--name", "By heart")
    monkeypatch.setenv("ASSAY_VLLM_PYTHON", str(talkative(vllm, tmp_path)))
    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "DEBUG")
    done(run, "generate", "1", "--system", "imitation", "--run", "killed", "--dtype", "float32")
    assert_vllm_read_what_was_taught(tmp_path, taught)
    assert_by_heart(answers(tmp_path, "imitation"), taught)

    untrained = ("--engine", "transformers", "--model", base, "--template", "plain", "--max-tokens", "12")
    done(run, "generate", "1", "--system", "untrained", *untrained)
    done(run, "launch", "--study", "1", "--baseline", "untrained")
    with Server("sqlite", tmp_path / "assay-data") as server:
        vote(run, server, taught)
        assert_results(run, server, prompts=len(taught))


def called(declaration: Path) -> Command:
    """`assay train` in a process of its own."""
    return Command("train", str(declaration), environment=environment("sqlite", declaration.parent / "assay-data"))


def kill_at(step: int, declaration: Path, whom: Kill) -> None:
    """Train, and kill -9 somebody once so many steps are logged. The call fails, and nobody is left."""
    out = out_of(declaration)
    with called(declaration) as call:
        until(lambda: len(logged(declaration)) >= step, seconds=300)
        assert call.process.poll() is None, f"it had ended before step {step}"
        whom(call.process.pid, out)
        assert call.process.wait(60) != 0
        until(lambda: naming(str(out / "declared.toml")) == [], seconds=60)
    assert not (out / MODEL).exists()


def the_trainer(worker: int, out: Path) -> None:
    """The process that trains; its guard, which names the same file, is left alone."""
    (trainer,) = [pid for pid in naming(str(out / "declared.toml")) if "guard.py" not in command(pid)]
    os.kill(trainer, signal.SIGKILL)


def the_worker(worker: int, out: Path) -> None:
    os.kill(worker, signal.SIGKILL)


def out_of(declaration: Path) -> Path:
    return declaration.parent / "runs" / declaration.stem


def logged(declaration: Path) -> list[Mapping[str, object]]:
    """Every line of metrics.jsonl, but for what tells of the clock and of the machine."""
    lines = metrics.read(out_of(declaration) / METRICS)
    return [{key: said for key, said in line.items() if key not in OF_THE_CLOCK | OF_THE_MACHINE} for line in lines]


def weights(declaration: Path) -> str:
    return hashlib.sha256((out_of(declaration) / MODEL / "model.safetensors").read_bytes()).hexdigest()


def talkative(vllm: VllmEnvironment, folder: Path) -> Path:
    """A Python of vLLM's that has its server log the tokens of every request."""
    path = folder / "talkative-python"
    path.write_text(
        f'#!/bin/sh\ncase "$*" in *openai.api_server*) set -- "$@" --enable-log-requests ;; esac\n'
        f'exec "{vllm.python}" "$@"\n'
    )
    path.chmod(0o755)
    return path


def assert_vllm_read_what_was_taught(folder: Path, taught: Sequence[Taught]) -> None:
    """Every prompt's tokens, as the server's engine got them, are those that training saw before the answer."""
    (log,) = (folder / "assay-data" / "logs").glob("vllm-*.log")
    said = re.findall(r"prompt_token_ids: (\[[\d, ]*\])", log.read_text("utf-8"))
    read = {tuple(json.loads(ids)) for ids in said}
    wanted = {one.ids for one in taught}
    assert len(wanted) == len(taught)
    assert wanted - read == set()
    assert len(read - wanted) == 1, "the text by which a new server is tried"


def answers(folder: Path, system: str) -> dict[str, Answer]:
    """A system's answers by the prompts' ids."""
    database = Database(Settings(data_dir=folder / "assay-data").url)
    found = (
        select(Prompt.key, Output.text, StoredReply.reply)
        .join(Output, Output.prompt_id == Prompt.id)
        .join(System, System.id == Output.system_id)
        .join(OutputOrigin, OutputOrigin.output_id == Output.id)
        .join(StoredReply, StoredReply.hash == OutputOrigin.reply_hash)
        .where(System.name == system)
    )
    with database.reading() as session:
        told = {key: Answer(text, reply["finish"]) for key, text, reply in session.execute(found)}
    database.engine.dispose()
    return told


def assert_by_heart(said: Mapping[str, Answer], taught: Sequence[Taught]) -> None:
    """Short answers are, but for a few, what was taught word for word; and each ends where the model ended it."""
    assert set(said) == {one.id for one in taught}
    short = [one for one in taught if one.is_short]
    assert len(short) > len(taught) / 2
    assert {said[one.id].finish for one in short} == {"stop"}
    wrong = [(one.answer, said[one.id].text) for one in short if said[one.id].text.strip() != one.answer.strip()]
    strange = [text for _, text in wrong if text.strip() not in {one.answer.strip() for one in short}]
    assert len(wrong) <= (1 - BY_HEART) * len(short), wrong
    assert len(strange) <= (1 - TAUGHT) * len(short), strange


def vote(run: Assay, server: Server, taught: Sequence[Taught]) -> None:
    """Raters with links of their own, all at once, who know how answers begin and see nothing but the page."""
    known = {one.answer.split()[0] for one in taught}

    def knows(first: str, second: str, random: Random) -> str:
        ours = [next(iter(text.split()), "") in known for text in (first, second)]
        return "tie" if ours[0] == ours[1] else ("first", "second")[ours.index(True)]

    made = done(run, "links", "1", "--personal", str(RATERS), "--public-url", server.base_url)
    paths = re.findall(r"(/r/\S+)", made)
    assert len(paths) == RATERS
    raters = [SimulatedRater(server.base_url, path, seed, taste=knows) for seed, path in enumerate(paths)]
    threads = [threading.Thread(target=rater.run) for rater in raters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def assert_results(run: Assay, server: Server, *, prompts: int) -> None:
    """All have voted, for the imitation, with an interval; and its page says which run it is."""
    told = json.loads(done(run, "results", "1", "--json"))
    (candidate,) = told["candidates"]
    interval = candidate["equal_or_better"]
    assert (candidate["name"], told["baseline"]) == ("imitation", "untrained")
    assert (told["settled"], told["ratings"], told["raters"]) == (prompts, RATERS * prompts, RATERS)
    assert 0.9 < interval["low"] <= interval["mean"] <= interval["high"] <= 1
    assert candidate["win_rate"]["low"] > 0.5
    with Surfer() as surfer:
        surfer.open(server.researcher)
        results = surfer.open(f"{server.base_url}/batches/1/results")
        system = surfer.open(f"{server.base_url}/studies/1/systems/1")
        training = surfer.open(f"{server.base_url}/training")
    assert "imitation" in results.text
    assert "95 % interval" in results.text
    assert "trained here as killed" in system.text
    assert all(name in training.text for name in ("calm", "killed"))
