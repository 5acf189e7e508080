"""`assay crowd`: runs the channels of a batch."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from backend.cli.decisions import VERBS, channel_option
from backend.cli.desk import desk, now
from backend.cli.house import batch_argument, data_dir_option
from backend.cli.server import PUBLIC_URL
from backend.cli.verbs import Verbs
from backend.crowd.protocol import CrowdError
from backend.domain.channels import PAYS_ITSELF
from backend.errors import Unavailable
from backend.services.approval import rounds
from backend.services.approval.rounds import Kept
from backend.services.crowd import steering, submissions
from backend.services.crowd.steering import Published, Wish
from backend.services.money.payments import Differences


@click.group(cls=Verbs)
def crowd() -> None:
    """Run a batch's channels: publish, read, pay, top up.

    \b
    assay crowd run 1                    one round: everything that is missing, on every channel
    assay crowd run 1 --watch 60         a round a minute, until the batch needs nobody more
    assay crowd look 1                   handed-in work that a person has to look at
    assay crowd pause 1; resume 1; close 1

    Every verb may be stopped at any moment and run again: what was asked of a vendor is stored before it is asked, and
    nothing is published or paid twice. Nobody is ever rejected by a rule.
    """


@contextmanager
def in_a_sentence() -> Iterator[None]:
    """What a vendor says is an error that a person can read."""
    try:
        yield
    except CrowdError as error:
        raise Unavailable(str(error)) from error


@contextmanager
def counting(what: str) -> Iterator[Callable[[], None]]:
    """A line on standard error that counts, where a person watches."""
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        if sys.stderr.isatty():
            click.echo(f"\r{what}: {count}", nl=False, err=True)

    yield step
    if count and sys.stderr.isatty():
        click.echo("\r", nl=False, err=True)


@crowd.command()
@batch_argument
@channel_option
@click.option("--watch", type=click.IntRange(1), metavar="SECONDS", help="Again and again, until nobody is needed.")
@PUBLIC_URL
@data_dir_option
def run(batch: int, only: str | None, watch: int | None, public_url: str | None, data_dir: Path | None) -> None:
    """A whole round of BATCH: read, close, publish, pay, top up, compare with the vendor's own list."""
    at = desk(batch, data_dir, only=only, public_url=public_url)
    while True:
        is_over = True
        for row in at.channels():
            with counting(row.channel) as step:
                done = rounds.keep(
                    at.database,
                    at.crowd(row.channel),
                    batch,
                    row.channel,
                    door=at.door,
                    clock=now,
                    queue=at.queue(row.channel),
                    step=step,
                )
            click.echo(summary(row.channel, done))
            is_over = is_over and done.is_over and not (done.waits or done.paid or done.troubles)
        if watch is None or is_over:
            return
        time.sleep(watch)


def summary(channel: str, done: Kept) -> str:
    """A round in a line, and what it leaves to a person below."""
    counts = {
        "published": done.published,
        "extended": done.extended,
        "closed": done.closed,
        "submissions read": done.read,
        "payments made": done.paid,
        "payments refused": done.refused,
        "payments to make by hand": done.noted,
    }
    nothing = "nothing was done" if done.troubles else "nothing to do"
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count) or nothing
    lines = [f"{now():%H:%M:%S} {channel}: {said}"]
    lines += [f"  ! {trouble}" for trouble in dict.fromkeys(done.troubles)]
    lines += [f"  – not possible there: {wish}" for wish in done.ignored]
    if waiting := len(done.unmatched) + len(done.unconfirmed):
        lines.append(f"  {waiting} to look at: assay crowd look")
    if done.differences is not None and not done.differences.none:
        lines += [f"  ! {line}" for line in differing(done.differences)]
    return "\n".join(lines)


def differing(found: Differences) -> Sequence[str]:
    """The differences between the ledger and the vendor's list, each in a line."""
    return [
        *(
            f"{one.amount} to {one.rater_id} for {one.submission_id} is not on the vendor's list"
            for one in found.missing_there
        ),
        *(
            f"the vendor has paid {one.amount} to {one.rater_id} for {one.submission_id}, unknown here"
            for one in found.unknown_here
        ),
        *(f"{one.amount} to {one.rater_id} is paid and not confirmed here yet" for one, _ in found.unconfirmed),
        *(f"{one.rater_id} is paid {there.amount} there and {one.amount} here" for one, there in found.unlike),
    ]


@crowd.command()
@batch_argument
@channel_option
@PUBLIC_URL
@data_dir_option
def publish(batch: int, only: str | None, public_url: str | None, data_dir: Path | None) -> None:
    """Offer what is missing of BATCH, and close what brings nothing more."""
    at, done = desk(batch, data_dir, only=only, public_url=public_url), Kept()
    for row, vendor in at.with_vendor():
        with counting(row.channel) as step:
            rounds.offer(at.database, vendor, row, done, door=at.door, clock=now, step=step)
        click.echo(summary(row.channel, done))


@crowd.command()
@batch_argument
@channel_option
@data_dir_option
def sync(batch: int, only: str | None, data_dir: Path | None) -> None:
    """Read what raters of BATCH have handed in; pays nobody."""
    at = desk(batch, data_dir, only=only)
    for row, vendor in at.with_vendor():
        with counting(row.channel) as step:
            done = submissions.sync(at.database, vendor, row.id, clock=now, step=step)
        click.echo("\n  ! ".join([f"{row.channel}: {done.read} submissions read", *done.troubles]))


@crowd.command()
@batch_argument
@channel_option
@data_dir_option
def pay(batch: int, only: str | None, data_dir: Path | None) -> None:
    """Pay the handed-in work of BATCH; top up once the batch needs nobody more."""
    at = desk(batch, data_dir, only=only)
    for row, vendor in at.with_vendor():
        done = Kept()
        with counting(row.channel) as step:
            rounds.pay(at.database, vendor, row, done, clock=now, step=step)
        click.echo(summary(row.channel, done))


@crowd.command()
@batch_argument
@channel_option
@data_dir_option
def reconcile(batch: int, only: str | None, data_dir: Path | None) -> None:
    """Compare the ledger of BATCH with the vendor's own list of payments, to the cent."""
    at = desk(batch, data_dir, only=only)
    for row, vendor in at.with_vendor():
        with in_a_sentence():
            found = rounds.reconcile(at.database, vendor, row)
        click.echo("\n  ! ".join([f"{row.channel}: {'the same' if found.none else 'they differ'}", *differing(found)]))


def steer(batch: int, only: str | None, data_dir: Path | None, wanted: Wish) -> None:
    """Store what is wanted of the channels, and bring it about at the vendor."""
    at = desk(batch, data_dir, only=only)
    for row in at.channels():
        steering.wish(at.database, row, wanted, now=now())
        done = Published()
        if row.channel in PAYS_ITSELF:
            steering.steer(at.database, at.crowd(row.channel), row.id, done, clock=now)
        click.echo("\n  ! ".join([f"{row.channel}: {wanted}", *done.troubles]))


@crowd.command()
@batch_argument
@channel_option
@data_dir_option
def pause(batch: int, only: str | None, data_dir: Path | None) -> None:
    """Send nobody new to BATCH for now. Those at work go on."""
    steer(batch, only, data_dir, Wish.PAUSED)


@crowd.command()
@batch_argument
@channel_option
@data_dir_option
def resume(batch: int, only: str | None, data_dir: Path | None) -> None:
    """Send raters to BATCH again."""
    steer(batch, only, data_dir, Wish.OPEN)


@crowd.command()
@batch_argument
@channel_option
@data_dir_option
def close(batch: int, only: str | None, data_dir: Path | None) -> None:
    """Send nobody new to BATCH, ever. What comes after is kept and paid; free seats go to other channels."""
    steer(batch, only, data_dir, Wish.CLOSED)


for verb in VERBS:
    crowd.add_command(verb)
