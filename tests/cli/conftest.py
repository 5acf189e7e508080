"""The command as a person types it, in a folder of its own, on the embedded database."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backend.cli.main import assay

Assay = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Assay:
    """`assay …` with everything kept in the test's own folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("ASSAY_DATABASE_URL", "ASSAY_DATA_DIR", "ASSAY_SECRET_KEY", "ASSAY_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    runner = CliRunner()

    def running(*arguments: str | Path, typed: str = "") -> Result:
        return runner.invoke(assay, [str(one) for one in arguments], input=typed)

    return running
