"""`assay data synthesize` as a person types it: killed with -9 and gone on with, and asked of a real vLLM."""

import json
import re
from pathlib import Path

from sqlalchemy import func, select

from backend.config import Settings
from backend.db.session import Database
from backend.db.syntheses import SynthesisCall
from tests.cli.conftest import Assay
from tests.commands import Command, environment
from tests.jobs import looked, until
from tests.openai import hangs, scripted
from tests.synthesis import pairs, untidy
from worker.engines.vllm_server import RunningServer

WHOM = ("--model", "a-model", "--seed", "1", "--max-tokens", "256", "--concurrency", "4")


def words(name: str, folder: Path, url: str, *more: str) -> tuple[str, ...]:
    out = ("--out", str(folder / f"{name}.jsonl"), "--report", str(folder / f"{name}.json"))
    return ("data", "synthesize", "nq", "--name", name, "--url", url, "--number", "300", *out, *WHOM, *more)


def test_three_hundred_pairs_killed_on_the_way_are_those_of_a_run_that_was_not(run: Assay, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    with scripted(otherwise=untidy) as server:
        whole = run(*words("whole", tmp_path, server.url), "--data-dir", str(elsewhere))
        assert whole.exit_code == 0, (whole.output, whole.exception)
    assert run("migrate").exit_code == 0
    data_dir = tmp_path / "assay-data"
    database = Database(Settings(data_dir=data_dir).url)
    with scripted(*[untidy] * 12, *[hangs()] * 4, otherwise=untidy) as server:
        with Command(*words("killed", tmp_path, server.url), environment=environment("sqlite", data_dir)) as first:
            until(lambda: answered(database) == 12)
            first.kill()
        assert 0 < looked(database, 1).done < 300
        assert not (tmp_path / "killed.jsonl").exists()
        asked = len(server.asked)
        again = run(*words("killed", tmp_path, server.url))
        assert again.exit_code == 0, (again.output, again.exception)
        assert answered(database) <= len(server.asked) - asked + 12
    assert len(pairs(database, "killed")) == 300
    assert said(tmp_path / "killed.jsonl") == said(tmp_path / "whole.jsonl")
    assert len(said(tmp_path / "whole.jsonl")) == 300
    database.engine.dispose()


def answered(database: Database) -> int:
    """How many calls are."""
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(SynthesisCall)).one()


def said(path: Path) -> list[object]:
    """Who said what in a file of dialogues."""
    return [json.loads(line)["turns"] for line in path.read_text("utf-8").splitlines()]


def test_a_real_server_that_writes_no_pairs_is_asked_to_the_limit_and_the_yield_is_said(
    run: Assay, tmp_path: Path, vllm_server: RunningServer
) -> None:
    out, report = tmp_path / "tiny.jsonl", tmp_path / "tiny.json"
    whom = (
        "--engine",
        "vllm",
        "--url",
        vllm_server.url,
        "--model",
        "tiny",
        "--template",
        "plain",
        "--max-tokens",
        "64",
    )
    files = ("--out", str(out), "--report", str(report), "--plot", str(tmp_path / "tiny.svg"))
    done = run("data", "synthesize", "nq", "--name", "tiny", "--number", "300", "--calls", "24", *whom, *files)
    assert done.exit_code == 1
    assert re.search(r"24 calls, which is their limit, brought \d+ of 300 entries", str(done.exception))
    told = json.loads(report.read_text("utf-8"))
    assert (told["calls"], told["wanted"], told["way"]) == (24, 300, "nq")
    assert told["kept"] == len(out.read_text("utf-8").splitlines())
    assert told["kept_per_call"] == told["kept"] / 24
