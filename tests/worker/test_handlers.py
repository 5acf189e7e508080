"""Every kind of job has somebody who does it."""

from backend.domain.jobs import JobKind
from worker.handlers import HANDLERS


def test_every_kind_of_job_has_a_handler_and_every_handler_a_kind() -> None:
    assert set(HANDLERS) == set(JobKind)
