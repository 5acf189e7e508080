"""The results of a batch: its votes as columns, then pure functions. Computed on read, never stored."""

from sqlalchemy.orm import Session
from threadpoolctl import threadpool_limits

from backend.domain.results.material import Material
from backend.domain.results.summary import OnStep, Results, quiet, summarise
from backend.services.results.material import gather
from backend.services.studies import batches, sealing


def compute(material: Material, *, on_step: OnStep = quiet) -> Results:
    """Every number of a material. BLAS works in one thread meanwhile: its own would compete with those of the sections,
    and its matrices here are small; measured, that halves the time.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        return summarise(material, on_step=on_step)


def of_batch(session: Session, batch_id: int, *, key: str, on_step: OnStep = quiet) -> Results:
    """Every number of the batch, from one consistent look. key: the server's, for the raters' pseudonyms.

    on_step is told each of the STEPS of backend.domain.results.summary once it is done. Conflict while they are sealed.
    """
    batch = batches.get(session, batch_id)
    sealing.refuse_sealed(session, batch)
    return compute(gather(session, batch, key=key), on_step=on_step)
