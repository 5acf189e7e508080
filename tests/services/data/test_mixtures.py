"""Mixtures of real files: nested, reproducible, and refused with file and key where they can't be."""

import hashlib
import json
import random
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest

from backend.domain.data.dialogues import Dialogue, to_line
from backend.domain.records import Turn
from backend.errors import Invalid, Unavailable
from backend.services.data import mixtures, surveys

DECLARED = """
name = "mix"
seed = 3
subsets = ["200", "1k", "3k"]
[[sources]]
name = "long"
file = "long.jsonl"
licence = "CC0-1.0"
origin = "made up"
weight = 3
[[sources]]
name = "short"
file = "short.jsonl"
licence = "CC-BY-4.0"
origin = "made up, too"
weight = 1
"""


def dialogue(source: str, number: int, words: int) -> Dialogue:
    asked, answered = f"{source} question {number} " + "word " * words, "answer " * words
    return Dialogue(f"{source}-{number}", source, (Turn("user", asked.strip()), Turn("assistant", answered.strip())))


def lines(source: str, number: int, words: int) -> list[str]:
    return [to_line(dialogue(source, one, words)) + "\n" for one in range(number)]


def put(
    folder: Path, declared: str = DECLARED, *, long: list[str] | None = None, short: list[str] | None = None
) -> Path:
    (folder / "long.jsonl").write_text("".join(lines("long", 60, 30) if long is None else long), "utf-8")
    (folder / "short.jsonl").write_text("".join(lines("short", 200, 3) if short is None else short), "utf-8")
    path = folder / "mix.toml"
    path.write_text(declared, "utf-8")
    return path


def built(path: Path, folder: Path) -> dict[str, bytes]:
    mixtures.build(surveys.survey(path), folder)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_each_subset_is_a_beginning_of_the_next_and_of_the_whole(tmp_path: Path) -> None:
    files = built(put(tmp_path), tmp_path / "out")
    assert sorted(files) == ["manifest.json", "mix-1k.jsonl", "mix-200.jsonl", "mix-3k.jsonl", "mix.jsonl"]
    ladder = [files[f"mix{size}.jsonl"] for size in ("-200", "-1k", "-3k", "")]
    for smaller, larger in pairwise(ladder):
        assert smaller
        assert larger.startswith(smaller)
        assert len(smaller) < len(larger)


def test_the_manifest_says_what_is_in_each_file(tmp_path: Path) -> None:
    files = built(put(tmp_path), tmp_path / "out")
    told = json.loads(files["manifest.json"])
    assert [one["licence"] for one in told["sources"]] == ["CC0-1.0", "CC-BY-4.0"]
    assert told["sources"][0]["sha256"] == hashlib.sha256((tmp_path / "long.jsonl").read_bytes()).hexdigest()
    for one in told["files"]:
        content = files[one["file"]]
        rows = [json.loads(line) for line in content.splitlines()]
        texts = [turn for row in rows for turn in row["turns"]]
        assert one["sha256"] == hashlib.sha256(content).hexdigest()
        assert one["dialogues"] == len(rows) == sum(each["dialogues"] for each in one["by_source"].values())
        assert one["tokens"]["whitespace"] == sum(len(turn["text"].split()) for turn in texts)
        said = sum(len(turn["text"].split()) for turn in texts if turn["role"] == "assistant")
        assert one["assistant_tokens"]["whitespace"] == said
        if one["tokens_at_most"]:
            assert one["tokens_at_most"] - 63 < one["tokens"]["whitespace"] <= one["tokens_at_most"]
    share = told["files"][2]["by_source"]["long"]["tokens"]["whitespace"] / told["files"][2]["tokens"]["whitespace"]
    assert 0.73 < share < 0.77


def test_the_same_files_give_the_same_bytes_in_whatever_order_their_lines_stand(tmp_path: Path) -> None:
    first = built(put(tmp_path), tmp_path / "one")
    shuffled = lines("long", 60, 30)
    random.Random(1).shuffle(shuffled)
    again = built(put(tmp_path), tmp_path / "two")
    other = built(put(tmp_path, long=shuffled), tmp_path / "three")
    assert first == again
    assert {name: one for name, one in first.items() if name != "manifest.json"} == {
        name: one for name, one in other.items() if name != "manifest.json"
    }
    assert built(put(tmp_path, DECLARED.replace("seed = 3", "seed = 4")), tmp_path / "four") != first


def test_what_says_the_same_is_taken_once_and_counted(tmp_path: Path) -> None:
    long, again = (
        lines("long", 60, 30),
        [line.replace('"id": "long-', '"id": "again-') for line in lines("long", 5, 30)],
    )
    path = put(tmp_path, long=[*long, *again], short=[*lines("short", 200, 3), *again[:2]])
    told = json.loads(built(path, tmp_path / "out")["manifest.json"])
    counts = [one["dialogues"] for one in told["sources"]]
    assert counts[0] == {
        "read": 65, "left_out_as_doubled": 5, "left_out_as_in_an_earlier_source": 0, "left": 60
    }  # fmt: skip
    assert counts[1] == {
        "read": 202, "left_out_as_doubled": 0, "left_out_as_in_an_earlier_source": 2, "left": 200
    }  # fmt: skip


def test_the_manifest_tells_of_the_cleaning_of_exactly_this_file(tmp_path: Path) -> None:
    path = put(tmp_path)
    digest = hashlib.sha256((tmp_path / "long.jsonl").read_bytes()).hexdigest()
    step = {"step": "html", "came": 70, "left": 60, "split": 0, "dropped": {"nested": 10}, "changed": {}, "samples": {}}
    report = {"preset": "paper", "steps": [step], "sha256": digest}
    (tmp_path / "long.jsonl.report.json").write_text(json.dumps(report), "utf-8")
    (tmp_path / "short.jsonl.report.json").write_text(json.dumps({**report, "sha256": "another"}), "utf-8")
    first, second = json.loads(built(path, tmp_path / "out")["manifest.json"])["sources"]
    del step["samples"]
    assert first["cleaning"] == {"preset": "paper", "steps": [step]}
    assert second["cleaning"] is None


def test_without_weights_everything_is_taken(tmp_path: Path) -> None:
    path = put(tmp_path, DECLARED.replace("weight = 3\n", "").replace("weight = 1\n", ""))
    told = json.loads(built(path, tmp_path / "out")["manifest.json"])
    assert told["files"][-1]["dialogues"] == 260


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (('"3k"', '"6k"'), r"mix.toml, subsets: 6k can't be met: sources\[1\].weight gives long 4,500 tokens of it by"),
        (('"200"', '"20"'), "mix.toml, subsets: 20 can't be met: the first dialogue alone has 63 tokens"),
        (("seed = 3", "seeds = 3"), "mix.toml, seeds: there is no such key"),
        (("long.jsonl", "gone.jsonl"), r"mix.toml, sources\[1\].file: there is no file gone.jsonl"),
        (("seed = 3", "seed = "), "mix.toml is no TOML"),
        (("seed = 3", 'measure = "t"\ntokenizers = { t = "t.json" }'), "tokenizers.t: .*t.json can't be read"),
    ],
)
def test_what_can_not_be_built_is_refused_with_file_and_key(
    tmp_path: Path, changes: tuple[str, str], said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        surveys.survey(put(tmp_path, DECLARED.replace(*changes)))


def test_without_weights_a_subset_beyond_all_there_is_is_refused(tmp_path: Path) -> None:
    declared = DECLARED.replace("weight = 3\n", "").replace("weight = 1\n", "").replace("3k", "3M")
    with pytest.raises(Invalid, match=r"subsets: 3M can't be met: all sources together have [\d,]+ tokens"):
        surveys.survey(put(tmp_path, declared))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "long.jsonl, line 2: not valid JSON"),
        ("[]", "long.jsonl, line 2: a line must be a dialogue"),
        ('{"prompt": "Why?"}', "long.jsonl, line 2: is no dialogue.*`assay data import` makes dialogues"),
        ('{"turns": [{"role": "gpt", "text": "x"}]}', "long.jsonl, line 2: has a turn 1 without"),
    ],
)
def test_a_line_that_is_no_dialogue_is_named(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        surveys.survey(put(tmp_path, long=[lines("long", 1, 3)[0], line + "\n"]))


def test_an_empty_file_a_gzipped_one_and_one_that_is_not_utf_8_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"long.jsonl holds no dialogues"):
        surveys.survey(put(tmp_path, long=["\n"]))
    path = put(tmp_path)
    (tmp_path / "long.jsonl").write_bytes(b"\x1f\x8bxx")
    with pytest.raises(Invalid, match="unpack it first"):
        surveys.survey(path)
    (tmp_path / "long.jsonl").write_bytes(b'{"id": "\xff"}\n')
    with pytest.raises(Invalid, match=r"long.jsonl, line 1: not UTF-8"):
        surveys.survey(path)
    path.write_bytes(b"\xff")
    with pytest.raises(Invalid, match=r"mix.toml is not UTF-8"):
        surveys.survey(path)


def test_a_file_that_changes_meanwhile_is_noticed_and_nothing_is_left_half_done(tmp_path: Path) -> None:
    path = put(tmp_path)
    found = surveys.survey(path)
    (tmp_path / "long.jsonl").write_text("".join(lines("else", 60, 30)), "utf-8")
    with pytest.raises(Invalid, match=r"long.jsonl was changed while it was read"):
        mixtures.build(found, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    found = surveys.survey(put(tmp_path))
    with pytest.raises(Unavailable, match="can't be written"):
        mixtures.build(found, tmp_path / "mix.toml")


def test_a_large_file_is_mixed_in_little_memory(tmp_path: Path) -> None:
    with (tmp_path / "long.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(to_line(dialogue("long", number, 300)) + "\n" for number in range(6_000))
    size = (tmp_path / "long.jsonl").stat().st_size
    path = put_only(tmp_path)
    tracemalloc.start()
    try:
        mixtures.build(surveys.survey(path), tmp_path / "out")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 20_000_000
    assert peak < 8_000_000


def put_only(folder: Path) -> Path:
    """A declaration of one source, whose file is there."""
    path = folder / "mix.toml"
    path.write_text(DECLARED[: DECLARED.index("weight")].replace('"200", ', ""), "utf-8")
    return path
