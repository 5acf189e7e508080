"""Which function does which kind of job. Knows no queue and no broker."""

from collections.abc import Mapping

from backend.domain.jobs import JobKind
from worker.generate import generate
from worker.judge import judge
from worker.running import Handler
from worker.synthesize import synthesize
from worker.train import train

HANDLERS: Mapping[JobKind, Handler] = {
    JobKind.GENERATE: generate,
    JobKind.JUDGE: judge,
    JobKind.SYNTHESIZE: synthesize,
    JobKind.TRAIN: train,
}
