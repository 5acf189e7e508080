"""Raters at their worst: they reload, press twice, go back and vote again, and fall asleep over their leases."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from random import Random

from sqlalchemy import select, update

from backend.db.assignments import Assignment, AssignmentState
from backend.db.session import Database
from backend.simulator.raters import Browser, Page

YESTERDAY = timedelta(days=1)


@dataclass
class UnrulyRater:
    """Rates until nothing is left, misbehaving one time in five. `receipts`: assignment token -> receipt."""

    base_url: str
    path: str
    seed: int
    on_rating: Callable[[], None] = lambda: None
    receipts: dict[str, str] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Rate everything there is, or until the server is gone."""
        with suppress(OSError, HTTPException), Browser(self.base_url) as browser:
            self.rate_all(Random(self.seed), browser)

    def rate_all(self, random: Random, browser: Browser) -> None:
        page = Page(browser.get(self.path)[1])
        while True:
            if page.assignment is None:
                page = Page(browser.post(f"{self.path}/next")[1])
            if page.assignment is None:
                return
            page = self.rate(random, browser, page.assignment)

    def rate(self, random: Random, browser: Browser, assignment: str) -> Page:
        mischief = random.random()
        if mischief < 0.05:
            reloaded = Page(browser.get(self.path)[1])
            self.expect(reloaded.assignment in (assignment, None), "a reload gave another seat")
        page = self.submit(browser, assignment, random)
        if 0.05 <= mischief < 0.1:
            self.submit(browser, assignment, random)
        if 0.1 <= mischief < 0.2 and self.receipts:
            self.submit(browser, random.choice(list(self.receipts)), random)
        return page if mischief < 0.05 or mischief >= 0.2 else Page(browser.get(self.path)[1])

    def submit(self, browser: Browser, assignment: str, random: Random) -> Page:
        """Send a vote; a second one for the same seat must give the first one's receipt."""
        status, html, receipt = browser.post(
            f"{self.path}/ratings", assignment=assignment, choice=random.choice(("first", "second", "tie"))
        )
        self.expect(receipt is not None, f"no receipt but status {status}")
        self.expect(self.receipts.get(assignment, receipt) == receipt, "a second receipt for one seat")
        self.receipts[assignment] = str(receipt)
        self.on_rating()
        return Page(html)

    def expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.trouble.append(otherwise)


def together(raters: Sequence[UnrulyRater]) -> None:
    """All at once, until the last one is done."""
    threads = [threading.Thread(target=rater.run) for rater in raters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Drowsiness:
    """While it lasts, leases of seats that somebody holds run out, again and again."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database, self.random, self.awake = database, Random(seed), threading.Event()
        self.thread = threading.Thread(target=self.go_on)

    def __enter__(self) -> "Drowsiness":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.awake.set()
        self.thread.join()

    def go_on(self) -> None:
        while not self.awake.wait(0.05):
            with self.database.reading() as session:
                held = list(session.scalars(select(Assignment.id).where(Assignment.state == AssignmentState.HELD)))
            with self.database.transaction() as session:
                session.execute(
                    update(Assignment)
                    .where(
                        Assignment.id.in_(self.random.sample(held, len(held) // 8)),
                        Assignment.state == AssignmentState.HELD,
                    )
                    .values(lease_expires_at=datetime.now(UTC) - YESTERDAY)
                    .execution_options(synchronize_session=False)
                )
