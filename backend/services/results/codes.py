"""The codes by which a researcher knows the raters who appear in results under pseudonyms. Computes no result."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.raters import Link, Rater
from backend.services.pseudonyms import pseudonyms


def of_batch(session: Session, batch_id: int, *, key: str) -> dict[str, str]:
    """pseudonym -> code of every rater with a link into the batch; raters who were imported have none."""
    names = pseudonyms(key, batch_id)
    rows = session.execute(
        select(Rater.id, Rater.external_id).join(Link, Link.rater_id == Rater.id).where(Link.batch_id == batch_id)
    )
    return {names[rater]: code for rater, code in rows}
