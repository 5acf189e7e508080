"""Rings for jobs that wait: the ones whose bell was lost, and those whose worker died. Knows no work."""

from collections import Counter

import structlog
from sqlalchemy.exc import OperationalError

from backend.broker import Far
from backend.db.session import Database
from backend.domain.jobs import Queue
from backend.errors import Unavailable
from backend.services.asking import jobs
from worker.duty import clock

log = structlog.get_logger()


def look(database: Database, bell: Far) -> None:
    """Ring once for each waiting job that no unheard ring is for, so that rings never pile up behind busy workers."""
    try:
        with database.reading() as session:
            waiting = Counter(queue for _, queue in jobs.waiting(session, now=clock()))
        for queue, number in waiting.items():
            for _ in range(number - bell.unheard(Queue(queue))):
                bell.ring(Queue(queue))
    except OperationalError as trouble:
        log.warning("beat.no_database", trouble=str(trouble.orig))
    except Unavailable as trouble:
        log.warning("beat.no_broker", trouble=str(trouble))
