"""`assay try` and `assay launch`: what is printed, what is stored, what a mistake says."""

import csv
import json
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
    files = write(tmp_path / "a.jsonl", "As an AI model by OpenAI, I think so."), write(tmp_path / "b.jsonl", "Yes.")
    assert "1 outputs may say which system wrote them" in run("launch", *files).output
    assert "raters see them without it" in run("launch", *files, "--scrub").output


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


def test_checks_are_declared_and_gold_comes_from_a_file(run: Assay, tmp_path: Path) -> None:
    (tmp_path / "gold.csv").write_text("prompt,better,worse\nWhy?,Because.,No.\n")
    files = write(tmp_path / "a.jsonl", *"abcdefgh"), write(tmp_path / "b.jsonl", *"hgfedcba")
    declared = ("--check", "gold=0.25", "--check", "attention=0.25", "--check", "repeat=0.25")
    done = run("try", *files, "--simulate", *declared, "--gold", "gold.csv")
    assert done.exit_code == 0, done.output
    assert "8 of 8 comparisons settled, 24 ratings by 3 raters" in done.output
    assert run("export", "1", "bundle").exit_code == 0
    rows = list(csv.DictReader((tmp_path / "bundle" / "checks.csv").read_text().splitlines()))
    assert {row["kind"] for row in rows} == {"gold", "attention", "repeat"}
    assert run("verify", "bundle").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--check", "gold=0.1"], "declare gold checks, 10.0% of a rater's comparisons, so the launch needs a file"),
        (["--gold", "gold.csv"], "declare no rate for gold checks"),
        (["--check", "gold=0.1", "--gold", "short.csv"], "short.csv, line 2: this row has no worse output"),
        (["--check", "gold=0.1", "--gold", "none.csv"], "none.csv can't be opened"),
        (["--check", "golden=0.1"], "unknown kind of check golden"),
        (["--check", "repeat"], "--check repeat: give a kind and a rate"),
        (["--check", "repeat=0.9"], "between 0 and 0.5"),
    ],
)
def test_checks_that_cannot_be_given_refuse_the_launch_and_nothing_is_stored(
    run: Assay, tmp_path: Path, arguments: list[str], says: str
) -> None:
    (tmp_path / "gold.csv").write_text("prompt,better,worse\nWhy?,Because.,No.\n")
    (tmp_path / "short.csv").write_text("prompt,better\nWhy?,Because.\n")
    done = run("launch", write(tmp_path / "a.jsonl", "a"), write(tmp_path / "b.jsonl", "b"), *arguments)
    assert isinstance(done.exception, AppError)
    assert says in str(done.exception)
    assert isinstance(run("results", "1").exception, AppError)
