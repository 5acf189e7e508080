"""How children learn that their parent ends: real processes, one of them killed."""

import os
import signal
import subprocess
import sys

from worker.leash import Leash

PARENT_AND_CHILD = """
import os, sys, time
from worker.leash import Leash

leash = Leash.new()
if os.fork() == 0:
    leash.let_go()
    print("held" if not leash.is_set() else "loose", flush=True)
    while not leash.is_set():
        time.sleep(0.01)
    print("loose", flush=True)
    os._exit(0)
if sys.stdin.readline():
    leash.let_go()
    leash.let_go()
os.wait()
"""


def family() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PARENT_AND_CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_a_child_sees_that_its_parent_lets_go() -> None:
    with family() as parent:
        assert parent.stdout is not None
        assert parent.stdin is not None
        assert parent.stdout.readline() == "held\n"
        parent.stdin.write("let go\n")
        parent.stdin.flush()
        assert parent.stdout.readline() == "loose\n"


def test_a_child_sees_that_its_parent_was_killed() -> None:
    with family() as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "held\n"
        os.kill(parent.pid, signal.SIGKILL)
        assert parent.stdout.readline() == "loose\n"


def test_a_parent_that_holds_on_holds_on() -> None:
    leash = Leash.new()
    assert not leash.is_set()
    leash.let_go()
    assert leash.is_set()
    os.close(leash.reading)
