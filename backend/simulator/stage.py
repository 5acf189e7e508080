"""Simulated vendors with their people, for a rehearsal; a server reaches them by its usual settings.

A vendor runs while the block of `with` lasts. Accounts are rich, so that what stops a batch is its own budget.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from backend.simulator.mturk import workers
from backend.simulator.mturk.market import Market, Worker
from backend.simulator.mturk.server import Server
from backend.simulator.prolific import Account, Person, Simulator

RICH = 100_000_000
PROJECT = "rehearsal"


@dataclass(frozen=True, slots=True)
class Stage:
    """The vendors that are up."""

    mturk: Server | None = None
    prolific: Simulator | None = None

    def spent(self, channel: str) -> int | None:
        """What has left the account at this vendor, in minor units; None where there is no such vendor."""
        if channel == "mturk" and self.mturk is not None:
            return RICH - self.mturk.market.balance
        if channel == "prolific" and self.prolific is not None:
            return RICH - self.prolific.account.balance
        return None

    def settings(self) -> dict[str, object]:
        """What a server's settings have to say to reach these vendors."""
        found: dict[str, object] = {}
        if self.mturk is not None:
            market = self.mturk.market
            found |= {
                "mturk_access_key": market.access_key,
                "mturk_secret_key": market.secret_key,
                "mturk_endpoint_url": self.mturk.url,
                "mturk_sandbox": market.sandbox,
                "mturk_submit_hosts": self.mturk.url,
            }
        if self.prolific is not None:
            found |= {
                "prolific_token": self.prolific.account.token,
                "prolific_project": PROJECT,
                "prolific_url": self.prolific.base_url,
            }
        return found


@contextmanager
def staged(channels: Sequence[str], *, people: int, currency: str) -> Iterator[Stage]:
    """The vendors of these channels, each with so many people signed up."""
    if "mturk" in channels:
        market = Market(balance=RICH)
        for name in names("mturk", people):
            workers.enrol(market, Worker(name))
        with (
            Server(market) as site,
            staged([one for one in channels if one != "mturk"], people=people, currency=currency) as rest,
        ):
            yield Stage(site, rest.prolific)
    elif "prolific" in channels:
        account = Account(RICH, currency=currency)
        with Simulator(account) as simulator:
            for name in names("prolific", people):
                simulator.participants.sign_up(Person(name, country="United States"))
            yield Stage(None, simulator)
    else:
        yield Stage()


def names(channel: str, people: int) -> list[str]:
    """Ids as they look on the channel."""
    look = {"mturk": "AREHEARSAL{:04}", "prolific": "{:024x}", "panel": "P{:04}"}.get(channel, "rater {}")
    return [look.format(number + 1) for number in range(people)]
