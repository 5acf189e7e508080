"""The guard ends its command with whoever asked for it, whatever way that goes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import LINUX_ONLY, children, eventually, of_group
from worker.engines import guard

pytestmark = LINUX_ONLY
GUARDED = [sys.executable, "-I", guard.__file__]
GRACE = "8"
# A command with a child of its own, as vLLM has, both deaf to a polite word if they are told to be.
FAMILY = """
import signal, subprocess, sys, time
if sys.argv[1] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("up", flush=True)
time.sleep(600)
"""
PARENT = """
import os, subprocess, sys, time
guard = subprocess.Popen([*sys.argv[1:4], str(os.getpid()), *sys.argv[4:]], start_new_session=True)
print(guard.pid, flush=True)
time.sleep(600)
"""


def family(manners: str) -> list[str]:
    return [sys.executable, "-c", FAMILY, manners]


@pytest.fixture
def guarded(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    words = [*GUARDED, str(os.getpid()), GRACE, *family(request.param)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield process
        process.kill()


@pytest.mark.parametrize("guarded", ["polite"], indirect=True)
def test_asked_to_stop_it_ends_the_command_and_the_commands_children(guarded: subprocess.Popen[str]) -> None:
    assert eventually(lambda: len(of_group(guarded.pid)) == 3, within=5)
    guarded.terminate()
    said, _ = guarded.communicate(timeout=20)
    assert "ended by signal 15" in said
    assert eventually(lambda: of_group(guarded.pid) == {}, within=5)


@pytest.mark.long
@pytest.mark.parametrize("guarded", ["deaf"], indirect=True)
def test_a_command_that_does_not_go_when_asked_is_killed(guarded: subprocess.Popen[str]) -> None:
    guarded.terminate()
    said, _ = guarded.communicate(timeout=guard.GRACE_SECONDS + 20)
    assert "was killed" in said
    assert eventually(lambda: of_group(guarded.pid) == {}, within=5)


@pytest.mark.parametrize("guarded", ["polite"], indirect=True)
def test_a_command_that_is_killed_takes_its_children_along(guarded: subprocess.Popen[str]) -> None:
    (command,) = children(guarded.pid)
    os.kill(command, signal.SIGKILL)
    said, _ = guarded.communicate(timeout=20)
    assert "ended by signal 9" in said
    assert eventually(lambda: of_group(guarded.pid) == {}, within=5)


@pytest.mark.parametrize("guarded", ["polite"], indirect=True)
def test_a_command_dies_with_a_guard_that_is_killed(guarded: subprocess.Popen[str]) -> None:
    (command,) = children(guarded.pid)
    guarded.kill()
    assert eventually(lambda: command not in of_group(guarded.pid), within=5)
    os.killpg(guarded.pid, signal.SIGKILL)


def test_nobody_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    words = [sys.executable, "-c", PARENT, *GUARDED, GRACE, *family("polite")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        first, second = sorted([parent.stdout.readline().strip(), parent.stdout.readline().strip()])
        assert second == "up"
        assert eventually(lambda: len(of_group(int(first))) == 3, within=5)  # one that is just born has no words yet
        parent.kill()
        assert eventually(lambda: of_group(int(first)) == {}, within=guard.GRACE_SECONDS + 5)


def test_a_command_that_ends_by_itself_says_how() -> None:
    words = [*GUARDED, str(os.getpid()), GRACE, sys.executable, "-c", "raise SystemExit(3)"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, start_new_session=True, timeout=20)
    assert done.stdout == "The process ended with code 3.\n"
    assert guard.status_in(done.stdout) == 3


@pytest.mark.parametrize("line", ["The process ended by signal 9.", "The process ended with code 3. Or so.", ""])
def test_another_last_line_tells_no_status(line: str) -> None:
    assert guard.status_in(line) is None


LEAVER = """
import subprocess, sys
left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(left.pid, flush=True)
"""


def test_what_a_command_left_behind_in_a_group_of_its_own_goes_too() -> None:
    words = [*GUARDED, str(os.getpid()), GRACE, sys.executable, "-c", LEAVER]
    done = subprocess.run(words, capture_output=True, text=True, check=False, start_new_session=True, timeout=20)
    assert of_group(int(done.stdout.splitlines()[0])) == {}
