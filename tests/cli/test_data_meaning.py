"""`assay data leakage` with an embedding model: paraphrases are found that neither words nor sequences show."""

import json
from pathlib import Path

import pytest

from backend.errors import Invalid, Unavailable
from tests import openai as script
from tests.cli.conftest import Assay
from tests.cli.test_data import dialogue, rows
from tests.embeddings import embeds
from tests.openai import scripted


def test_a_paraphrase_is_marked_with_the_text_that_means_the_same(run: Assay, tmp_path: Path) -> None:
    prompts = rows(tmp_path / "prompts.jsonl", {"prompt": "write a poem about the sea"}, {"prompt": "zebra"})
    train = rows(tmp_path / "train.jsonl", dialogue("tell me a brief tale", "Once."), dialogue("compose ocean verse"))
    report = tmp_path / "leakage.report.json"
    asked = ("data", "leakage", "--eval", prompts, "--train", train, "--report", report)
    assert "0 marked" in run(*asked).output
    with scripted(otherwise=embeds()) as server:
        whom = ("--embed-url", server.url, "--embed-model", "m")
        done = run(*asked, *whom)
        found = json.loads(run(*asked[:-2], *whom, "--json").output)
    assert done.exit_code == 0, done.output
    assert "2 prompts against 2 training texts: 1 marked" in done.output
    assert "1 that mean the same, from a cosine of 0.9 on" in done.output
    assert "cosine 1.00  train.jsonl, line 2:  compose ocean verse" in done.output
    assert "Neither signal sees a paraphrase" not in done.output
    assert [one["is_alike"] for one in found["found"]] == [True, False]
    told = json.loads(report.read_text("utf-8"))
    assert (told["embedding"], told["alike"], told["meant"], told["marked"][0]["cosine"]) == ("m", 0.9, 1, 1.0)
    assert run("data", "keep", report).exit_code == 0


def test_half_a_model_and_one_that_refuses_are_told(run: Assay, tmp_path: Path) -> None:
    prompts = rows(tmp_path / "prompts.jsonl", {"prompt": "sea"})
    asked = ("data", "leakage", "--eval", prompts, "--train", prompts)
    with pytest.raises(Invalid, match="needs both --embed-url and --embed-model"):
        raise run(*asked, "--embed-url", "http://127.0.0.1:1/v1").exception or AssertionError
    with scripted(otherwise=script.missing_model()) as server:
        done = run(*asked, "--embed-url", server.url, "--embed-model", "m")
    with pytest.raises(Unavailable, match=r"m can't be asked for embeddings: "):
        raise done.exception or AssertionError
