"""Mechanical Turk, or whatever speaks its protocol at an address, as a Crowd. Knows no database and no study.

A posting is a HIT, a rater a worker, a submission an assignment, a group a qualification type. MTurk lists no work that
is not handed in yet, so `submissions` has no active, returned or timed-out ones. Its tokens expire after 24 hours. A
bonus carries its token in the reason too and is never sent again once it is listed; a posting has no such second guard.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from backend.crowd import mturk_forms as forms
from backend.crowd.mturk_account import Account, client_of
from backend.crowd.mturk_errors import Declined, translated
from backend.crowd.mturk_events import notification
from backend.crowd.protocol import (
    Payment,
    Posted,
    Posting,
    Refused,
    Submission,
    Unreachable,
)
from backend.domain.money import Money
from backend.domain.submissions import SubmissionState

if TYPE_CHECKING:  # stubs: there is nothing to import when it runs
    from types_boto3_mturk.client import MTurkClient
    from types_boto3_mturk.type_defs import AssignmentTypeDef, BonusPaymentTypeDef, HITTypeDef, PaginatorConfigTypeDef

STATES = {
    "Submitted": SubmissionState.SUBMITTED,
    "Approved": SubmissionState.APPROVED,
    "Rejected": SubmissionState.REJECTED,
}
PAGE: "PaginatorConfigTypeDef" = {"PageSize": 100}
MOST_ADDRESSEES = 100
# From ten places on MTurk takes a higher fee, so it lets no posting grow across this.
MANY = 10
PAST = datetime(2015, 1, 1, tzinfo=UTC)
# Seconds between two looks at whether an expiry has changed.
LOOKS = (0.2, 0.5, 1.0, 2.0, 4.0)
# How MTurk's codes for a repeated token may end; of them only HitAlreadyExists is documented.
REPEATS = ("AlreadyExists", "AlreadyProcessed", "DuplicateRequest")


def connect(account: Account, *, attempts: int = 3, timeout: float = 30) -> "MTurk":
    """An account's MTurk. attempts: of one call, all told. timeout: seconds. Raises NotAllowed without credentials."""
    masters = forms.MASTERS_OF_SANDBOX if account.sandbox else forms.MASTERS
    return MTurk(client_of(account, attempts=attempts, timeout=timeout), masters)


@dataclass(frozen=True)
class MTurk:
    """One account. masters: the id of the Masters qualification there. approved_after: MTurk then pays by itself.

    wait: is given the seconds between two looks at a posting.
    """

    client: "MTurkClient"
    masters: str = forms.MASTERS
    approved_after: timedelta = timedelta(days=30)
    wait: Callable[[float], None] = time.sleep

    def balance(self) -> Money:
        """What is available; what published work may still cost is on hold and not in it."""
        with translated():
            return forms.read_amount(self.client.get_account_balance()["AvailableBalance"])

    def publish(self, posting: Posting) -> Posted:
        """A HIT of a type with the posting's values; within 24 hours the same token is the same HIT."""
        hit_type = self.hit_type(posting)
        try:
            with translated():
                made = self.client.create_hit_with_hit_type(
                    HITTypeId=hit_type,
                    MaxAssignments=posting.places,
                    LifetimeInSeconds=forms.seconds(posting.open_for),
                    Question=forms.question(posting.url),
                    RequesterAnnotation=forms.annotation(posting),
                    UniqueRequestToken=posting.token,
                )
            hit_id = made["HIT"]["HITId"]
        except Declined as declined:
            hit_id = self.made_before(declined, posting)
        return Posted(hit_id, forms.ignored(posting.qualifications))

    def hit_type(self, posting: Posting) -> str:
        """The type with these values; MTurk gives the same id for equal ones."""
        asked = forms.requirements(posting.qualifications, masters=self.masters)
        with translated():
            made = self.client.create_hit_type(
                AutoApprovalDelayInSeconds=forms.seconds(self.approved_after),
                AssignmentDurationInSeconds=forms.seconds(posting.time_allowed),
                Reward=forms.amount(posting.reward),
                Title=posting.title,
                Description=posting.description,
                QualificationRequirements=asked,
            )
        return made["HITTypeId"]

    def made_before(self, declined: Declined, posting: Posting) -> str:
        """The HIT that this token made before: its id is in the error's message, and our token in its note."""
        if declined.code != "HitAlreadyExists":
            raise declined
        for hit_id in forms.ids_in(declined.said):
            with suppress(Declined):  # it may be the id of something else
                if self.hit(hit_id)[0].get("RequesterAnnotation", "").startswith(f"{posting.token},"):
                    return hit_id
        raise declined

    def hit(self, posting_id: str) -> tuple["HITTypeDef", datetime]:
        """The HIT, and when it was read by the vendor's clock."""
        with translated():
            answer = self.client.get_hit(HITId=posting_id)
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        if date is None:
            raise Unreachable("Mechanical Turk's answer does not say what time it is there.")
        return answer["HIT"], parsedate_to_datetime(date)

    def extend(self, posting_id: str, *, places: int, token: str) -> None:
        """More places. From below ten to ten or more is refused, as MTurk refuses it.

        If there were fewer than `places` and one, this can't be a repeat of what was done, and is refused uncalled.
        """
        had = self.hit(posting_id)[0]["MaxAssignments"]
        if had < MANY <= had + places and had <= places:
            raise crossing(had, places)
        try:
            with translated():
                self.client.create_additional_assignments_for_hit(
                    HITId=posting_id, NumberOfAdditionalAssignments=places, UniqueRequestToken=token
                )
        except Declined as declined:
            if declined.code == "InvalidMaximumAssignmentsIncrease":
                raise crossing(had, places) from declined
            if not declined.code.endswith(REPEATS):
                raise

    def pause(self, posting_id: str) -> None:
        """Expired, and shown as expired; those at work go on until their own deadline."""
        self.expire(posting_id, PAST, is_done=lambda expires, now: expires <= now)

    def resume(self, posting_id: str) -> None:
        """Offered again for as long as it was at first. MTurk itself would reopen a closed one as well."""
        hit, now = self.hit(posting_id)
        until = now + forms.open_for(hit.get("RequesterAnnotation", ""))
        self.expire(posting_id, until, is_done=lambda expires, now: expires > now)

    def close(self, posting_id: str) -> None:
        """As pause: MTurk knows no other end while work is not judged."""
        self.pause(posting_id)

    def expire(self, posting_id: str, at: datetime, *, is_done: Callable[[datetime, datetime], bool]) -> None:
        """Change when it expires, and return once a look at it shows so. Raises Unreachable if none does."""
        with translated():
            self.client.update_expiration_for_hit(HITId=posting_id, ExpireAt=at)
        for seconds in LOOKS:
            hit, now = self.hit(posting_id)
            if is_done(hit["Expiration"], now):
                return
            self.wait(seconds)
        raise Unreachable("Mechanical Turk has not confirmed yet that the posting is offered no longer, or again.")

    def watch(self, posting_id: str, *, queue: str) -> None:
        """Have this posting's events, and those of all of its HIT type, put into an SQS queue; see mturk_events."""
        hit = self.hit(posting_id)[0]
        with translated():
            self.client.update_notification_settings(
                HITTypeId=hit["HITTypeId"], Notification=notification(queue), Active=True
            )

    def submissions(self, posting_id: str) -> Iterator[Submission]:
        """What was handed in, in every state. code: our page's receipt."""
        return (submission(one) for one in self.assignments(posting_id))

    def assignments(self, posting_id: str) -> Iterator["AssignmentTypeDef"]:
        with translated():
            pages = self.client.get_paginator("list_assignments_for_hit")
            for page in pages.paginate(HITId=posting_id, PaginationConfig=PAGE):
                yield from page["Assignments"]

    def state(self, submission_id: str) -> SubmissionState:
        with translated():
            answer = self.client.get_assignment(AssignmentId=submission_id)
        return STATES[answer["Assignment"]["AssignmentStatus"]]

    def approve(self, submission_id: str) -> None:
        """Pays reward and fee. A rejected one is not overruled here."""
        self.judge(
            submission_id, SubmissionState.APPROVED, lambda: self.client.approve_assignment(AssignmentId=submission_id)
        )

    def reject(self, submission_id: str, *, reason: str) -> None:
        """Refuses the reward; the rater reads the reason."""
        self.judge(
            submission_id,
            SubmissionState.REJECTED,
            lambda: self.client.reject_assignment(AssignmentId=submission_id, RequesterFeedback=reason),
        )

    def judge(self, submission_id: str, wanted: SubmissionState, call: Callable[[], object]) -> None:
        """Bring it into a state. There is no token for this: the state is read first, and again if that is refused."""
        found = self.state(submission_id)
        if found is SubmissionState.SUBMITTED:
            try:
                with translated():
                    call()
                return
            except Declined as declined:
                found = self.state(submission_id)
                if found is SubmissionState.SUBMITTED:
                    raise declined
        if found is not wanted:
            raise Refused(f"This submission is {found} at Mechanical Turk, so it can't be {wanted}.")

    def pay_bonus(self, submission_id: str, *, rater_id: str, amount: Money, reason: str, token: str) -> None:
        """Pays amount and fee, unless the vendor's own list says that this token was paid."""
        dollars = forms.amount(amount)
        if self.is_paid(submission_id, token):
            return
        try:
            with translated():
                self.client.send_bonus(
                    WorkerId=rater_id,
                    BonusAmount=dollars,
                    AssignmentId=submission_id,
                    Reason=forms.with_reference(reason, token),
                    UniqueRequestToken=token,
                )
        except Declined:
            if not self.is_paid(submission_id, token):
                raise

    def is_paid(self, submission_id: str, token: str) -> bool:
        """Whether the vendor lists a bonus with this token."""
        with translated():
            pages = self.client.get_paginator("list_bonus_payments")
            return any(
                forms.reference(one["Reason"]) == token
                for page in pages.paginate(AssignmentId=submission_id, PaginationConfig=PAGE)
                for one in page["BonusPayments"]
            )

    def payments(self, posting_id: str) -> Iterator[Payment]:
        """Rewards of what is approved, by us or by itself, then bonuses; fees are in neither."""
        reward = forms.read_amount(self.hit(posting_id)[0]["Reward"])
        for one in self.assignments(posting_id):
            if one["AssignmentStatus"] == "Approved":
                paid_at = one["ApprovalTime"].astimezone(UTC)
                yield Payment(one["WorkerId"], one["AssignmentId"], reward, False, paid_at, None)
        with translated():
            pages = self.client.get_paginator("list_bonus_payments")
            for page in pages.paginate(HITId=posting_id, PaginationConfig=PAGE):
                yield from (bonus_payment(one) for one in page["BonusPayments"])

    def message(self, rater_ids: Sequence[str], *, subject: str, text: str) -> None:
        """Write to raters, a hundred at a time. Raises Refused with those who could not be reached; the others were.

        There is no token for it: after Unreachable, a second call may write to some of them again.
        """
        everyone, missed = list(dict.fromkeys(rater_ids)), list[str]()
        for start in range(0, len(everyone), MOST_ADDRESSEES):
            group = everyone[start : start + MOST_ADDRESSEES]
            with translated():
                answer = self.client.notify_workers(Subject=subject, MessageText=text, WorkerIds=group)
            missed += [one["WorkerId"] for one in answer["NotifyWorkersFailureStatuses"]]
        if missed:
            raise Refused(f"Mechanical Turk did not deliver this message to {', '.join(missed)}.")

    def block(self, rater_id: str, *, reason: str) -> None:
        """The rater does not learn the reason. MTurk may suspend raters whom many block."""
        with translated():
            self.client.create_worker_block(WorkerId=rater_id, Reason=reason)

    def unblock(self, rater_id: str) -> None:
        """Unblocking one who is not blocked is no error."""
        with translated():
            self.client.delete_worker_block(WorkerId=rater_id)

    def create_group(self, name: str, *, description: str) -> str:
        """A qualification type that nobody can ask for. Names are unique in an account: again is the same one."""
        try:
            with translated():
                made = self.client.create_qualification_type(
                    Name=name, Description=description, QualificationTypeStatus="Active"
                )
            return made["QualificationType"]["QualificationTypeId"]
        except Declined as declined:
            if declined.code != "QualificationTypeAlreadyExists":
                raise
            return self.group_named(name, declined)

    def group_named(self, name: str, declined: Declined) -> str:
        with translated():
            pages = self.client.get_paginator("list_qualification_types")
            found = pages.paginate(Query=name, MustBeRequestable=False, MustBeOwnedByCaller=True, PaginationConfig=PAGE)
            for page in found:
                for one in page["QualificationTypes"]:
                    if one["Name"] == name:
                        return one["QualificationTypeId"]
        raise declined

    def add_to_group(self, group_id: str, rater_id: str, *, score: int = 1) -> None:
        """Grant the qualification, or score it anew; the rater is not written to."""
        with translated():
            self.client.associate_qualification_with_worker(
                QualificationTypeId=group_id, WorkerId=rater_id, IntegerValue=score, SendNotification=False
            )

    def remove_from_group(self, group_id: str, rater_id: str) -> None:
        """Revoke the qualification."""
        try:
            with translated():
                self.client.disassociate_qualification_from_worker(QualificationTypeId=group_id, WorkerId=rater_id)
        except Declined as declined:
            if declined.code != "QualificationDoesNotExist":
                raise


def crossing(had: int, places: int) -> Refused:
    return Refused(
        f"Mechanical Turk lets no posting grow from fewer than {MANY} places to {MANY} or more, for its fee is higher "
        f"then; this one has {had}, and {places} more would make {had + places}. Publish another posting for them."
    )


def bonus_payment(one: "BonusPaymentTypeDef") -> Payment:
    """A bonus in our words; its token is in its reason."""
    return Payment(
        rater_id=one["WorkerId"],
        submission_id=one["AssignmentId"],
        amount=forms.read_amount(one["BonusAmount"]),
        is_bonus=True,
        paid_at=one["GrantTime"].astimezone(UTC),
        token=forms.reference(one["Reason"]),
    )


def submission(one: "AssignmentTypeDef") -> Submission:
    """An assignment in our words."""
    return Submission(
        id=one["AssignmentId"],
        posting_id=one["HITId"],
        rater_id=one["WorkerId"],
        state=STATES[one["AssignmentStatus"]],
        accepted_at=one["AcceptTime"].astimezone(UTC),
        submitted_at=one["SubmitTime"].astimezone(UTC),
        code=forms.receipt(one.get("Answer", "")),
    )
