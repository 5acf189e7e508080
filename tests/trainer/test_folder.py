"""What a run's folder and its terminal say, and who says it."""

import json
from pathlib import Path

import pytest

from trainer.folder import RUN_JSON, Desk


@pytest.mark.parametrize("writes", [True, False])
def test_the_first_process_alone_says_what_is_warned_of_and_writes_it(
    writes: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path, writes=writes)
    desk.begin({"name": "tiny", "warnings": ["The run ends inside its warm-up."]})
    assert capsys.readouterr().err == ("warning: The run ends inside its warm-up.\n" if writes else "")
    assert (tmp_path / RUN_JSON).exists() == writes
    if writes:
        assert json.loads((tmp_path / RUN_JSON).read_text("utf-8"))["name"] == "tiny"
