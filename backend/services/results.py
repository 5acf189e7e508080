"""The results of a batch: its votes as columns, then pure functions. Computed on read, never stored."""

from sqlalchemy.orm import Session

from backend.domain.results.summary import OnStep, Results, quiet, summarise
from backend.services import batches, sealing
from backend.services.material import gather


def of_batch(session: Session, batch_id: int, *, key: str, on_step: OnStep = quiet) -> Results:
    """Every number of the batch, from one consistent look. key: the server's, for the raters' pseudonyms.

    on_step is told which of the STEPS of backend.domain.results.summary begins. Conflict while the results are sealed.
    """
    batch = batches.get(session, batch_id)
    sealing.refuse_sealed(session, batch)
    return summarise(gather(session, batch, key=key), on_step=on_step)
