"""docs/training.md tells the truth: every key with its default, every exit status, examples that are read."""

import re
from pathlib import Path

import pytest

from tests.trainer.reference import defaults
from trainer import errors, reading, sweeps
from trainer.errors import TrainerError
from trainer.fitting import keys

PAGE = (Path(__file__).parents[2] / "docs" / "training.md").read_text("utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.M | re.S)


def test_every_key_is_listed_with_its_default() -> None:
    listed = dict(re.findall(r"^\| `([a-z_.]+)` \| (\S.*?) \| ", PAGE.partition("## Every key")[2], re.M))
    assert listed == defaults()


def test_the_defaults_are_of_keys_that_can_be_read() -> None:
    assert set(defaults()) < set(keys())


def test_every_exit_status_is_explained() -> None:
    listed = {int(status) for status in re.findall(r"^\| (\d+) \| ", PAGE, re.M)}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TrainerError)]
    assert listed == {0, *(kind.status for kind in kinds)}


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """The files that the page's examples name."""
    for name in re.findall(r'"(mix/[\w.-]+)"', PAGE):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "run.toml").write_text(BLOCKS[0], "utf-8")
    (tmp_path / "sweep.toml").write_text(BLOCKS[1], "utf-8")
    return tmp_path


def test_the_examples_are_read(beside: Path) -> None:
    assert reading.read(beside / "run.toml").name == "mine"
    assert len(sweeps.read(beside / "sweep.toml").rungs) == 8
