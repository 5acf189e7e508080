"""`assay data`: reports to read, numbers to keep, mistakes by file and line."""

import json
from pathlib import Path

import pytest

from backend.errors import Invalid
from tests.cli.conftest import Assay

SEA, STORY = "write a poem about the sea", "write a short story about the sea"


def rows(path: Path, *given: dict[str, object]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in given))
    return str(path)


def dialogue(*texts: str) -> dict[str, object]:
    return {
        "conversations": [{"from": "gpt" if turn % 2 else "human", "value": text} for turn, text in enumerate(texts)]
    }


def test_diversity_shows_mean_histogram_and_the_nearest_pair(run: Assay, tmp_path: Path) -> None:
    train = rows(
        tmp_path / "train.jsonl",
        dialogue(SEA, "Waves.", "hi"),
        dialogue(STORY, "Once."),
        dialogue("hi"),
        {"prompt": "Hi"},
    )
    done = run("data", "diversity", train)
    assert done.exit_code == 0, done.output
    assert "4 queries: mean BLEU with the nearest other 65.72, median 66.08" in done.output
    assert "2 are the same as another, word for word" in done.output
    assert " 30–35          2  ████" in done.output
    assert f"   32.2  train.jsonl, line 1:  {SEA}" in done.output
    assert f"         train.jsonl, line 2:  {STORY}" in done.output
    assert (
        "a paraphrase counts as different. (nrefs:1|case:lc|eff:yes|tok:13a|smooth:exp|version:2.6.0, numba)"
        in done.output
    )


def test_every_query_of_a_dialogue_counts_where_wanted(run: Assay, tmp_path: Path) -> None:
    train = rows(tmp_path / "train.jsonl", dialogue(SEA, "Waves.", STORY))
    found = json.loads(run("data", "diversity", train, "--all-turns", "--both", "--core", "scipy", "--json").output)
    assert found["scores"] == pytest.approx([32.1594, 32.1594], abs=1e-4)
    assert found["places"][1] == {"file": "train.jsonl", "line": 1, "turn": 3}
    assert found["core"] == "scipy"


def test_a_text_file_has_a_query_a_line(run: Assay, tmp_path: Path) -> None:
    (tmp_path / "asked.txt").write_text(f"{SEA}\n\n{STORY}\n")
    found = json.loads(run("data", "diversity", str(tmp_path / "asked.txt"), "--json").output)
    assert [place["line"] for place in found["places"]] == [1, 3]


def test_leakage_marks_prompts_with_both_signals_and_shows_the_texts(run: Assay, tmp_path: Path) -> None:
    words = "one two three four five six seven eight nine ten eleven twelve thirteen"
    prompts = rows(tmp_path / "prompts.jsonl", {"prompt": SEA}, {"prompt": words}, {"prompt": "zebra"})
    train = rows(tmp_path / "train.jsonl", dialogue("x", "y", STORY), dialogue(f"{words} {'and so on ' * 40}"))
    done = run("data", "leakage", "--eval", prompts, "--train", train)
    assert done.exit_code == 0, done.output
    assert "3 prompts against 3 training texts: 2 marked" in done.output
    assert "1 with a BLEU above 20" in done.output
    assert f"    BLEU  32.2  train.jsonl, line 1, turn 3:  {STORY}" in done.output
    assert "100 % of its 13-word sequences  train.jsonl, line 2:  one two" in done.output
    assert "zebra" not in done.output
    assert "Neither signal sees a paraphrase" in done.output


def test_answers_are_looked_at_where_wanted(run: Assay, tmp_path: Path) -> None:
    prompts = rows(tmp_path / "prompts.jsonl", {"prompt": SEA})
    train = rows(tmp_path / "train.jsonl", dialogue("x", SEA))
    without, with_answers = (
        json.loads(run("data", "leakage", "--eval", prompts, "--train", train, *more, "--json").output)
        for more in ([], ["--answers", "--only-above"])
    )
    assert (without["marked"], with_answers["marked"]) == (0, 1)
    assert with_answers["found"][0]["nearest"]["is_answer"] is True
    assert with_answers["found"][0]["is_near"] is True


def test_half_a_surrogate_pair_is_shown_and_kept(run: Assay, tmp_path: Path) -> None:
    train = rows(tmp_path / "train.jsonl", {"prompt": "odd \ud800 a b"}, {"prompt": "odd \ud800 a c"})
    assert "odd ? a b" in run("data", "diversity", train).output


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("train.jsonl", b'{"prompt": "a"}\n{"id": 1}\n', r"train.jsonl, line 2: has neither a prompt nor a dialogue"),
        ("train.jsonl", b'{"turns": [{"role": "user"}]}\n', r"line 1: has a turn without role or text"),
        ("train.jsonl", b"", r"train.jsonl is empty"),
        ("asked.txt", b"one\n\xff\n", r"asked.txt, line 2: not UTF-8"),
        ("asked.txt", b"one\n", r"takes two queries"),
    ],
)
def test_mistakes_are_named_by_file_and_line(run: Assay, tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    done = run("data", "diversity", str(tmp_path / name))
    assert isinstance(done.exception, Invalid)
    with pytest.raises(Invalid, match=says):
        raise done.exception


def test_a_line_of_a_text_file_may_be_long_but_not_endless(run: Assay, tmp_path: Path) -> None:
    (tmp_path / "asked.txt").write_bytes(b"a" * (16 * 2**20 + 1))
    done = run("data", "diversity", str(tmp_path / "asked.txt"))
    assert "asked.txt, line 1: longer than 16 MB" in str(done.exception)


def test_a_missing_file_is_named(run: Assay, tmp_path: Path) -> None:
    assert "gone.txt can't be opened" in str(run("data", "diversity", str(tmp_path / "gone.txt")).exception)
