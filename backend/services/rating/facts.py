"""What a rater's page asks of a batch with each comparison, remembered by this process for half a minute.

A launch declares most of it for ever, and an extension or a new channel may take half a minute to be seen: without
this each comparison would cost two statements more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.comparisons import Comparison
from backend.domain.pay import PayRule
from backend.services.studies import channels

KNOWN_FOR_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Facts:
    """prompts: of the batch. rules: channel -> how it pays, of those that pay."""

    prompts: int
    rules: Mapping[str, PayRule]


class Remembered:
    """The facts of the batches that raters of this process are at."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.clock = clock
        self.known: dict[int, tuple[float, Facts]] = {}

    def of(self, session: Session, batch_id: int) -> Facts:
        """The facts of a batch, read again after half a minute."""
        now = self.clock()
        at, facts = self.known.get(batch_id, (None, None))
        if at is None or facts is None or now - at >= KNOWN_FOR_SECONDS:
            facts = read(session, batch_id)
            self.known[batch_id] = (now, facts)
        return facts


def read(session: Session, batch_id: int) -> Facts:
    """The facts as they are."""
    declared = {row.channel: channels.settings_of(row) for row in channels.of_batch(session, batch_id)}
    return Facts(
        prompts=session.execute(
            select(func.count(Comparison.prompt_id.distinct())).where(Comparison.batch_id == batch_id)
        ).scalar_one(),
        rules={channel: settings.pay for channel, settings in declared.items() if settings.pay is not None},
    )
