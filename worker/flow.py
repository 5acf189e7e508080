"""Many questions at once, and their results in lists to be stored together. Knows no engine and no database."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")

GATHER_SECONDS = 0.5
MOST_AT_ONCE = 200
AHEAD = 4  # lots of questions inside: one is asked, the others wait, or the engine would idle while results are stored


def flow(
    given: Iterable[Given], work: Callable[[Given], Made], *, concurrency: int, stop: threading.Event
) -> Iterator[list[Made]]:
    """Results as they are ready, in lists. `given` is read as it is needed.

    When `stop` is set, or `work` raises, nothing more is begun; what is under way is finished and given, for it may
    have been paid. Then the first error is raised.
    """
    source = iter(given)
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="asking")
    try:
        under_way: set[Future[Made]] = set()
        ended: SimpleQueue[Future[Made]] = SimpleQueue()
        ready: list[Made] = []
        failure: BaseException | None = None
        since = monotonic()
        while True:
            if failure is None and not stop.is_set():
                for one in islice(source, concurrency * AHEAD - len(under_way)):
                    under_way.add(future := pool.submit(work, one))
                    future.add_done_callback(ended.put)
            elif under_way:
                under_way -= {future for future in under_way if future.cancel()}
            if not under_way:
                break
            for future in finished(ended):
                under_way.discard(future)
                if (error := future.exception()) is not None:
                    failure = failure or error
                else:
                    ready.append(future.result())
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
    """What has ended since the last call, after a short wait for the first; without what was cancelled.

    They tell themselves: to wait for a set of futures is to look at every one of them each time that one ends.
    """
    found: list[Future[Made]] = []
    with suppress(Empty):
        found.append(ended.get(timeout=GATHER_SECONDS))
        while True:
            found.append(ended.get_nowait())
    return [future for future in found if not future.cancelled()]
