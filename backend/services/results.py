"""The results of a batch: its votes as columns, then pure functions. Computed on read, never stored."""

from sqlalchemy.orm import Session

from backend.domain.results.summary import Results, summarise
from backend.services import batches
from backend.services.material import gather


def of_batch(session: Session, batch_id: int, *, key: str) -> Results:
    """Every number of the batch, from one consistent look. key: the server's, for the raters' pseudonyms."""
    return summarise(gather(session, batches.get(session, batch_id), key=key))
