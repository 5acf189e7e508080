"""`assay results`, `export` and `verify`: numbers that travel, and real votes that give the numbers they should."""

import csv
import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from backend.errors import AppError
from tests.cli.conftest import Assay


@pytest.fixture
def rated(run: Assay) -> Assay:
    """A house in which batch 1 is the demo, rated by simulated raters."""
    assert run("try", "--simulate").exit_code == 0
    return run


def test_results_come_as_text_json_and_csv_with_the_same_numbers(rated: Assay) -> None:
    found = json.loads(rated("results", "1", "--json").output)
    (row,) = csv.DictReader(rated("results", "1", "--csv").output.splitlines())
    assert float(row["equal_or_better"]) == found["candidates"][0]["equal_or_better"]["mean"]
    assert f"{found['candidates'][0]['win_rate']['mean'] * 100:.1f} %" in rated("results", "1").output


def test_the_verdict_says_how_a_split_counts_what_is_not_settled_and_how_many_votes_a_rule_left_out(
    run: Assay, tmp_path: Path
) -> None:
    (tmp_path / "rules.toml").write_text(
        'split_rule = "extra"\nsplit_fallback = "half"\nexclusions = [{ kind = "one_sided", limit = 0.1, least = 1 }]\n'
    )
    done = run("try", "--simulate", "--settings", "rules.toml").output
    found = json.loads(run("results", "1", "--json").output)
    votes = sum(one["votes"] for one in found["excluded"])
    assert "split (after two more raters counted as half a win), 14 not settled" in done
    assert f"excluded by rule (with {votes} votes, which no number above counts)" in done
    assert "split (counted as a tie)\n" in run("try", "--simulate").output


def test_an_untouched_bundle_holds_and_needs_no_database(rated: Assay, tmp_path: Path) -> None:
    rated("export", "1", "bundle")
    for part in (tmp_path / "assay-data").iterdir():
        part.unlink()
    done = rated("verify", "bundle")
    assert done.exit_code == 0
    assert "holds" in done.output


def test_an_edited_rating_is_found_and_the_numbers_that_it_changes_are_named(rated: Assay, tmp_path: Path) -> None:
    rated("export", "1", "bundle")
    ratings = tmp_path / "bundle" / "ratings.csv"
    rows = list(csv.DictReader(ratings.read_text().splitlines()))
    edited = next(row for row in rows if row["choice"] == "first")
    edited["choice"] = "tie"
    with ratings.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    done = rated("verify", "--all", "bundle")
    assert done.exit_code == 1
    assert "sha256 of ratings.csv" in done.output
    assert "results.candidates[0].votes.tie" in done.output
    assert "results.candidates[0].win_rate.mean" in done.output


def test_a_bundle_is_never_written_over_something_else(rated: Assay, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "thesis.txt").write_text("mine")
    assert isinstance(rated("export", "1", "bundle").exception, AppError)
    assert (tmp_path / "bundle" / "thesis.txt").read_text() == "mine"


def test_verify_says_when_a_folder_is_no_bundle(run: Assay, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert "Is this the folder of a bundle?" in str(run("verify", "folder").exception)


def by_pair(file: Path) -> dict[tuple[str, str], list[dict[str, object]]]:
    """(first system, second system) -> rows of PandaLM's comparisons by three people."""
    pairs: dict[tuple[str, str], list[dict[str, object]]] = defaultdict(list)
    for line in file.read_text("utf-8").splitlines():
        row = json.loads(line)
        first, second = row["cmp_key"].split("_")
        pairs[first, second].append(row)
    return pairs


def write_outputs(path: Path, rows: list[dict[str, object]], field: str) -> None:
    kept = (
        {"id": row["idx"], **{name: row[name] for name in ("instruction", "input")}, "output": row[field]}
        for row in rows
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in kept), "utf-8")


def write_votes(path: Path, rows: list[dict[str, object]]) -> None:
    """A row a vote. PandaLM says 1 or 2 for a response and 0 for a tie, and not which one was shown first."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["rater", "prompt", "preference"])
        for row in rows:
            for rater in ("annotator1", "annotator2", "annotator3"):
                writer.writerow([rater, row["idx"], {0: "tie", 1: "baseline", 2: "candidate"}[row[rater]]])


@pytest.mark.long
def test_real_votes_of_pandalm_give_the_majorities_that_were_published(
    run: Assay, tmp_path: Path, shared_data: Path
) -> None:
    pairs = by_pair(shared_data / "pairwise-pandalm" / "items.jsonl")
    outcomes: Counter[str] = Counter()
    for batch, ((first, second), rows) in enumerate(pairs.items(), start=1):
        write_outputs(tmp_path / f"{first}.jsonl", rows, "response1")
        write_outputs(tmp_path / f"{second}.jsonl", rows, "response2")
        write_votes(tmp_path / "votes.csv", rows)
        launched = run("launch", f"{second}.jsonl", f"{first}.jsonl")
        assert f"Batch {batch} is launched" in launched.output, launched.output
        assert f"{3 * len(rows)} ratings are in batch {batch}" in run("import-ratings", batch, "votes.csv").output
        found = json.loads(run("results", batch, "--json").output)
        outcomes.update(found["candidates"][0]["outcomes"])
        assert found["position"]["effect"]["unknown"] == 3 * len(rows)
    assert len(pairs) == 5
    assert (outcomes["candidate"], outcomes["baseline"], outcomes["tie"]) == (225, 211, 48)
    assert (outcomes["split"], outcomes["comparisons"]) == (0, 484)


def test_an_edit_that_changes_many_numbers_is_told_in_few_lines_unless_all_are_wanted(
    rated: Assay, tmp_path: Path
) -> None:
    rated("export", "1", "bundle")
    ratings = tmp_path / "bundle" / "ratings.csv"
    ratings.write_text(ratings.read_text().replace(",first,", ",tie,", 1))
    few, every = rated("verify", "bundle"), rated("verify", "--all", "bundle")
    count = len(every.output.splitlines()) - 1
    assert few.exit_code == every.exit_code == 1
    assert few.output.splitlines()[-2:] == [
        f"  … and {count - 20} more: assay verify --all bundle",
        f"bundle does not hold: {count} differences.",
    ]


def test_what_differs_is_told_in_the_order_in_which_results_are(rated: Assay, tmp_path: Path) -> None:
    """The share of votes before anything that follows from it."""
    rated("export", "1", "bundle")
    ratings = tmp_path / "bundle" / "ratings.csv"
    ratings.write_text(ratings.read_text().replace(",first,", ",tie,", 1))
    lines = rated("verify", "bundle").output.splitlines()
    assert lines[0].startswith("  sha256 of ratings.csv")
    assert lines[1].startswith("  results.candidates[0].votes.")


def test_a_batch_without_a_rating_says_so_instead_of_its_numbers(run: Assay, tmp_path: Path) -> None:
    rows = [json.dumps({"id": 1, "prompt": "Why?", "output": f"{name}."}) for name in ("One", "Two")]
    for name, row in zip(("mine", "theirs"), rows, strict=True):
        (tmp_path / f"{name}.jsonl").write_text(row)
    run("launch", "mine.jsonl", "theirs.jsonl")
    assert run("results", "1").output.splitlines() == [
        "Batch 1: 0 of 1 comparisons settled, 0 ratings by 0 raters",
        "",
        "mine against theirs: no rating has arrived yet. `assay links 1` lists the links for raters, and makes more.",
    ]


@pytest.mark.parametrize(
    "verb", [("results",), ("links",), ("export", "bundle"), ("judged", "file"), ("import-ratings", "file")]
)
def test_a_batch_number_that_no_database_holds_is_refused(verb: tuple[str, ...], run: Assay, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for number in (str(2**31), "9" * 30, "0"):
        assert "is not in the range" in run(verb[0], number, *verb[1:]).output
