"""`assay try` and `assay launch`: what is printed, what is stored, what a mistake says."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from backend.errors import AppError
from tests.cli.conftest import Assay


def write(path: Path, *texts: str) -> Path:
    path.write_text("".join(json.dumps({"id": n, "prompt": f"Q{n}?", "output": t}) + "\n" for n, t in enumerate(texts)))
    return path


def test_try_simulate_rates_the_demo_and_prints_the_verdict(run: Assay) -> None:
    done = run("try", "--simulate")
    assert done.exit_code == 0, done.output
    assert "14 of 14 comparisons settled, 42 ratings by 3 raters" in done.output
    assert "smooth-talker against plain-speaker" in done.output
    assert "no finding about quality" in done.output
    assert "equal or better" in run("results", "1").output


def test_files_can_be_named_and_the_baseline_chosen(run: Assay, tmp_path: Path) -> None:
    one, two, three = (write(tmp_path / f"{name}.jsonl", name, name * 2) for name in "abc")
    done = run("launch", f"small={one}", f"large={two}", three, "--baseline", "large", "--seats", "1")
    assert "small against large: 2 comparisons" in done.output
    assert "c against large: 2 comparisons" in done.output
    assert "Batch 1 is launched; it needs 2 raters or more." in done.output


def test_a_file_whose_own_name_has_an_equals_sign_is_found(run: Assay, tmp_path: Path) -> None:
    done = run("launch", write(tmp_path / "t=0.7.jsonl", "a"), write(tmp_path / "b.jsonl", "b"))
    assert "t=0.7 against b: 1 comparisons" in done.output


def test_scrubbing_is_done_before_the_launch_and_said(run: Assay, tmp_path: Path) -> None:
    pair = write(tmp_path / "a.jsonl", "As an AI model by OpenAI, I think so."), write(tmp_path / "b.jsonl", "Yes.")
    shown = run("launch", *pair).output
    assert "1 outputs may say which system wrote them" in shown
    assert "a, prompt 0: [-As an AI model by OpenAI, -]I think so." in shown
    assert "raters see them without it" in run("launch", *pair, "--scrub").output


PRESET = files("backend.presets").joinpath("four-options.toml").read_text(encoding="utf-8")
QUESTION = """
[[questions]]
key = "sure"
text = "How sure are you?"
answers = ["very", "not at all"]
"""


def test_a_preset_of_ones_own_is_a_file(run: Assay, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(PRESET.replace("seats = 3", "seats = 4") + QUESTION)
    pair = write(tmp_path / "a.jsonl", "a"), write(tmp_path / "b.jsonl", "b")
    assert "it needs 4 raters" in run("launch", *pair, "--preset", "own.toml").output
    run("export", "1", "bundle")
    assert json.loads((tmp_path / "bundle" / "settings.json").read_text())["questions"][0]["key"] == "sure"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "can't be opened: No such file"),
        (PRESET.replace("seats = 3", "seats = 0"), "seats must be between 1 and 99"),
        (PRESET.replace("seats = 3", "seats ="), "can't be used"),
        (PRESET.replace('label = "About the same"', ""), "label must be a text"),
    ],
)
def test_what_is_wrong_in_a_preset_of_ones_own_is_said(run: Assay, tmp_path: Path, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / "own.toml").write_text(text)
    done = run("launch", write(tmp_path / "a.jsonl", "a"), write(tmp_path / "b.jsonl", "b"), "--preset", "own.toml")
    assert isinstance(done.exception, AppError)
    assert "own.toml" in str(done.exception)
    assert says in str(done.exception)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "two or more files"),
        (["a.jsonl"], "two systems"),
        (["a.jsonl", "missing.jsonl"], "missing.jsonl"),
        (["a.jsonl", "b.jsonl", "--baseline", "c"], "no system called 'c'"),
        (["a.jsonl", "b.jsonl", "--preset", "none"], "gudibande-2023"),
    ],
)
def test_a_mistake_is_one_sentence_that_says_what_to_do(
    run: Assay, tmp_path: Path, arguments: list[str], says: str
) -> None:
    write(tmp_path / "a.jsonl", "a")
    write(tmp_path / "b.jsonl", "b")
    done = run("launch", *arguments)
    assert isinstance(done.exception, AppError)
    assert says in str(done.exception)
    assert isinstance(run("results", "1").exception, AppError)


def test_a_folder_that_cannot_be_made_is_told(run: Assay, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = run("results", "1", "--data-dir", tmp_path / "file" / "data")
    assert isinstance(done.exception, AppError)
    assert "can't be used: Not a directory" in str(done.exception)


@pytest.mark.parametrize(("name", "value"), [("MAX_UPLOAD_MB", "much"), ("DATABASE_URL", "mysql://here/assay")])
def test_a_setting_that_cannot_be_used_is_named(
    run: Assay, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"ASSAY_{name}", value)
    done = run("results", "1")
    assert isinstance(done.exception, AppError)
    assert f"ASSAY_{name} can't be used" in str(done.exception)


def test_links_are_made_and_listed(run: Assay, tmp_path: Path) -> None:
    run("launch", write(tmp_path / "a.jsonl", "a"), write(tmp_path / "b.jsonl", "b"))
    made = run("links", "1", "--personal", "2", "--open", "--public-url", "https://rate.example.org/")
    assert made.output.count("https://rate.example.org/r/") == 2
    assert made.output.count("https://rate.example.org/o/") == 1
    assert run("links", "1").output.count("/r/") == 2


def test_the_vicuna_answers_are_imported_with_their_questions(run: Assay, shared_data: Path) -> None:
    folder = shared_data / "vicuna80"
    done = run("launch", *sorted((folder / "answer").iterdir()), "--prompts", folder / "question.jsonl")
    assert "80 prompts, joined on id" in done.output
    assert "1 empty outputs" in done.output
    assert done.output.count("80 comparisons") == 3
