"""A run's folder is one process's at a time, and says nothing of a run that it is not."""

import errno
import json
from pathlib import Path

import pytest

from trainer.errors import BadRun, DiskFull
from trainer.folder import RUN_JSON, RUN_TOML, STATE, Desk, State, disk_in_words


def test_a_folder_that_another_process_trains_in_is_refused_until_that_has_ended(tmp_path: Path) -> None:
    first, second = Desk(tmp_path / "out", writes=True), Desk(tmp_path / "out", writes=True)
    first.take()

    with pytest.raises(BadRun, match=r"Another process trains in .*out. Wait until it has ended, or stop it"):
        second.take()
    second.close()
    first.close()

    second.take()
    second.close()


def told_in(folder: Path) -> object:
    return json.loads((folder / STATE).read_text("utf-8"))["error"]


def test_nothing_is_told_in_a_folder_that_holds_a_run_until_it_is_known_to_be_this_one(tmp_path: Path) -> None:
    desk = Desk(tmp_path, writes=True)
    desk.take()
    desk.note({"name": "mine"})

    desk.tell(State.FAILED, error="It holds another run.")
    assert not (tmp_path / STATE).exists()

    desk.open('name = "mine"')
    desk.tell(State.FAILED, error="The disk is full.")
    assert told_in(tmp_path) == "The disk is full."
    assert (tmp_path / RUN_TOML).read_text("utf-8") == 'name = "mine"'
    desk.close()


def test_in_a_folder_that_holds_no_run_yet_it_is_told_why_there_is_none(tmp_path: Path) -> None:
    first, second = Desk(tmp_path, writes=True), Desk(tmp_path, writes=True)
    first.tell(State.FAILED, error="There is no such model.")
    assert told_in(tmp_path) == "There is no such model."

    first.take()
    with pytest.raises(BadRun):
        second.take()
    second.tell(State.FAILED, error="Another process trains here.")
    assert told_in(tmp_path) == "There is no such model."
    first.close()
    second.close()


def test_a_place_that_can_t_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(BadRun, match=r"can't be written: Not a directory. Name another folder as `out`"):
        Desk(tmp_path / "file" / "out", writes=True).take()


@pytest.mark.parametrize("writes", [True, False])
def test_the_first_process_alone_says_what_is_warned_of_and_writes_it(
    writes: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Desk(tmp_path, writes=writes).note({"warnings": ["The run ends inside its warm-up."]})
    assert capsys.readouterr().err == ("warning: The run ends inside its warm-up.\n" if writes else "")
    assert (tmp_path / RUN_JSON).exists() == writes


def test_a_full_disk_is_said_in_words_and_other_trouble_as_it_is(tmp_path: Path) -> None:
    full, other = OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EIO, "Input/output error")

    with pytest.raises(DiskFull, match=r"The disk is full: .* Make room"), disk_in_words(tmp_path):
        raise full
    with pytest.raises(OSError, match="Input/output error") as raised, disk_in_words(tmp_path):
        raise other

    assert raised.value is other
