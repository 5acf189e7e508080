"""`assay data keep`: reports from the command line to the pages."""

from pathlib import Path

from click.testing import CliRunner

from backend.cli.main import assay
from tests import reports as made


def run(tmp_path: Path, *words: str) -> tuple[int, str]:
    found = CliRunner().invoke(assay, ["data", "keep", "--data-dir", str(tmp_path / "d"), *words])
    return found.exit_code, found.output


def test_reports_are_kept_once_and_a_bad_one_is_named(tmp_path: Path) -> None:
    good, other = (made.written(tmp_path, report, f"{report['report']}.json").path for report in made.ALL[:2])
    code, said = run(tmp_path, str(good), str(other))
    assert (code, said.count("kept, as /data/")) == (0, 2)
    assert "was kept already, as /data/1" in run(tmp_path, str(good))[1]
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    code, said = run(tmp_path, str(bad))
    assert (code, "bad.json is no report" in said) == (1, True)
