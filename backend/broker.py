"""The doorbell over a broker: messages to workers on any machine, through Celery and Redis. Knows no worker's code.

A message says that a queue may have a job, and no more: which one, the table says. So a message that is lost, late or
comes twice changes nothing, and it is acknowledged before the work, not after.
"""

from dataclasses import dataclass

import structlog

from backend.domain.jobs import Queue
from backend.errors import Unavailable

try:
    from celery import Celery
    from kombu import Queue as Messages
    from kombu.exceptions import OperationalError
except ModuleNotFoundError:  # Celery comes with the extra `celery` alone
    HAS_CELERY = False
else:
    HAS_CELERY = True

log = structlog.get_logger()
WORK = "assay.work"
PATIENCE_SECONDS = 2.0  # whoever rings is answering a request


def connected(url: str, *, patience: float | None = None) -> "Celery":
    """The broker at this address, reached when it is used. Unavailable where Celery is not installed.

    patience: seconds to wait for it; None for as long as Celery does.
    """
    if not HAS_CELERY:
        raise Unavailable("ASSAY_BROKER_URL needs Celery: pip install 'assay-eval[celery]' brings it.")
    app = Celery("assay", broker=url, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_queues=[Messages(queue) for queue in Queue],
    )
    if patience is not None:
        waits = {"socket_timeout": patience, "socket_connect_timeout": patience, "retry_on_timeout": False}
        app.conf.update(broker_connection_timeout=patience, broker_transport_options=waits)
    return app


@dataclass(frozen=True, slots=True)
class Far:
    """Heard by the workers that listen to this broker."""

    app: "Celery"

    @classmethod
    def at(cls, url: str) -> "Far":
        """The bell at this address."""
        return cls(connected(url, patience=PATIENCE_SECONDS))

    def ring(self, queue: Queue) -> None:
        """Tell one of them. A broker that does not answer is logged: `assay beat` rings again."""
        try:
            self.app.send_task(WORK, [queue.value], queue=queue.value, retry=False)
        except OperationalError as trouble:
            log.warning("broker.unheard", queue=queue, trouble=str(trouble))

    def unheard(self, queue: Queue) -> int:
        """How many rings nobody has heard yet. Unavailable where the broker does not answer."""
        try:
            with self.app.connection_for_write() as connection:
                declared = Messages(queue.value)(connection.default_channel).queue_declare()
        except OperationalError as trouble:
            raise Unavailable(f"The broker does not answer: {trouble}") from trouble
        return int(declared.message_count)
