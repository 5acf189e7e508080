"""The crowd of a channel, from this server's settings. The only place that knows vendors by their names."""

from collections.abc import Callable
from datetime import datetime

from backend.config import Settings
from backend.crowd.link import Links
from backend.crowd.notices import Notices
from backend.crowd.prolific import Prolific
from backend.crowd.prolific.account import HOME
from backend.crowd.protocol import Crowd
from backend.db.raters import Channel
from backend.db.session import Database
from backend.errors import Invalid, Unavailable
from backend.services.money.vendor_calls import StoredJournal, StoredNotes

try:
    from backend.crowd import mturk_queue
    from backend.crowd.mturk import connect
    from backend.crowd.mturk_account import Account
except ModuleNotFoundError:  # boto3 comes with the extra `mturk` alone
    HAS_BOTO3 = False
else:
    HAS_BOTO3 = True

Clock = Callable[[], datetime]


def crowd_of(database: Database, channel: str, settings: Settings, *, clock: Clock) -> Crowd:
    """Who runs this channel and pays its raters. Unavailable, with what to do, where something is missing."""
    match channel:
        case Channel.LINK | Channel.PANEL:
            return Links(StoredNotes(database, clock))
        case Channel.PROLIFIC:
            return prolific(database, settings, clock)
        case Channel.MTURK:
            return mturk(settings)
        case _:
            raise Invalid(f"Nobody comes through “{channel}”.")


def queue_of(channel: str, settings: Settings) -> Notices | None:
    """Where the vendor of this channel puts its notices; None where its lists alone are read."""
    if channel != Channel.MTURK or not settings.mturk_queue:
        return None
    return mturk_queue.connect(account_of(settings), settings.mturk_queue)


def prolific(database: Database, settings: Settings, clock: Clock) -> Crowd:
    """The Prolific account, whose journal is stored."""
    if not settings.prolific_token or not settings.prolific_project:
        raise Unavailable(
            "Prolific needs a token and a project: set ASSAY_PROLIFIC_TOKEN and ASSAY_PROLIFIC_PROJECT, and run this"
            " again."
        )
    return Prolific(
        settings.prolific_token,
        settings.prolific_project,
        settings.prolific_url or HOME,
        journal=StoredJournal(database),
        now=clock,
    )


def mturk(settings: Settings) -> Crowd:
    """The crowd of the Mechanical Turk account."""
    return connect(account_of(settings))


def account_of(settings: Settings) -> "Account":
    """The Mechanical Turk account, or one at whatever address speaks its protocol."""
    if not HAS_BOTO3:
        raise Unavailable("Mechanical Turk needs boto3: pip install 'assay-eval[mturk]', and run this again.")
    if not settings.mturk_access_key or not settings.mturk_secret_key:
        raise Unavailable(
            "Mechanical Turk needs an access key and its secret: set ASSAY_MTURK_ACCESS_KEY and "
            "ASSAY_MTURK_SECRET_KEY, and run this again."
        )
    return Account(
        settings.mturk_access_key,
        settings.mturk_secret_key,
        endpoint_url=settings.mturk_endpoint_url or None,
        sandbox=settings.mturk_sandbox,
    )
