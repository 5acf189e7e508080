"""A Prolific account as a `Crowd`. The vendor knows no tokens: what must not happen twice is made sure of here.

- A posting is found again by its token in the study's internal name.
- More places are a new total, kept in the journal before it is asked for; asking again for a total changes nothing.
- Bonuses: see `bonuses`. With the journal in memory, extend and pay_bonus are safe within one process only.
- A message has no token: one that was not answered may have been sent.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from backend.crowd.http import Client, Record
from backend.crowd.journal import Entry, Journal, Remembered
from backend.crowd.prolific import filters, studies
from backend.crowd.prolific.bonuses import Bonuses
from backend.crowd.prolific.calls import Calls, at
from backend.crowd.prolific.groups import BLOCKED, Groups
from backend.crowd.prolific.studies import DRAFT, LIVE, ON_THE_WAY, OVER, PAUSED
from backend.crowd.protocol import (
    NoMoney,
    Payment,
    Posted,
    Posting,
    Refused,
    Submission,
    Unreachable,
)
from backend.domain.money import Money
from backend.domain.submissions import SubmissionState

HOME = "https://api.prolific.com/api/v1"


@dataclass(frozen=True)
class Prolific:
    """An account, of which one project is ours. base_url: of a simulator in a rehearsal; sleep and now: for tests."""

    token: str = field(repr=False)
    project: str
    base_url: str = HOME
    journal: Journal = field(default_factory=Remembered)
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    timeout: float = 30

    @property
    def calls(self) -> Calls:
        headers = (("Authorization", f"Token {self.token}"),)
        return Calls(Client(self.base_url, headers, sleep=self.sleep, timeout=self.timeout))

    @property
    def groups(self) -> Groups:
        return Groups(self.calls, self.project)

    def balance(self) -> Money:
        """What is left beside what open studies have reserved."""
        me = self.calls.get("/users/me/")
        return Money(me.whole("available_balance"), me.text("currency_code"))

    def publish(self, posting: Posting) -> Posted:
        """Draft, then publish, each only if it isn't so already. Raises NoMoney before anything is shown to anybody."""
        left = self.balance()
        if posting.reward.currency != left.currency:
            raise Refused(f"This account pays in {left.currency}, not in {posting.reward.currency}.")
        offered = self.calls.get("/filters/").records("results")
        wanted = filters.wanted(posting.qualifications, offered, blocked=self.groups.blocked())
        study = self.find(posting.token) or self.draft(posting, wanted)
        if studies.status(study) in DRAFT:
            cost = study.at_most("total_cost")
            if cost is not None and cost > left.minor:
                raise NoMoney(f"The study costs {Money(cost, left.currency)} with fees; {left} are left.")
            self.move(study.text("id"), "PUBLISH", to=LIVE | PAUSED | OVER)
        ignored = (*wanted.ignored, "open_for: Prolific shows a study until it is closed")
        return Posted(study.text("id"), ignored)

    def draft(self, posting: Posting, wanted: filters.Wanted) -> Record:
        """A draft. If another process has made one of the same token meanwhile, both agree on which one stays."""
        made = self.calls.post("/studies/", studies.draft(posting, project=self.project, filters=wanted.filters))
        chosen = self.find(posting.token)
        if chosen is None or chosen.text("id") == made.text("id"):
            return made
        self.calls.ask("DELETE", at("studies", made.text("id")))
        return chosen

    def find(self, token: str) -> Record | None:
        """The study of a token, whole: a list may show less of it. One that is published goes before drafts."""
        name = studies.internal_name(token)
        found = self.calls.pages(at("projects", self.project, "studies/"))
        ours = [study for study in found if study.text_or_none("internal_name") == name]
        if not ours:
            return None
        first = min(ours, key=lambda study: (studies.status(study) in DRAFT, study.text("id")))
        return self.calls.get(at("studies", first.text("id")))

    def extend(self, posting_id: str, *, places: int, token: str) -> None:
        """Offer so many more places. What an earlier call left in doubt is finished first, so that totals add up."""
        entry = self.journal.find(token)
        if entry is not None and entry.subject != posting_id:
            raise Refused("This token has been used for another posting.")
        for unfinished in [one for one in self.journal.of(posting_id) if not one.done]:
            self.reach(unfinished)
        if entry is None:
            total = self.calls.get(at("studies", posting_id)).whole("total_available_places")
            entry = Entry(token, posting_id, total + places, total, self.now())
            if not self.journal.begin(entry):
                raise Unreachable("These places are being added elsewhere at this moment.")
            self.reach(entry)

    def reach(self, entry: Entry) -> None:
        """Ask for a total, unless it is reached; a refusal leaves nothing to be finished."""
        path = at("studies", entry.subject)
        try:
            if self.calls.get(path).whole("total_available_places") < entry.amount:
                self.calls.ask("PATCH", path, {"total_available_places": entry.amount})
        except Refused:
            self.journal.drop(entry.token)
            raise
        self.journal.finish(entry.token)

    def pause(self, posting_id: str) -> None:
        """Offer it to nobody new for now; a study whose places are all taken, or that is over, is offered to nobody."""
        self.move(posting_id, "PAUSE", to=PAUSED | OVER)

    def resume(self, posting_id: str) -> None:
        """Offer it again."""
        self.move(posting_id, "START", to=LIVE)

    def close(self, posting_id: str) -> None:
        """Offer it to nobody new, ever. A draft is deleted, so that its token can't publish it later."""
        if studies.status(self.calls.get(at("studies", posting_id))) in DRAFT:
            self.calls.ask("DELETE", at("studies", posting_id))
        else:
            self.move(posting_id, "STOP", to=OVER)

    def move(self, posting_id: str, action: str, *, to: frozenset[str]) -> None:
        """A study's next state, believed only once it was read."""
        path = at("studies", posting_id)
        if studies.status(self.calls.get(path)) in to:
            return
        try:
            self.calls.post(f"{path}transition/", {"action": action})
        except (Refused, Unreachable):
            if studies.status(self.calls.get(path)) not in to | (ON_THE_WAY if action == "PUBLISH" else frozenset()):
                raise
        self.calls.wait(path, until=lambda study: studies.status(study) in to)

    def submissions(self, posting_id: str) -> Iterator[Submission]:
        """Every submission of the study, whatever became of it.

        Raises Refused after all others for those that can't be read, such as in a state that is newer than this.
        """
        now, unread = self.now(), list[str]()
        for found in self.calls.pages(at("studies", posting_id, "submissions/")):
            try:
                made = studies.submission(found, posting_id=posting_id, now=now)
            except Refused as error:
                unread.append(str(error))
            else:
                yield made
        if unread:
            raise Refused(" ".join(dict.fromkeys(unread)))

    def approve(self, submission_id: str) -> None:
        """Pay the reward. What Prolific has paid already, by a code or as a screen-out, is paid."""
        self.decide(submission_id, {"action": "APPROVE"}, to=SubmissionState.APPROVED)

    def reject(self, submission_id: str, *, reason: str) -> None:
        """Refuse the reward; Prolific wants the reason in at least a hundred characters and shows it to the rater."""
        body = {"action": "REJECT", "message": reason, "rejection_category": "OTHER"}
        self.decide(submission_id, body, to=SubmissionState.REJECTED)

    def decide(self, submission_id: str, body: dict[str, str], *, to: SubmissionState) -> None:
        """Approve or reject, unless it is so already."""
        path = at("submissions", submission_id)
        if studies.state(self.calls.get(path)) == to:
            return
        try:
            self.calls.post(f"{path}transition/", body)
        except (Refused, Unreachable):
            if studies.state(self.calls.get(path)) != to:
                raise

    def pay_bonus(self, submission_id: str, *, rater_id: str, amount: Money, reason: str, token: str) -> None:
        """Pay more. The reason stays with us: Prolific has no place for it."""
        Bonuses(self.calls, self.journal, self.now).pay(submission_id, rater_id=rater_id, amount=amount, token=token)

    def payments(self, posting_id: str) -> Iterator[Payment]:
        """Rewards and bonuses. Prolific says neither when they were paid nor for which token: the end of the work
        stands for the time, and a screen-out's payment is among the bonuses."""
        study = self.calls.get(at("studies", posting_id))
        currency = study.text_or_none("presentment_currency_code", "currency_code") or self.balance().currency
        for found in self.calls.pages(at("studies", posting_id, "submissions/")):
            when = found.time_or_none("completed_at") or found.time_or_none("started_at") or self.now()
            amounts = [(amount, True) for amount in found.wholes("bonus_payments")]
            if studies.spelled(found.text("status")) == "APPROVED":
                amounts.insert(0, (found.whole("reward"), False))
            for amount, is_bonus in amounts:
                yield Payment(studies.rater(found), found.text("id"), Money(amount, currency), is_bonus, when, None)

    def message(self, rater_ids: Sequence[str], *, subject: str, text: str) -> None:
        """Write to raters, who must have taken part in a study of ours: a message belongs to a study."""
        left = set(rater_ids)
        addressed: dict[str, list[str]] = {}
        for study in self.calls.pages(at("projects", self.project, "studies/")):
            if not left:
                break
            found = self.calls.pages(at("studies", study.text("id"), "submissions/"))
            if here := left & {studies.rater(one) for one in found}:
                addressed[study.text("id")] = sorted(here)
                left -= here
        if left:
            raise Refused(f"Prolific carries messages only to raters of a study of ours, and these are none: {left}.")
        for study_id, ids in addressed.items():
            self.calls.post("/messages/bulk/", {"ids": ids, "body": f"{subject}\n\n{text}", "study_id": study_id})

    def block(self, rater_id: str, *, reason: str) -> None:
        """Put a rater into the group that every study of ours excludes, open ones too. The reason stays with us."""
        self.groups.add(self.groups.blocked()[0], rater_id)

    def unblock(self, rater_id: str) -> None:
        """Undo a block."""
        for group_id in self.groups.named(BLOCKED):
            self.groups.remove(group_id, rater_id)

    def create_group(self, name: str, *, description: str) -> str:
        """A participant group; one of this name that exists already is it."""
        return self.groups.create(name, description=description)

    def add_to_group(self, group_id: str, rater_id: str, *, score: int = 1) -> None:
        """Put a rater into a group. Prolific's groups know no scores: to be in it is all."""
        self.groups.add(group_id, rater_id)

    def remove_from_group(self, group_id: str, rater_id: str) -> None:
        """Take a rater out of a group."""
        self.groups.remove(group_id, rater_id)
