"""How many ratings of each rater came through a vendor, and how many of them the vendor never confirmed.

A rating is confirmed by a submission of its rater, on its comparison or on the whole batch, that the vendor has listed.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import case, exists, func, or_, select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState
from backend.db.channels import Posting
from backend.db.raters import Rater
from backend.db.submissions import Submission
from backend.domain.channels import PAYS_ITSELF
from backend.domain.results.material import Confirmations, no_confirmations


def counts(session: Session, batch_id: int, *, raters: Sequence[str], names: Mapping[int, str]) -> Confirmations:
    """The counts in the order of the raters' codes. names: rater's id -> pseudonym."""
    listed = exists().where(
        Submission.batch_id == Assignment.batch_id,
        Submission.rater_id == Assignment.rater_id,
        Submission.confirmed_at.is_not(None),
        Posting.id == Submission.posting_id,
        or_(Posting.comparison_id.is_(None), Posting.comparison_id == Assignment.comparison_id),
    )
    rows = session.execute(
        select(Assignment.rater_id, func.count(), func.sum(case((listed, 0), else_=1)))
        .join(Rater, Rater.id == Assignment.rater_id)
        .where(
            Assignment.batch_id == batch_id,
            Assignment.state == AssignmentState.RATED,
            Rater.channel.in_(PAYS_ITSELF),
        )
        .group_by(Assignment.rater_id)
    )
    found, codes = no_confirmations(len(raters)), {name: code for code, name in enumerate(raters)}
    for rater_id, rated, unconfirmed in rows:
        code = codes[names[rater_id]]
        found.rated[code], found.unconfirmed[code] = rated, unconfirmed
    return found
