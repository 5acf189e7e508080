"""`assay data import`, `clean`, `presets`, `filter-prompts` and `measure-filters`, as a person types them."""

import json
from pathlib import Path
from time import monotonic, sleep

import pytest

from backend.errors import Invalid
from tests.cli.conftest import Assay
from tests.commands import Command, environment

RECORDS = [
    {"id": "1", "conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "Because."}]},
    {
        "id": "2",
        "conversations": [
            {"from": "human", "value": "why"},
            {"from": "gpt", "value": "1 / 2\nSince."},
            {"from": "human", "value": "And?"},
            {"from": "gpt", "value": "So."},
        ],
    },
    {"id": "3", "conversations": "none"},
]
PROMPTS = [
    {"prompt": "How can I improve my time management?", "expect": "keep"},
    {"prompt": "Implement quicksort in Python.", "expect": "coding"},
    {"prompt": "¿Cómo puedo aprender a tocar el piano?", "expect": "keep"},
]


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Two dialogues with one query, and a row that is none."""
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(RECORDS))
    return path


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    """Three labelled prompts, one of them wrongly."""
    path = tmp_path / "prompts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in PROMPTS))
    return path


def test_a_dump_is_imported_as_it_is_and_says_which_rows_are_none(run: Assay, dump: Path) -> None:
    done = run("data", "import", dump, "--out", "dialogues.jsonl")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "dump.json, sharegpt: 2 dialogues",
        "  1 row can't be used:",
        "      line 1: has no list of conversations (or items) with {from, value}",
        "2 dialogues in dialogues.jsonl; next: assay data clean dialogues.jsonl --out clean.jsonl",
    ]
    first = json.loads(Path("dialogues.jsonl").read_text().splitlines()[0])
    assert first == {
        "id": "1",
        "source": "sharegpt",
        "turns": [{"role": "user", "text": "Why?"}, {"role": "assistant", "text": "Because."}],
        "meta": {},
    }


def test_cleaning_says_of_each_step_what_went_and_why_with_an_example(run: Assay, dump: Path) -> None:
    done = run("data", "clean", dump, "--out", "clean.jsonl")
    assert "boilerplate: 2 came, 0 went, 2 left\n  1 changed: a count of versions\n      2: 1 / 2 Since." in done.output
    assert "queries: 2 came, 1 went, 1 left\n  1 went: the same first_query\n      1: Why?" in done.output
    assert done.output.endswith("1 dialogue of 2 in clean.jsonl; samples: clean.jsonl.report.json\n")
    report = json.loads(Path("clean.jsonl.report.json").read_text())
    assert (report["preset"], report["came"], report["left"]) == ("paper", 2, 1)


def test_steps_are_switched_off_and_long_dialogues_split(run: Assay, dump: Path) -> None:
    done = run(
        "data", "clean", dump, "--preset", "koala", "--skip", "queries", "--split-words", "3", "--out", "c.jsonl"
    )
    assert "queries" not in done.output
    assert "split: 2 came, 0 went, 3 left, 1 more by splitting" in done.output
    assert [json.loads(line)["id"] for line in Path("c.jsonl").read_text().splitlines()] == ["1", "2#1", "2#2"]


def test_a_cleaning_of_ones_own_is_used(run: Assay, dump: Path) -> None:
    Path("mine.toml").write_text('name = "mine"\nabout = "x"\n[[steps]]\nstep = "length"\nleast = 15\n')
    done = run("data", "clean", dump, "--steps", "mine.toml", "--out", "c.jsonl")
    assert "1 went: shorter than 15 characters" in done.output


def test_mistakes_are_told_in_a_sentence_and_leave_no_file(run: Assay, dump: Path, tmp_path: Path) -> None:
    for options, told in (
        (("--skip", "wash"), "The preset paper has no step wash; its steps are html"),
        (("--preset", "wash"), "There is no preset 'wash'"),
        (("--as", "hc3"), "as hc3 none of its 3 rows can be used"),
    ):
        done = run("data", "clean", dump, *options, "--out", "c.jsonl")
        assert isinstance(done.exception, Invalid)
        assert told in str(done.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["dump.json"]


def test_the_presets_are_listed_with_their_steps(run: Assay) -> None:
    lines = run("data", "presets").output.splitlines()
    assert [line.partition(":")[0] for line in lines[::2]] == ["fastchat", "koala", "paper"]
    assert lines[5] == "  html → boilerplate → failures → blank → alternation → language → queries"


def test_prompts_are_filtered_with_reasons(run: Assay, prompts: Path) -> None:
    done = run("data", "filter-prompts", prompts, "--out", "kept.jsonl", "--gone", "gone.jsonl")
    assert done.output.splitlines() == [
        "1 prompt of 3 in kept.jsonl",
        "  line 2 went as coding: asks for code in a language (Implement quicksort in Python)",
        "  line 3 went as non_english: is in es (¿Cómo puedo aprender a tocar el piano?)",
    ]
    assert [json.loads(line) for line in Path("kept.jsonl").read_text().splitlines()] == PROMPTS[:1]
    assert len(Path("gone.jsonl").read_text().splitlines()) == 2


def test_precision_and_recall_are_printed_with_intervals_and_what_was_told_otherwise(run: Assay, prompts: Path) -> None:
    """Wilson's interval of 1 of 1 and 1 of 2, by hand: 0.207 to 1, and 0.095 to 0.905."""
    assert run("data", "measure-filters", prompts).output.splitlines() == [
        "keep: precision 1.000 (0.207 to 1.000), 1 of 1, recall 0.500 (0.095 to 0.905), 1 of 2",
        "non_english: precision 0.000 (0.000 to 0.793), 0 of 1, recall unknown (of none)",
        "coding: precision 1.000 (0.207 to 1.000), 1 of 1, recall 1.000 (0.207 to 1.000), 1 of 1",
        "1 prompt told otherwise than labelled:",
        "  line 3: labelled keep, told non_english (is in es): ¿Cómo puedo aprender a tocar el piano?",
    ]


def test_a_labelled_file_without_mistakes_says_so(run: Assay, prompts: Path) -> None:
    prompts.write_text(json.dumps({"prompt": "Implement quicksort.", "expect": "keep"}) + "\n")
    assert run("data", "measure-filters", prompts).output.endswith("0 prompts told otherwise than labelled\n")


def until_half_written(folder: Path) -> None:
    """Wait for the file beside its place to hold something."""
    deadline = monotonic() + 60
    while not any(part.stat().st_size for part in folder.glob(".*.part")):
        assert monotonic() < deadline
        sleep(0.01)


@pytest.mark.long
def test_a_run_that_is_killed_leaves_what_was_there_and_may_be_begun_again(run: Assay, tmp_path: Path) -> None:
    count = 50_000
    (tmp_path / "big.jsonl").write_text((json.dumps(RECORDS[0]) + "\n") * count)
    (tmp_path / "out.jsonl").write_text("before")
    words = ("data", "import", str(tmp_path / "big.jsonl"), "--out", str(tmp_path / "out.jsonl"))
    with Command(*words, environment=environment("sqlite://", tmp_path)) as killed:
        until_half_written(tmp_path)
        killed.kill()
    assert (tmp_path / "out.jsonl").read_text() == "before"
    assert not (tmp_path / "out.jsonl.report.json").exists()
    assert run(*words).exit_code == 0
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == count
