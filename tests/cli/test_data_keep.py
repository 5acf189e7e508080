"""`assay data keep`: reports from the command line to the pages."""

from pathlib import Path

from backend.errors import Invalid
from tests import reports as made
from tests.cli.conftest import Assay


def test_reports_are_kept_once_and_a_bad_one_is_named(run: Assay, tmp_path: Path) -> None:
    good, other = (made.written(tmp_path, report, f"{report['report']}.json").path for report in made.ALL[:2])
    done = run("data", "keep", good, other)
    assert (done.exit_code, done.output.count("kept, as /data/")) == (0, 2)
    assert "was kept already, as /data/1" in run("data", "keep", good).output
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    refused = run("data", "keep", bad)
    assert isinstance(refused.exception, Invalid)
    assert "bad.json is no report" in str(refused.exception)
