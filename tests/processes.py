"""Looks at other processes, as Linux shows them; and waits for what they do, with a deadline."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

PROC = Path("/proc")
LINUX_ONLY = pytest.mark.skipif(
    not (PROC / "self" / "stat").exists(), reason="there is no /proc here to see processes in"
)


def of_group(group: int) -> dict[int, str]:
    """The processes of a group that have not ended, with their command lines."""
    return {
        pid: line
        for pid, line in ((pid, command(pid)) for pid in map(int, numbers()))
        if group_of(pid) == group and line
    }


def naming(words: str) -> list[int]:
    """The processes whose command line holds these words."""
    return [pid for pid in map(int, numbers()) if words in command(pid)]


def numbers() -> list[str]:
    return [path.name for path in PROC.iterdir() if path.name.isdigit()]


def command(pid: int) -> str:
    """A process's command line; empty when it has ended."""
    try:
        return (PROC / str(pid) / "cmdline").read_text("utf-8", "replace").replace("\0", " ").strip()
    except OSError:
        return ""


def group_of(pid: int) -> int:
    """The number of its group; 0 when it has ended."""
    try:
        state, _, group = (PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[:3]
    except OSError:
        return 0
    return 0 if state in {"Z", "X"} else int(group)


def children(pid: int) -> list[int]:
    """The processes that it has started and that have not ended."""
    listed = (PROC / str(pid) / "task" / str(pid) / "children").read_text("utf-8")
    return [int(one) for one in listed.split()]


def eventually(is_so: Callable[[], bool], *, within: float) -> bool:
    """Whether it becomes so in that many seconds."""
    deadline = time.monotonic() + within
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
