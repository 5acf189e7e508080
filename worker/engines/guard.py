"""Runs a command that never outlives whoever asked for it. Knows no engine; standard library only.

    python -I guard.py PARENT GRACE COMMAND …          in a session of its own

A process that is killed with -9 can't stop its children, so this one watches in its place: when PARENT is gone, or on
SIGTERM, everything in the group of processes is asked to end and, after GRACE seconds, killed. Linux gives it, too,
what the command started in other groups and left behind.
"""

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

EVERY_SECONDS = 0.25
GRACE_SECONDS = 8.0
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
ENDED = "The process ended"
STATUS = re.compile(rf"{ENDED} with code (\d+)\.")


class Wanted(Exception):
    """Somebody asked for the end."""


def wanted(number: int, frame: FrameType | None) -> None:
    raise Wanted


def dies_with_the_guard(guard: int) -> None:
    """In the command's own process: should even the guard be killed, Linux kills the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != guard:  # it was killed before the line above
        os._exit(1)


def watch(command: subprocess.Popen[bytes], parent: int) -> None:
    """Return when the command has ended; Wanted when it should."""
    while command.poll() is None:
        if os.getppid() != parent:
            raise Wanted
        time.sleep(EVERY_SECONDS)


def say(words: str) -> None:
    """A line of the command's log."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def status_in(last_line: str) -> int | None:
    """The exit status that a guard has written as the last line of a log; None where a signal ended the command."""
    found = STATUS.fullmatch(last_line.strip())
    return int(found[1]) if found else None


def take_orphans() -> None:
    """Be the parent of whatever the command leaves behind in groups of its own, as torchrun does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def kill_orphans() -> None:
    """Kill those, until there are none: each may have left some of its own."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    while listed.exists() and (orphans := listed.read_text().split()):
        for orphan in orphans:
            os.kill(int(orphan), signal.SIGKILL)  # ours until it is waited for, so its number is nobody else's
        for orphan in orphans:
            with suppress(ChildProcessError):
                os.waitpid(int(orphan), 0)


def end(command: subprocess.Popen[bytes], grace: float) -> None:
    """Ask the whole group, this process too, to end, and wait a while for the command."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    try:
        command.wait(grace)
    except subprocess.TimeoutExpired:
        say("It did not stop when asked, and was killed.")


def main() -> None:
    """Run the command to its end, say in its log how it ended, and leave nobody in the group."""
    signal.signal(signal.SIGTERM, wanted)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent, grace, guard = int(sys.argv[1]), float(sys.argv[2]), os.getpid()
    take_orphans()
    # One thread runs here and no lock is held, so code may run between fork and exec.
    command = subprocess.Popen(sys.argv[3:], preexec_fn=lambda: dies_with_the_guard(guard))  # noqa: PLW1509
    try:
        watch(command, parent)
    except Wanted:
        end(command, grace)
    if command.returncode is not None:
        how = f"by signal {-command.returncode}" if command.returncode < 0 else f"with code {command.returncode}"
        say(f"{ENDED} {how}.")
    kill_orphans()
    os.killpg(0, signal.SIGKILL)  # what the command left behind, and this process


if __name__ == "__main__":
    main()
