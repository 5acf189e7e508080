"""The presets that come with Assay, and a file of one's own."""

from pathlib import Path

import pytest

from backend.errors import Invalid
from backend.services.data.presets import of_file, preset, presets
from backend.services.data.tools import tools


def test_the_presets_of_koala_fastchat_and_the_paper_come_along() -> None:
    known = presets(tools())
    assert list(known) == ["fastchat", "koala", "paper"]
    assert all(name == one.name and one.steps for name, one in known.items())


def test_an_unknown_preset_is_told_the_names_there_are() -> None:
    with pytest.raises(Invalid, match="There is no preset 'alpaca'; there are: fastchat, koala, paper"):
        preset("alpaca", tools())


def test_a_cleaning_of_ones_own_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('name = "mine"\nabout = "mine"\n[[steps]]\nstep = "blank"\n')
    assert [step.name for step in of_file(tmp_path / "mine.toml", tools()).steps] == ["blank"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"name = ", "mine.toml: Invalid value"),
        (b"name = 'a'\nabout = 'b'\n[[steps]]\nstep = 'wash'", "mine.toml: there is no step 'wash'"),
        (b"\xff", "mine.toml: .*utf-8"),
    ],
)
def test_a_cleaning_that_cannot_be_used_says_why(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(Invalid, match=told):
        of_file(tmp_path / "mine.toml", tools())
    with pytest.raises(Invalid, match=r"no\.toml can't be opened"):
        of_file(tmp_path / "no.toml", tools())
