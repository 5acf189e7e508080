"""`assay data categories` as a person types it: drawn, judged by a scripted server, shown."""

import json
from pathlib import Path

import pytest

from backend.errors import AppError
from tests.cli.conftest import Assay
from tests.openai import Answer, Asked, says, scripted


@pytest.fixture
def mix(tmp_path: Path) -> Path:
    path = tmp_path / "mix.jsonl"
    rows = [
        {"turns": [{"role": "user", "text": f"code number {number}"}, {"role": "assistant", "text": "x"}]}
        for number in range(30)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"prompt": "what is new?"}]), "utf-8")
    return path


def judge(asked: Asked) -> Answer:
    """Everything that speaks of code is coding; and a sign within the text is none of its own."""
    text = asked.prompt.split("the text begins -----\n")[1]
    return says("It is.\n[[coding]]" if "code" in text else "Hm.")(asked)


def test_a_sample_is_drawn_judged_and_shown(run: Assay, mix: Path) -> None:
    done = run("data", "categories", "draw", str(mix), "--name", "mix", "--size", "31")
    assert done.exit_code == 0, done.exception
    assert "mix: 31 queries of 31 from mix.jsonl. Sort them with `assay serve`, at /data/categories/1." in done.output
    with scripted(otherwise=judge) as server:
        whom = ("--judge", "gpt", "--url", server.url, "--model", "m")
        done = run("data", "categories", "judge", "mix", *whom)
        assert done.exit_code == 0, done.exception
        assert "judge gpt: 31 labelled, 1 of its replies unread; none that the person has sorted, too" in done.output
        assert run("data", "categories", "judge", "mix", *whom).exit_code == 0
        assert len(server.asked) == 31
        assert "[[non_english]] Non-English: mainly in another" in server.asked[0].prompt
    told = json.loads(run("data", "categories", "show", "mix", "--json").output)
    assert (told["drawn_from"], told["labelled"], told["judges"][0]["unread"]) == (31, 0, 1)
    assert told["judges"][0]["shares"][2]["count"] == 30


def test_what_can_not_be_drawn_is_said(run: Assay, mix: Path) -> None:
    for words, said in (
        ((), "Name either a file or a study"),
        ((str(mix), "--study", "1"), "Name either a file or a study"),
        (("--study", "7"), "no study 7"),
    ):
        done = run("data", "categories", "draw", *words, "--name", "mix")
        assert isinstance(done.exception, AppError)
        assert said in str(done.exception)
    assert "there are: none yet" in str(run("data", "categories", "show", "mix").exception)
    mix.write_text('{"turns": []}\n', "utf-8")
    assert "holds nothing that a user says" in str(run("data", "categories", "draw", str(mix), "--name", "m").exception)
