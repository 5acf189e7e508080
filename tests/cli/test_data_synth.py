"""`assay data synthesize` as a person types it: killed with -9 and gone on with, and asked of a real vLLM."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import func, select

from backend.config import Settings
from backend.db.session import Database
from backend.db.syntheses import SynthesisCall
from tests import tiny_models
from tests.cli.conftest import Assay
from tests.commands import Command, environment
from tests.jobs import looked, until
from tests.openai import hangs, scripted
from tests.synthesis import lessons, pairs, tasked, untidy
from worker.engines.vllm_command import ServerSpec
from worker.engines.vllm_environment import VllmEnvironment
from worker.engines.vllm_server import RunningServer, serving

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
            until(lambda: answered(database) == 12 and looked(database, 1).done > 0)
            first.kill()
        assert looked(database, 1).done < 300
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


@pytest.mark.long
def test_a_real_server_makes_three_hundred_pairs_though_the_call_was_killed_on_the_way(
    run: Assay, tmp_path: Path, vllm: VllmEnvironment
) -> None:
    """A model of 0.1 million parameters that was taught to write such lists, served by vLLM."""
    model = tiny_models.make("llama", tmp_path / "taught", python=vllm.python, taught=lessons(200))
    whom = ("--engine", "vllm", "--model", "taught", "--max-tokens", "128", "--seed", "1", "--concurrency", "8")
    with serving(ServerSpec(str(model), dtype="float32"), Settings(data_dir=tmp_path / "served")) as server:
        asked = ("data", "synthesize", "nq", "--number", "300", "--calls", "600", "--url", server.url, *whom)
        assert run("migrate").exit_code == 0
        data_dir = tmp_path / "assay-data"
        database = Database(Settings(data_dir=data_dir).url)
        killed = (*asked, "--name", "killed", "--out", str(tmp_path / "killed.jsonl"))
        with Command(*killed, environment=environment("sqlite", data_dir)) as first:
            until(lambda: answered(database) >= 16, seconds=120)
            first.kill()
        assert not (tmp_path / "killed.jsonl").exists()
        again = run(*killed)
    assert again.exit_code == 0, (again.output, again.exception)
    made = pairs(database, "killed")
    assert len({question for question, _ in made}) == len(said(tmp_path / "killed.jsonl")) == 300
    named = [re.fullmatch(r"what is the name of (\w+) number (\d+)\??", question) for question, _ in made]
    assert sum(one is not None for one in named) > 150, made[:20]
    database.engine.dispose()


def test_a_dry_run_says_what_it_would_ask_and_cost_and_writes_nothing(run: Assay, tmp_path: Path) -> None:
    with scripted() as server:
        done = run(*words("nq", tmp_path, server.url, "--dry-run", "--price-in", "1", "--price-out", "2"))
        assert done.exit_code == 0, done.exception
        assert server.asked == server.looked == []
    assert "300 questions to ask, 0 answers stored already; about" in done.output
    assert "That is if all calls are needed; it stops at 300 entries." in done.output
    assert not (tmp_path / "nq.jsonl").exists()
    assert run("jobs").output.startswith("There are no jobs yet")


def test_it_is_queued_done_by_a_worker_and_written_by_the_same_call(run: Assay, tmp_path: Path) -> None:
    avoid = tmp_path / "dev.jsonl"
    avoid.write_text('{"question": "name of the bird in the lion king", "answer": ["Zazu"]}\n', "utf-8")
    plot = ("--plot", str(tmp_path / "nq.svg"), "--avoid", str(avoid), "--closest", "60", "--number", "40")
    with scripted(otherwise=untidy) as server:
        first = run(*words("nq", tmp_path, server.url, *plot, "--queue"))
        assert "Job 1 is queued" in first.output, first.exception
        assert server.asked == []
        assert re.search(r"1 +synthesize +queued +not counted yet +synthesis 1", run("jobs").output)
        done = run(*words("nq", tmp_path, server.url, *plot))
        assert done.exit_code == 0, (done.output, done.exception)
        asked = len(server.asked)
        assert run(*words("nq", tmp_path, server.url, *plot)).exit_code == 0
        assert len(server.asked) == asked
    assert "nq.jsonl: 40 entries, from " in done.output
    assert "seed bird not shown: BLEU 100 to “name of the bird in the lion king”" in done.output
    assert "of the first   different answers   mean BLEU of the most similar other one" in done.output
    told = json.loads((tmp_path / "nq.json").read_text("utf-8"))
    assert told["seeds_excluded"][0]["key"] == "bird"
    assert told["evaluation"] == {"texts": 1, "closest": 60.0}
    assert told["curve"][-1]["entries"] == told["kept"] == 40
    assert "<svg" in (tmp_path / "nq.svg").read_text("utf-8")
    row = json.loads((tmp_path / "nq.jsonl").read_text("utf-8").splitlines()[0])
    assert (row["id"], row["source"], row["meta"]["call"], len(row["meta"]["shown"])) == (
        "nq-synthetic-1",
        "nq-synthetic",
        1,
        5,
    )


def test_tasks_are_made_from_a_file_of_seeds_and_read_as_prompts(run: Assay, tmp_path: Path) -> None:
    seeds, out = tmp_path / "seeds.jsonl", tmp_path / "tasks.jsonl"
    seeds.write_text(
        "".join(json.dumps({"id": n, "prompt": f"Tell a tale of the {n}. day"}) + "\n" for n in range(9)), "utf-8"
    )
    with scripted(otherwise=tasked) as server:
        whom = ("--url", server.url, "--model", "m", "--seed", "1", "--template", "plain", "--out", str(out))
        done = run(
            "data", "synthesize", "self-instruct", "--name", "si", "--seeds", str(seeds), "--number", "20", *whom
        )
        assert done.exit_code == 0, (done.output, done.exception)
        assert {tuple(body["stop"]) for body in server.bodies} == {("\n\n", "\n16", "16.", "16 .")}
        assert {(body["temperature"], body["top_p"]) for body in server.bodies} == {(0.7, 0.5)}
    assert "different answers" in done.output
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert len(rows) == 20
    assert {len(row["turns"]) for row in rows} == {1}


def test_a_file_that_is_no_evaluation_set_is_named_with_its_line(run: Assay, tmp_path: Path) -> None:
    avoid = tmp_path / "dev.jsonl"
    avoid.write_text('{"turns": 3}\n', "utf-8")
    done = run(*words("nq", tmp_path, "http://127.0.0.1:1/v1", "--avoid", str(avoid)))
    assert "dev.jsonl, line 1: is no dialogue" in str(done.exception)
    avoid.write_text('{"answer": "x"}\n', "utf-8")
    done = run(*words("nq", tmp_path, "http://127.0.0.1:1/v1", "--avoid", str(avoid)))
    assert "dev.jsonl, line 1: has no prompt" in str(done.exception)
