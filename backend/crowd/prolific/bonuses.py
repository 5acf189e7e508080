"""Bonuses: set up, then paid by a call that pays again each time it is made. Here it is made once for a token.

Prolific keeps no text beside a bonus: no reason, no reference, no token. All that can be read back is the list of
amounts on a submission, and that some minutes late, since it pays in the background. So a payment goes like this:

1. read the submission and count the bonuses of this amount on it;
2. set the bonus up (no money moves, so this may fail and be done again);
3. write into the journal: this token, this submission, this amount, this count, this time;
4. the pay call; a good answer marks the entry as done, a refusal drops it.

After anything else (no answer, a 500, a killed process) the entry stands there undone. The same token then pays
nothing, but reads: more bonuses of this amount than before means that it was paid. If after `SETTLED` there are still
no more, the call did nothing and the token may pay. No other bonus of that submission is paid while one is in doubt.

What is left, and must be guarded by whoever calls:
- A journal in memory is gone with its process. A process killed between 3 and the caller's own commit leaves a payment
  that a new process knows nothing of, and would pay again: give the adapter a journal that is stored.
- A payment that shows later than `SETTLED` after an answer was lost is paid twice.
- A bonus of the same amount that a person pays on Prolific's own page while ours is in doubt is taken for ours.
- Of two bonuses of one amount that are paid for one submission at the same moment, one in doubt may be taken for the
  other. One token at a time is safe: the second to begin its entry is turned away.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from backend.crowd.http import Record
from backend.crowd.journal import Entry, Journal
from backend.crowd.prolific import studies
from backend.crowd.prolific.calls import Calls, at
from backend.crowd.protocol import NoMoney, Refused, Unreachable
from backend.domain.money import Money, cents

SETTLED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Bonuses:
    """How an account pays bonuses."""

    calls: Calls
    journal: Journal
    now: Callable[[], datetime]

    def pay(self, submission_id: str, *, rater_id: str, amount: Money, token: str) -> None:
        """Pay once for this token. Raises Unreachable while it is not known whether an earlier call paid."""
        entry = self.journal.find(token)
        if entry is not None and (entry.subject, entry.amount) != (submission_id, amount.minor):
            raise Refused("This token has been used for another payment.")
        if entry is not None and entry.done:
            return
        found = self.calls.get(at("submissions", submission_id))
        if studies.rater(found) != rater_id:
            raise Refused("This submission is another rater's.")
        if entry is None or not self.was_paid(entry, found):
            self.begin(found, amount, token)

    def was_paid(self, entry: Entry, found: Record) -> bool:
        """Whether an undone entry was paid after all. Raises Unreachable while nobody can know."""
        if shown(found, entry.amount) > entry.before:
            self.journal.finish(entry.token)
            return True
        if self.now() - entry.begun_at < SETTLED:
            when = entry.begun_at + SETTLED
            raise Unreachable(f"Prolific may have paid this bonus; whether it has will be known at {when:%H:%M} UTC.")
        self.journal.drop(entry.token)
        return False

    def begin(self, found: Record, amount: Money, token: str) -> None:
        """Set up and pay."""
        submission_id = found.text("id")
        for other in self.journal.of(submission_id):
            if not other.done:
                self.was_paid(other, found)
        paid = sum(one.done and one.amount == amount.minor for one in self.journal.of(submission_id))
        before = max(shown(found, amount.minor), paid)
        bulk = self.calls.post(
            "/submissions/bonus-payments/",
            {"study_id": found.text("study_id"), "csv_bonuses": f"{submission_id},{decimal(amount)}"},
        )
        self.afford(bulk, amount)
        entry = Entry(token, submission_id, amount.minor, before, self.now())
        if not self.journal.begin(entry):
            raise Unreachable("This bonus is being paid elsewhere at this moment.")
        try:
            self.calls.post(at("bulk-bonus-payments", bulk.text("id"), "pay/"))
        except Refused:
            self.journal.drop(token)
            raise
        except Unreachable:
            if self.was_paid(entry, self.calls.get(at("submissions", submission_id))):
                return
            raise
        self.journal.finish(token)

    def afford(self, bulk: Record, amount: Money) -> None:
        """Raises NoMoney before the pay call rather than in it; the set-up says what it costs with fees."""
        me = self.calls.get("/users/me/")
        if me.text("currency_code") != amount.currency:
            raise Refused(f"This account pays in {me.text('currency_code')}, not in {amount.currency}.")
        cost, left = bulk.at_most("total_amount"), me.whole("available_balance")
        if cost is not None and cost > left:
            raise NoMoney(f"The bonus costs {Money(cost, amount.currency)}; {Money(left, amount.currency)} are left.")


def shown(found: Record, amount: int) -> int:
    """How many bonuses of an amount the vendor shows on a submission."""
    return found.wholes("bonus_payments").count(amount)


def decimal(amount: Money) -> str:
    """An amount as the vendor's bonus list writes it, 425 as 4.25."""
    digits = cents(amount.currency)
    return f"{Decimal(amount.minor).scaleb(-digits):.{digits}f}"
