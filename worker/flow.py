"""Many questions at once, and their results in lists to be stored together. Knows no engine and no database."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Protocol, TypeVar


class Flag(Protocol):
    """Whether nothing more is to be begun."""

    def is_set(self) -> bool:
        """Whether it is so."""


Given = TypeVar("Given")
Made = TypeVar("Made")

GATHER_SECONDS = 0.5
MOST_AT_ONCE = 200
AHEAD = 4  # lots of questions inside: one is asked, the others wait, or the engine would idle while results are stored


def flow(
    given: Iterable[Given], work: Callable[[Given], Made], *, concurrency: int, stop: Flag
) -> Iterator[list[Made]]:
    """Results as they are ready, in lists. `given` is read as it is needed.

    When `stop` is set, or `work` raises, nothing more is begun; what is under way is finished and given, for it may
    have been paid. Then the first error is raised.
    """
    source, over = iter(given), threading.Event()

    def begun(one: Given) -> list[Made]:
        """Its result, or nothing where there is to be no more: the thread that failed says so itself, in time."""
        if over.is_set() or stop.is_set():
            return []
        try:
            return [work(one)]
        except BaseException:
            over.set()
            raise

    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="asking")
    try:
        under_way = 0
        ended: SimpleQueue[Future[list[Made]]] = SimpleQueue()
        ready: list[Made] = []
        failure: BaseException | None = None
        since = monotonic()
        while True:
            if not (over.is_set() or stop.is_set()):
                for one in islice(source, concurrency * AHEAD - under_way):
                    pool.submit(begun, one).add_done_callback(ended.put)
                    under_way += 1
            if not under_way:
                break
            for future in finished(ended):
                under_way -= 1
                if (error := future.exception()) is not None:
                    failure = failure or error
                else:
                    ready += future.result()
            if ready and (len(ready) >= MOST_AT_ONCE or monotonic() - since >= GATHER_SECONDS):
                yield ready
                ready, since = [], monotonic()
        if ready:
            yield ready
        if failure is not None:
            raise failure
    finally:  # whoever takes the results may have had enough: then nothing more is begun
        pool.shutdown(cancel_futures=True)


def finished(ended: SimpleQueue[Future[Made]]) -> list[Future[Made]]:
    """What has ended since the last call, after a short wait for the first.

    They tell themselves: to wait for a set of futures is to look at every one of them each time that one ends.
    """
    found: list[Future[Made]] = []
    with suppress(Empty):
        found.append(ended.get(timeout=GATHER_SECONDS))
        while True:
            found.append(ended.get_nowait())
    return found
