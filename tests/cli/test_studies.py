"""`assay studies`, `assay close`, `assay launch --study`: from a launch with the wrong baseline to the right one."""

import json
from pathlib import Path

import pytest

from backend.cli.studies import SHOWN
from backend.errors import Invalid, NotFound
from tests.cli.conftest import Assay


def write(folder: Path, name: str, count: int = 2) -> Path:
    path = folder / f"{name}.jsonl"
    rows = [{"id": key, "prompt": f"Question {key}?", "output": f"{name} says {key}."} for key in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def stored(run: Assay, tmp_path: Path) -> Assay:
    """A house with study 1, of which nothing is launched."""
    done = run("import", write(tmp_path, "mine"), write(tmp_path, "theirs", 3))
    assert done.output.endswith("is stored. Launch it: assay launch --study 1 --baseline NAME\n")
    return run


def test_without_studies_the_list_says_how_to_make_one(run: Assay) -> None:
    assert run("studies").output == "There are no studies yet. Make one: assay try, assay launch or assay import.\n"


def test_a_study_is_listed_with_its_systems_and_what_comes_next(stored: Assay) -> None:
    assert stored("studies").output.splitlines() == [
        "Study 1  mine and theirs",
        "  mine (2 outputs), theirs (2 outputs)",
        "  not launched: assay launch --study 1",
    ]


def test_a_study_with_less_than_two_outputs_a_prompt_says_what_is_missing(run: Assay, tmp_path: Path) -> None:
    run("import", "--prompts", write(tmp_path, "mine"), "--name", "Asked")
    run("generate", "1", "--system", "mute", "--engine", "echo", "--model", "x", "--queue")
    assert run("studies").output.splitlines() == [
        "Study 1  Asked",
        "  mute (no outputs)",
        "  not launched: two systems need outputs, see assay generate 1 --help",
    ]


def test_a_wrong_baseline_is_put_right_by_closing_the_batch_and_launching_the_study_again(stored: Assay) -> None:
    first = stored("launch", "--study", "1", "--baseline", "mine").output
    assert first.startswith("mine and theirs, against mine: 2 comparisons.\n3 raters a comparison: 6 ratings.\n")
    assert first.endswith("Their links: assay links 1 --personal 3, while `assay serve` runs.\n")
    assert stored("close", "1").output == "Batch 1 of study 1 is closed, with 0 ratings.\n"
    assert "Batch 2 is launched; it needs 3 raters or more." in stored("launch", "--study", "1", "--sample", "1").output
    assert stored("studies").output.splitlines()[2:] == [
        "  Batch 1  closed, 0 of 6 ratings, against mine",
        "  Batch 2  live, 0 of 3 ratings, against theirs",
    ]


def test_a_batch_that_is_rated_is_listed_as_complete(run: Assay) -> None:
    run("try", "--simulate")
    assert "  Batch 1  complete, 42 of 42 ratings, against plain-speaker" in run("studies").output.splitlines()


@pytest.mark.parametrize(
    "options", [["--preset", "four-options"], ["--seats", "5"], ["--pass-mark", "1"], ["--scrub"], ["more.jsonl"]]
)
def test_a_stored_study_is_launched_by_its_own_settings_alone(stored: Assay, options: list[str]) -> None:
    refused = stored("launch", "--study", "1", *options).exception
    assert isinstance(refused, Invalid)
    assert "Change its settings in its page." in str(refused)


def test_numbers_that_no_study_or_batch_has_are_refused(stored: Assay) -> None:
    assert isinstance(stored("launch", "--study", "2").exception, NotFound)
    assert isinstance(stored("close", "1").exception, NotFound)


def test_only_the_newest_studies_are_listed_unless_all_are_wanted(run: Assay, tmp_path: Path) -> None:
    prompts = write(tmp_path, "mine", 1)
    for _ in range(SHOWN + 1):
        run("import", "--prompts", prompts)
    few, every = run("studies").output.splitlines(), run("studies", "--all").output.splitlines()
    assert few[:2] == ["Older ones: assay studies --all", "Study 2  mine"]
    assert every[0] == "Study 1  mine"
    assert few[-1] == every[-1]
