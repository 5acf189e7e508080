"""`assay try` and `assay launch`: what is printed, what is stored, what a mistake says."""

import csv
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
    assert "t=0.7 against b: 1 comparison" in done.output


def test_scrubbing_is_done_before_the_launch_and_said(run: Assay, tmp_path: Path) -> None:
    pair = write(tmp_path / "a.jsonl", "As an AI model by OpenAI, I think so."), write(tmp_path / "b.jsonl", "Yes.")
    shown = run("launch", *pair).output
    assert "1 output may say which system wrote them" in shown
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
    assert "it needs 4 raters" in run("launch", *pair, "--settings", "own.toml").output
    run("export", "1", "bundle")
    assert json.loads((tmp_path / "bundle" / "settings.json").read_text())["questions"][0]["key"] == "sure"


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


def rules_file(folder: Path, *lines: str) -> Path:
    path = folder / "rules.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_rules_are_declared_by_a_file_with_only_the_keys_to_change(run: Assay, tmp_path: Path) -> None:
    two = write(tmp_path / "a.jsonl", "a", "aa"), write(tmp_path / "b.jsonl", "b", "bb")
    rules = rules_file(tmp_path, 'split_rule = "extra"', "[analysis]", 'primary = "a"', "sealed = true")
    done = run("launch", *two, "--settings", rules)
    assert "3 raters a comparison, 5 where three disagree; at most 10 ratings." in done.output
    assert "The primary candidate is a." in done.output
    assert "The results are sealed until the batch has ended." in done.output
    assert "it needs 5 raters or more" in done.output


def test_a_whole_preset_of_ones_own_is_such_a_file_too(run: Assay, tmp_path: Path) -> None:
    two = write(tmp_path / "a.jsonl", "a", "aa"), write(tmp_path / "b.jsonl", "b", "bb")
    own = PRESET
    rules = rules_file(tmp_path, own.replace('"four-options"', '"my-own"').replace("seats = 3", "seats = 7"))
    assert "7 raters a comparison: 14 ratings." in run("launch", *two, "--settings", rules).output
    assert "2 raters a comparison: 4 ratings." in run("launch", *two, "--settings", rules, "--seats", "2").output


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('split_rule = "coin"', "rules.toml: split_rule must be one of tie, half, loss, drop, extra, not 'coin'."),
        ("seats = 0", "rules.toml: seats must be between 1 and 99."),
        ("seats = 2\nseats 3", "rules.toml: Expected '=' after a key in a key/value pair (at line 2"),
        ("colour = 1", "rules.toml: unknown setting colour"),
        ("checks = { golden = 0.1 }", "rules.toml: unknown kind of check golden"),
        ('analysis = { primary = "c" }', "'c' as the primary candidate, but this study has only: a, b."),
    ],
)
def test_a_mistake_in_the_file_is_named_with_file_and_key(run: Assay, tmp_path: Path, line: str, says: str) -> None:
    two = write(tmp_path / "a.jsonl", "a"), write(tmp_path / "b.jsonl", "b")
    done = run("launch", *two, "--settings", rules_file(tmp_path, line))
    assert isinstance(done.exception, AppError)
    assert says in str(done.exception)


def test_a_settings_file_that_is_not_there_is_named(run: Assay, tmp_path: Path) -> None:
    done = run("launch", write(tmp_path / "a.jsonl", "a"), write(tmp_path / "b.jsonl", "b"), "--settings", "none.toml")
    assert "none.toml can't be read: No such file or directory." in str(done.exception)


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
    assert "1 empty output (compared" in done.output
    assert done.output.count("80 comparisons") == 3


def test_checks_are_declared_and_gold_comes_from_a_file(run: Assay, tmp_path: Path) -> None:
    (tmp_path / "gold.csv").write_text("prompt,better,worse\nWhy?,Because.,No.\n")
    files = write(tmp_path / "a.jsonl", *"abcdefgh"), write(tmp_path / "b.jsonl", *"hgfedcba")
    rules = rules_file(tmp_path, "checks = { gold = 0.25, attention = 0.25, repeat = 0.25 }")
    done = run("try", *files, "--simulate", "--settings", rules, "--gold", "gold.csv")
    assert done.exit_code == 0, done.output
    assert "8 of 8 comparisons settled, 24 ratings by 3 raters" in done.output
    assert run("export", "1", "bundle").exit_code == 0
    rows = list(csv.DictReader((tmp_path / "bundle" / "checks.csv").read_text().splitlines()))
    assert {row["kind"] for row in rows} == {"gold", "attention", "repeat"}
    assert run("verify", "bundle").exit_code == 0


@pytest.mark.parametrize(
    ("gold", "arguments", "says"),
    [
        (0.1, [], "declare gold checks, 10 % of a rater's comparisons, so the launch needs a file"),
        (0.0, ["--gold", "gold.csv"], "declare no rate for gold checks"),
        (0.1, ["--gold", "short.csv"], "short.csv, line 2: this row has no worse output"),
        (0.1, ["--gold", "none.csv"], "none.csv can't be opened"),
    ],
)
def test_checks_that_cannot_be_given_refuse_the_launch_and_nothing_is_stored(
    run: Assay, tmp_path: Path, gold: float, arguments: list[str], says: str
) -> None:
    (tmp_path / "gold.csv").write_text("prompt,better,worse\nWhy?,Because.,No.\n")
    (tmp_path / "short.csv").write_text("prompt,better\nWhy?,Because.\n")
    rules = rules_file(tmp_path, f"checks = {{ gold = {gold} }}")
    two = write(tmp_path / "a.jsonl", "a"), write(tmp_path / "b.jsonl", "b")
    done = run("launch", *two, "--settings", rules, *arguments)
    assert isinstance(done.exception, AppError)
    assert says in str(done.exception)
    assert isinstance(run("results", "1").exception, AppError)


def test_a_sample_launches_a_part_of_the_prompts(run: Assay, tmp_path: Path) -> None:
    two = write(tmp_path / "a.jsonl", *"abcdef"), write(tmp_path / "b.jsonl", *"fedcba")
    assert "3 raters a comparison: 6 ratings." in run("launch", *two, "--sample", "2").output


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ('{ kind = "failed_checks", limit = 0.3, least = 4 }', "declare no gold and no attention checks"),
        ('{ kind = "inconsistent", limit = 0.3, least = 4 }', "declare no repeats"),
    ],
)
def test_a_rule_for_checks_that_nobody_would_meet_refuses_the_launch(
    rule: str, says: str, run: Assay, tmp_path: Path
) -> None:
    pair = write(tmp_path / "a.jsonl", "a"), write(tmp_path / "b.jsonl", "b")
    done = run("launch", *pair, "--settings", rules_file(tmp_path, f"exclusions = [{rule}]"))
    assert says in str(done.exception)


def test_simulated_raters_read_what_attention_checks_ask(run: Assay, tmp_path: Path) -> None:
    rules = rules_file(
        tmp_path,
        'checks = { attention = 0.3 }\nexclusions = [{ kind = "failed_checks", limit = 0.0, least = 1 }]',
    )
    assert run("try", "--simulate", "--settings", rules).exit_code == 0
    found = json.loads(run("results", "1", "--json").output)
    assert all(one["checks"]["passed"] == one["checks"]["asked"] >= 2 for one in found["each_rater"])
    assert found["excluded"] == []


def test_a_training_and_an_entry_test_are_declared_by_options(run: Assay, tmp_path: Path) -> None:
    pair = write(tmp_path / "a.jsonl", "a"), write(tmp_path / "b.jsonl", "b")
    test = tmp_path / "test.jsonl"
    test.write_text('{"prompt": "2 + 2?", "better": "4", "worse": "5"}\n' * 3)
    shown = run("launch", *pair, "--training", "default", "--test", test, "--pass-mark", 2).output
    assert "Raters practise on 4 exercises with feedback" in shown
    assert "Raters take an entry test: 2 of 3 exercises must be right" in shown
    assert "95 % of their earlier work approved" in shown
    refused = [run("launch", *pair, "--test", test), run("launch", *pair, "--training", tmp_path / "missing.jsonl")]
    assert all(isinstance(one.exception, AppError) for one in refused)
    assert "the pass mark says how many exercises" in str(refused[0].exception)
    assert "missing.jsonl" in str(refused[1].exception)


def test_a_settings_file_declares_consent_exercises_and_qualifications(run: Assay, tmp_path: Path) -> None:
    pair = write(tmp_path / "a.jsonl", "a"), write(tmp_path / "b.jsonl", "b")
    (tmp_path / "own.toml").write_text(
        '[qualifying]\nlanguages = ["en"]\n[journey]\nconsent = """I agree."""\n'
        '[[journey.training]]\nprompt = "2 + 2?"\nfirst = "4"\nsecond = "5"\nright = "first"\nexplanation = "Count."\n'
    )
    shown = run("launch", *pair, "--settings", tmp_path / "own.toml").output
    assert "Raters are asked for their consent first." in shown
    assert "Raters practise on 1 exercises" not in shown
    assert "Raters practise on 1 exercise with feedback" in shown
    assert "Raters are to speak en" in shown
