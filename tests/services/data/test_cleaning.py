"""Cleaning files: every count adds up, another order leaves the same dialogues, memory holds hashes alone."""

import json
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pytest

from backend.domain.data.cleaning import Cleaning, cleaning_from
from backend.errors import Invalid
from backend.services.data.cleaning import Cleaned, clean, report_of
from backend.services.data.presets import UNTOUCHED, preset, presets
from backend.services.data.tools import tools
from tests.services.data.files import lines, looked, of, sharegpt, source

PRESETS = presets(tools())
NAMES = sorted(PRESETS)
PAGE = '<div class="markdown prose"><p>I am <em>ChatGPT</em>.</p></div>'
GERMAN = "Kannst du mir bitte erklären, warum der Himmel am Tag blau ist?"
MESSY = [
    sharegpt("Why?", "Because.", key="1"),
    sharegpt("why", "Since.", "And?", "So.", key="2"),
    sharegpt("Who are you?", PAGE, key="3"),
    sharegpt(GERMAN, "Weil das blaue Licht stärker gestreut wird als das rote.", key="4"),
    sharegpt("Look:\n```\nnever closed", "```python\nneither is this", key="5"),
    sharegpt("Deep", "<div>" * 5_000, key="6"),
    sharegpt("Broken", "<p>never <b>closed", key="7"),
    sharegpt("Half \ud83d", "a pair", key="8"),
    sharegpt("A", "megabyte " * 2**17, key="9"),
    sharegpt(key="10"),
    sharegpt("Asked", key="11"),
    sharegpt("Blank", " ", key="12"),
    sharegpt("Busy", "Too many requests in 1 hour. Try again later.", key="13"),
]


def cleaned(folder: Path, content: bytes, chosen: Cleaning, name: str = "out.jsonl") -> Cleaned:
    return clean(looked([source(folder, content)]), chosen, folder / name)


def left(path: Path) -> list[str]:
    return sorted(path.read_text("utf-8").splitlines())


def check(found: Cleaned, path: Path) -> None:
    """Each step begins with what the one before left, every tally adds up, and the file and report say the same."""
    came = found.came
    for tally in found.tallies:
        assert (tally.came, tally.adds_up) == (came, True), tally.step
        came = tally.left
    assert came == found.left == len(left(path))
    assert json.loads(report_of(path).read_text("utf-8")) == json.loads(json.dumps(found.to_json()))


def dropped(found: Cleaned) -> dict[str, list[str]]:
    """reason -> ids of its samples."""
    return {why: sorted(one.id for one in tally.samples[why]) for tally in found.tallies for why in tally.dropped}


def test_every_messy_dialogue_is_kept_or_dropped_for_a_reason(tmp_path: Path) -> None:
    found = cleaned(tmp_path, lines(MESSY), preset("paper", tools()))
    check(found, tmp_path / "out.jsonl")
    assert dropped(found) == {
        "HTML nested too deeply": ["6"],
        "a blank turn before the first answer ends": ["12"],
        "an answer begins “Too many requests in 1 hour. Try again later.”": ["13"],
        "no query with an answer": ["10", "11"],
        "a query in de": ["4"],
        "the same first_query": ["1"],
    }
    kept = {row["id"]: row["turns"][-1]["text"] for row in map(json.loads, left(tmp_path / "out.jsonl"))}
    assert set(kept) == {"2", "3", "5", "7", "8", "9"}
    assert (kept["3"].strip(), kept["5"], kept["7"].strip()) == (
        "I am *ChatGPT*.",
        "```python\nneither is this",
        "never **closed**",
    )


@pytest.mark.parametrize("name", NAMES)
def test_another_order_leaves_the_same_dialogues_and_the_same_report(tmp_path: Path, name: str) -> None:
    once = cleaned(tmp_path, lines(MESSY), PRESETS[name], "once.jsonl")
    again = cleaned(tmp_path, lines(MESSY[::-1]), PRESETS[name], "again.jsonl")
    check(once, tmp_path / "once.jsonl")
    assert left(tmp_path / "once.jsonl") == left(tmp_path / "again.jsonl")
    assert once.to_json()["steps"] == again.to_json()["steps"]


@pytest.mark.parametrize("name", NAMES)
def test_real_dialogues_add_up_at_each_step_in_either_order(tmp_path: Path, shared_data: Path, name: str) -> None:
    given = [
        shared_data / "dialogues" / "oasst_sharegpt_shape.jsonl",
        shared_data / "dialogues" / "fastchat_dummy_conversation.json",
        shared_data / "hc3-shape" / "wiki_csai_1row.jsonl",
    ]
    for order, out in ((given, "once.jsonl"), (given[::-1], "again.jsonl")):
        found = clean(looked([of(path) for path in order]), PRESETS[name], tmp_path / out)
        assert found.came == 270 + 500 + 1
        check(found, tmp_path / out)
    assert left(tmp_path / "once.jsonl") == left(tmp_path / "again.jsonl")


def test_what_was_cleaned_once_is_left_alone_the_second_time(tmp_path: Path) -> None:
    chosen = preset("paper", tools())
    cleaned(tmp_path, lines(MESSY), chosen)
    again = clean(looked([of(tmp_path / "out.jsonl")]), chosen, tmp_path / "again.jsonl")
    assert left(tmp_path / "again.jsonl") == left(tmp_path / "out.jsonl")
    assert again.came == again.left


def test_a_turn_of_ten_megabytes_passes_or_is_dropped_for_its_length(tmp_path: Path) -> None:
    rows = [sharegpt("Text", "ten megabytes " * 750_000, key="1"), sharegpt("Page", "<p>" + "b " * 5_000_000, key="2")]
    found = cleaned(tmp_path, lines(rows), preset("paper", tools()))
    assert (found.left, dropped(found)) == (1, {"HTML longer than 1,000,000 characters": ["2"]})


def test_a_step_that_does_not_concern_a_source_leaves_its_dialogues(tmp_path: Path) -> None:
    rows = [{"question": GERMAN, "chatgpt_answers": ["Weil das blaue Licht stärker gestreut wird.", "Darum.", ""]}]
    found = cleaned(tmp_path, lines(rows), preset("paper", tools()))
    assert (found.came, found.left) == (3, 2)
    assert list(dropped(found)) == ["a blank turn before the first answer ends"]


def test_of_one_id_the_longest_dialogue_stays_and_the_other_is_named(tmp_path: Path) -> None:
    chosen = cleaning_from({"name": "mine", "about": "x", "steps": [{"step": "ids"}]}, tools())
    rows = [sharegpt("Why?", "Because.", key="x"), sharegpt("Who?", "Me.", "And?", "You.", key="x")]
    found = cleaned(tmp_path, lines(rows), chosen)
    assert found.tallies[0].samples["the same id"][0].what == "x"
    assert json.loads(left(tmp_path / "out.jsonl")[0])["turns"][0]["text"] == "Who?"


def test_splitting_comes_last_and_adds_up(tmp_path: Path) -> None:
    steps = [{"step": "queries", "same": "first_query"}, {"step": "split", "longest": 2, "counted_in": "words"}]
    chosen = cleaning_from({"name": "mine", "about": "x", "steps": steps}, tools())
    found = cleaned(tmp_path, lines(MESSY[:2]), chosen)
    check(found, tmp_path / "out.jsonl")
    assert (found.tallies[1].came, found.tallies[1].left, found.tallies[1].split) == (1, 2, 1)


def test_importing_takes_nothing_out(tmp_path: Path) -> None:
    found = cleaned(tmp_path, lines(MESSY), UNTOUCHED)
    assert (found.came, found.left, found.tallies) == (len(MESSY), len(MESSY), [])


@pytest.mark.parametrize("name", ["none", "paper"])
def test_a_file_that_breaks_in_the_middle_leaves_nothing_and_what_was_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "out.jsonl").write_text("before")
    chosen = {**PRESETS, "none": UNTOUCHED}[name]
    with pytest.raises(Invalid, match=r"given\.jsonl, line 14: not valid JSON"):
        cleaned(tmp_path, lines(MESSY) + b'{"id": 3, "conv', chosen)
    assert (tmp_path / "out.jsonl").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["given.jsonl", "out.jsonl"]


def peak(folder: Path, count: int, modes: Sequence[str]) -> int:
    """The most memory that cleaning so many different dialogues of 2 KB each holds, in bytes."""
    path = folder / f"{count}.jsonl"
    with path.open("wb") as file:
        for at in range(count):
            file.write(lines([sharegpt(f"Question {at}?", "word " * 400, key=str(at))]))
    steps = [{"step": "alternation"}, *({"step": "queries", "same": mode} for mode in modes)]
    chosen = cleaning_from({"name": "mine", "about": "x", "steps": steps}, tools())
    found = looked([of(path)])
    tracemalloc.start()
    try:
        assert clean(found, chosen, folder / "out.jsonl").left == count
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.long
def test_memory_grows_by_a_hash_a_dialogue_and_not_by_its_text(tmp_path: Path) -> None:
    few, many = (peak(tmp_path, count, ["first_query"]) for count in (1_000, 6_000))
    assert (many - few) / 5_000 < 500
