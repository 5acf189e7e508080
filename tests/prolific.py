"""What tests with the simulated Prolific share: a clock that stands still, an account, a posting, a listener."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from backend.crowd.prolific import Prolific
from backend.crowd.protocol import Posting, Qualifications
from backend.domain.money import Money
from backend.simulator.prolific import Account, Fault, Participants, Person, Simulator, When

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
# With the simulator's fee of a third, a reward of £1.50 costs £2.00 and a bonus of £0.30 costs £0.40.
REWARD, BONUS = Money(150, "GBP"), Money(30, "GBP")


@dataclass
class Clock:
    """A clock that moves when told to; sleeping moves it too, and is remembered."""

    moment: datetime = START
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds=seconds)


@dataclass
class House:
    """A simulated vendor, our account there, and the time."""

    vendor: Simulator
    crowd: Prolific
    clock: Clock

    @property
    def account(self) -> Account:
        return self.vendor.account

    @property
    def participants(self) -> Participants:
        return self.vendor.participants

    def published(self, **changes: object) -> str:
        """The id of a study that is offered."""
        return self.crowd.publish(posting(**changes)).id

    def handed_in(self, study_id: str, name: str = "ada", code: str | None = "DONE") -> str:
        """The id of a submission that somebody has handed in."""
        self.participants.sign_up(Person(name))
        work = self.participants.reserve(name, study_id)
        self.participants.start(work.id)
        self.participants.submit(work.id, code)
        return work.id

    def fail(self, when: When, method: str, path: str, **more: int) -> None:
        self.vendor.faults.append(Fault(when, method, path, **more))

    def counted(self, method: str, path: str) -> int:
        """How often this was asked of the vendor."""
        return sum(asked == method and path in where for asked, where in self.vendor.asked)

    def another_process(self) -> Prolific:
        """The same account in a process that remembers nothing."""
        return adapter(self.vendor, self.clock)


def adapter(vendor: Simulator, clock: Clock) -> Prolific:
    return Prolific("a token", "a-project", vendor.base_url, sleep=clock.sleep, now=clock, timeout=10)


@contextmanager
def house(*, balance: int = 100_000) -> Iterator[House]:
    clock = Clock()
    with Simulator(Account(balance, clock)) as vendor:
        yield House(vendor, adapter(vendor, clock), clock)


def posting(**changes: object) -> Posting:
    given = {
        "token": "batch-7",
        "title": "Which answer is better?",
        "description": "Read two answers and say which you prefer.",
        "url": "https://rate.example.org/p/7?lang=en",
        "places": 3,
        "reward": REWARD,
        "time_allowed": timedelta(minutes=30),
        "open_for": timedelta(days=7),
        "qualifications": Qualifications(),
        "codes": (("completed", "DONE"), ("screened_out", "OUT"), ("no_consent", "NO")),
    }
    return Posting(**(given | changes))


def pay(crowd: Prolific, submission: str, *, token: str = "bonus-1", amount: Money = BONUS) -> None:
    """A bonus for ada."""
    crowd.pay_bonus(submission, rater_id="ada", amount=amount, reason="up to the target", token=token)


@dataclass
class Listener:
    """Somebody to notify: every notification's headers and raw body, as they came."""

    url: str
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def listener() -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.heard.append((dict(self.headers), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        heard = Listener(f"http://127.0.0.1:{server.server_port}/hooks")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield heard
        finally:
            server.shutdown()
            thread.join()
