"""Outputs a second through Assay, as a share of the same vLLM server driven bare.

    python -m benchmarks.bench_generation [URL]

Both ask for one answer to each of PROMPTS chats, with the same sampling and as many at one time. Assay's way is a study
on SQLite, its job, the worker and its handler, as `assay generate` does it: from the claim to the job's end. Bare is a
pool of threads around one client, which reads the answers and keeps nothing. They take turns, a pair a round, and each
is the first in every other round; the first pair only warms up.

Every prompt is asked once in all: it begins with its side, round and number, so there is nothing that Assay could
have stored, and nothing that vLLM could have kept but the few tokens before a prompt. What vLLM's cache of prefixes
gave to each side is printed, as vLLM counts it.

The server is started with a model of 0.1 million parameters, so that it answers as fast as one ever will and Assay
weighs as much as it ever can; or it is the one at URL (…/v1). Where there are cores enough, one is the asking side's
and the others are the server's: its processes spin while they wait for each other, and what was measured would be what
they leave over. CPU is that of this process, which is the asking side's.
"""

import logging
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import exp, log, sqrt
from pathlib import Path
from secrets import token_hex
from statistics import fmean, median, stdev
from time import perf_counter, process_time

import httpx2
from sqlalchemy import func, select

from backend.config import Settings
from backend.db.migrate import upgrade
from backend.db.outputs import Output
from backend.db.replies import StoredReply
from backend.db.session import Database
from backend.domain.asking import EngineKind, Sampling
from backend.domain.jobs import JobState, Manner
from backend.domain.recipes import Recipe
from backend.domain.statistics.sample_sizes import student
from backend.errors import Unavailable
from backend.log import configure
from backend.services.asking import generations, jobs
from tests import factories, tiny_models
from worker.engines import vllm_environment
from worker.engines.openai import KEEP_SECONDS
from worker.engines.vllm_command import ServerSpec
from worker.engines.vllm_server import serving
from worker.handlers import HANDLERS
from worker.running import Worker

PROMPTS = 252
PAIRS = 10
SETTINGS = ((16, 64), (64, 64), (16, 256))  # (asked at one time, tokens of an answer at most)
GOAL = 0.95
LEVEL = 0.95
RUN = token_hex(4)  # a server at URL may remember an earlier run
PREFIXES = re.compile(rb"^vllm:prefix_cache_hits(?:_total)?\{[^}]*\} ([\d.e+]+)", re.MULTILINE)
SENTENCE = "Explain in a few words why the sky is blue, what a list of three fruits holds, and how to add two numbers. "
HEADER = (
    "at one time  tokens  outputs/s bare  share of it, 95 % interval   CPU ms/output, bare"
    "  tokens/output, bare  prefixes, bare   load"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A server, and how it is asked."""

    url: str
    model: str
    concurrency: int
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class Measured:
    """What one side of a pair took. tokens, cpu_ms: of an output. prefixes: tokens that vLLM found in its cache."""

    seconds: float
    cpu_ms: float
    tokens: float
    prefixes: float


@dataclass(frozen=True, slots=True)
class Pair:
    """One round."""

    ours: Measured
    bare: Measured

    @property
    def share(self) -> float:
        return self.bare.seconds / self.ours.seconds


def texts(side: str, number: int) -> list[str]:
    """Prompts that nobody has asked before, of one length."""
    return [f"{side}-{RUN}-{number:03}-{prompt:03}. {SENTENCE * 2}" for prompt in range(PROMPTS)]


def measured(asked: Asked, run: Callable[[], None], tokens: Callable[[], int]) -> Measured:
    """run: asks everything. tokens: of all answers, looked up afterwards."""
    prefixes, cpu, start = prefixes_of(asked), process_time(), perf_counter()
    run()
    seconds, cpu = perf_counter() - start, process_time() - cpu
    return Measured(seconds, 1000 * cpu / PROMPTS, tokens() / PROMPTS, prefixes_of(asked) - prefixes)


def prefixes_of(asked: Asked) -> float:
    """Tokens so far that vLLM did not have to read again; 0 where the server doesn't tell."""
    found = PREFIXES.search(httpx2.get(f"{asked.url.removesuffix('/v1')}/metrics").content)
    return float(found[1]) if found else 0.0


def through_assay(database: Database, asked: Asked, number: int) -> Measured:
    """A study of its own, and the job that answers it."""
    now = datetime.now(UTC)
    recipe = Recipe(EngineKind.VLLM, asked.model, url=asked.url, sampling=asked.sampling)
    with database.transaction() as session:
        study = factories.study(session, prompts=texts("A", number), outputs={})
        made = generations.declare(session, study.id, "tiny", recipe, now=now)
        job_id = generations.enqueue(session, made, Manner(asked.concurrency), allowed=None, now=now).id
    worker = Worker(database, Settings(), HANDLERS)

    def run() -> None:
        assert worker.do_one(job_id)

    return measured(asked, run, lambda: tokens_of(database, job_id))


def tokens_of(database: Database, job_id: int) -> int:
    """The tokens of all answers. Fails unless the job has made every output."""
    with database.reading() as session:
        job = jobs.get(session, job_id)
        stored = select(func.count()).select_from(Output).where(Output.system_id == job.generation_id)
        assert (job.state, session.scalar(stored)) == (JobState.DONE, PROMPTS), job.error
        replies = session.scalars(select(StoredReply.reply).where(StoredReply.job_id == job_id)).all()
    return sum(reply["completion_tokens"] for reply in replies)


def driven_bare(asked: Asked, number: int) -> Measured:
    """As little as can ask as many at one time."""
    limits = httpx2.Limits(max_connections=asked.concurrency, keepalive_expiry=KEEP_SECONDS)
    tokens: list[int] = []

    def run() -> None:
        with httpx2.Client(timeout=600, limits=limits) as client, ThreadPoolExecutor(asked.concurrency) as pool:

            def ask(text: str) -> int:
                answer = answered(client, asked, text).json()
                assert isinstance(answer["choices"][0]["message"]["content"], str)
                return int(answer["usage"]["completion_tokens"])

            tokens.extend(pool.map(ask, texts("B", number)))

    return measured(asked, run, lambda: sum(tokens))


def answered(client: httpx2.Client, asked: Asked, text: str) -> httpx2.Response:
    """What came back; a server that hung up is asked again, as Assay asks it."""
    try:
        return client.post(f"{asked.url}/chat/completions", json=body(asked, text))
    except httpx2.RemoteProtocolError as trouble:
        print(f"asked again: {trouble}", file=sys.stderr)
        return client.post(f"{asked.url}/chat/completions", json=body(asked, text))


def body(asked: Asked, text: str) -> dict[str, object]:
    """What Assay sends, too."""
    return {
        "model": asked.model,
        "temperature": asked.sampling.temperature,
        "top_p": asked.sampling.top_p,
        "max_tokens": asked.sampling.max_tokens,
        "messages": [{"role": "user", "content": text}],
    }


def pairs(database: Database, asked: Asked, first: int) -> list[Pair]:
    """So many rounds, without the first. first: the number of that."""
    found = []
    for number in range(first, first + PAIRS + 1):
        if number % 2:
            ours = through_assay(database, asked, number)
            bare = driven_bare(asked, number)
        else:
            bare = driven_bare(asked, number)
            ours = through_assay(database, asked, number)
        found.append(Pair(ours, bare))
    return found[1:]


def interval(shares: list[float]) -> tuple[float, float, float]:
    """(low, geometric mean, high) by Student's t over the logarithms: what every pair shares cancels in its ratio."""
    logs = [log(share) for share in shares]
    half = student(LEVEL, len(logs) - 1) * stdev(logs) / sqrt(len(logs))
    return exp(fmean(logs) - half), exp(fmean(logs)), exp(fmean(logs) + half)


def line(asked: Asked, found: list[Pair]) -> str:
    """A row of the table: of each thing ours, then bare."""
    low, share, high = interval([pair.share for pair in found])
    ours, bare = [pair.ours for pair in found], [pair.bare for pair in found]
    return (
        f"{asked.concurrency:11}{asked.sampling.max_tokens:8}{PROMPTS / median(one.seconds for one in bare):16.1f}"
        f"        {share:.3f} ({low:.3f} to {high:.3f})"
        f"{median(one.cpu_ms for one in ours):16.2f}{median(one.cpu_ms for one in bare):6.2f}"
        f"{fmean(one.tokens for one in ours):15.1f}{fmean(one.tokens for one in bare):7.1f}"
        f"{fmean(one.prefixes for one in ours):9.0f}{fmean(one.prefixes for one in bare):6.0f}{os.getloadavg()[0]:7.1f}"
    )


@contextmanager
def server(folder: Path) -> Iterator[tuple[str, str]]:
    """(address, model's name) of the server that is asked."""
    if len(sys.argv) > 1:
        url = sys.argv[1].rstrip("/")
        yield url, httpx2.get(f"{url}/models").json()["data"][0]["id"]
        return
    settings = Settings(data_dir=folder)
    model = tiny_models.make("llama", folder / "tiny-llama", python=vllm_environment.find(settings).python)
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[1:] or cores)  # what starts from here inherits it: first the server, then who asks
    with serving(ServerSpec(str(model), name="tiny", dtype="float32"), settings) as running:
        os.sched_setaffinity(0, cores[:1])
        yield running.url, running.name


def main() -> None:
    configure(level=logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        database = Database(f"sqlite:///{name}/assay.db")
        upgrade(database)
        try:
            with server(Path(name)) as (url, model):
                print(HEADER)
                for row, (concurrency, tokens) in enumerate(SETTINGS):
                    asked = Asked(url, model, concurrency, Sampling(max_tokens=tokens))
                    print(line(asked, pairs(database, asked, row * (PAIRS + 1))), flush=True)
        except Unavailable as reason:
            print(f"generation is left out: {reason}")
            return
    print(f"goal: a share of at least {GOAL}. 1 would be outputs stored, hashed and looked through for nothing.")


if __name__ == "__main__":
    main()
