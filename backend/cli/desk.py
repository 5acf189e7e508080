"""What the verbs of `assay crowd` work with: a batch's channels, and the vendor of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from backend.cli.house import open_database, settings_with
from backend.config import Settings
from backend.crowd.notices import Notices
from backend.crowd.protocol import Crowd
from backend.db.channels import BatchChannel
from backend.db.session import Database
from backend.domain.channels import PAYS_ITSELF
from backend.errors import NotFound
from backend.services.crowd.publishing import Door, door_of
from backend.services.crowd.vendors import crowd_of, queue_of
from backend.services.studies import batches, channels


@dataclass(frozen=True)
class Desk:
    """What a verb works with."""

    settings: Settings
    database: Database
    batch: int
    only: str | None

    @property
    def door(self) -> Door:
        return door_of(self.settings)

    def channels(self) -> list[BatchChannel]:
        """The channels that are meant. NotFound without one."""
        with self.database.reading() as session:
            if self.only is not None:
                return [channels.get(session, self.batch, self.only)]
            found = channels.of_batch(session, batches.get(session, self.batch).id)
        if not found:
            raise NotFound(f"Batch {self.batch} has no channel yet; `assay channel add` declares one.")
        return found

    def crowd(self, channel: str) -> Crowd:
        return crowd_of(self.database, channel, self.settings, clock=now)

    def queue(self, channel: str) -> Notices | None:
        return queue_of(channel, self.settings)

    def with_vendor(self) -> Iterator[tuple[BatchChannel, Crowd]]:
        """Those of the channels that have a vendor."""
        for row in self.channels():
            if row.channel in PAYS_ITSELF:
                yield row, self.crowd(row.channel)


def now() -> datetime:
    return datetime.now(UTC)


def desk(batch: int, data_dir: Path | None, *, only: str | None = None, public_url: str | None = None) -> Desk:
    settings = settings_with(data_dir=data_dir, public_url=public_url)
    return Desk(settings, open_database(settings), batch, only)
