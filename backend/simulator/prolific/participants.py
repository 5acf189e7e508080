"""What participants do: find a study, reserve a place, start, hand in a code, give the place back, run out of time."""

from dataclasses import dataclass
from urllib.parse import quote

from backend.crowd.http import Record
from backend.crowd.prolific.filters import APPROVAL, APPROVED, COUNTRY, EXCLUDED, INCLUDED, LANGUAGE
from backend.simulator.prolific.state import Account, Person, Study, Work

COUNTRY_CHOICES = ("United Kingdom", "United States", "Ireland", "Germany", "France", "Canada", "Australia")
LANGUAGE_CHOICES = ("English", "German", "French", "Spanish")
CHOICES = {COUNTRY: COUNTRY_CHOICES, LANGUAGE: LANGUAGE_CHOICES}


class Unwelcome(Exception):
    """The study is not shown to this participant, or has no place for them."""


class TooLate(Exception):
    """The submission is not in a state in which a participant can do this."""


@dataclass(frozen=True, slots=True)
class Participants:
    """Everybody who is signed up at the vendor. Each method is one participant's one act."""

    account: Account

    def sign_up(self, person: Person) -> Person:
        """Somebody new."""
        with self.account.lock:
            self.account.people[person.id] = person
            return person

    def reserve(self, person_id: str, study_id: str) -> Work:
        """Take a place for ten minutes; in a second tab it is the same place. Raises Unwelcome."""
        with self.account.lock:
            self.account.tick()
            person, study = self.account.people[person_id], self.account.studies[study_id]
            mine = [work for work in self.account.works_of(study_id) if work.person_id == person_id]
            if mine and mine[-1].status in {"RESERVED", "ACTIVE"}:
                return mine[-1]
            if mine:
                raise Unwelcome("they have had their one submission")
            if study.status != "ACTIVE":
                raise Unwelcome(f"the study is {study.status}")
            if self.account.free_places(study) < 1:
                raise Unwelcome("all places are taken")
            if why := self.unfit(person, study):
                raise Unwelcome(why)
            work = Work(self.account.new_id(), study_id, person_id, "RESERVED", self.account.now())
            self.account.works[work.id] = work
            self.account.set_status(work, "RESERVED")
            return work

    def start(self, work_id: str) -> str:
        """Open the study; the address that the browser is sent to. A second tab opens the same one."""
        with self.account.lock:
            work = self.at_work(work_id)
            if work.status == "RESERVED":
                work.started_at = self.account.now()
                self.account.set_status(work, "ACTIVE")
            return address(self.account.studies[work.study_id], work)

    def submit(self, work_id: str, code: str | None) -> str:
        """Come back with a code, or with none; the state that follows. Raises TooLate."""
        with self.account.lock:
            work = self.at_work(work_id)
            if work.status != "ACTIVE":
                raise TooLate("they have not opened the study")
            work.code, work.completed_at = code, self.account.now()
            self.act_on(work)
            study = self.account.studies[work.study_id]
            if study.status == "ACTIVE" and not self.account.free_places(study) and not self.working(study):
                self.account.set_study(study, "AWAITING REVIEW")
            return work.status

    def give_back(self, work_id: str) -> None:
        """Return the place. Raises TooLate once it was handed in."""
        with self.account.lock:
            self.account.set_status(self.at_work(work_id), "RETURNED")

    def at_work(self, work_id: str) -> Work:
        self.account.tick()
        work = self.account.works[work_id]
        if work.status not in {"RESERVED", "ACTIVE"}:
            raise TooLate(f"the submission is {work.status}")
        return work

    def working(self, study: Study) -> bool:
        return any(work.status in {"RESERVED", "ACTIVE"} for work in self.account.works_of(study.id))

    def act_on(self, work: Work) -> None:
        """Do what the study says about the code; an unknown one is left to the researcher."""
        codes = Record(self.account.studies[work.study_id].fields).records("completion_codes")
        matching = next((one for one in codes if one.text("code") == work.code), Record({}))
        actions = {one.text("action"): one for one in matching.records("actions")}
        if "AUTOMATICALLY_APPROVE" in actions:
            self.account.pay_reward(work)
        elif "REQUEST_RETURN" in actions:
            self.account.set_status(work, "RETURNED")
        elif "FIXED_SCREEN_OUT_PAYMENT" in actions:
            amount = actions["FIXED_SCREEN_OUT_PAYMENT"].whole("fixed_screen_out_reward")
            self.account.set_status(work, "SCREENED OUT")
            self.account.pay_bonus(work, amount)
        else:
            self.account.set_status(work, "AWAITING REVIEW")

    def unfit(self, person: Person, study: Study) -> str | None:
        """Which filter keeps somebody out."""
        for one in Record(study.fields).records("filters"):
            if not self.passes(person, one):
                return f"the filter {one.text('filter_id')}"
        return None

    def passes(self, person: Person, one: Record) -> bool:
        name, values = one.text("filter_id"), one.texts("selected_values")
        if name in {APPROVAL, APPROVED}:
            limits = one.record("selected_range")
            mine = person.approval_rate if name == APPROVAL else person.approvals
            return limits.whole("lower") <= mine <= limits.whole("upper")
        if name in CHOICES:
            theirs = {person.country} if name == COUNTRY else set(person.languages)
            return bool(theirs & {CHOICES[name][int(value)] for value in values})
        inside = any(person.id in self.account.groups[group_id].members for group_id in values)
        return inside if name == INCLUDED else not inside if name == EXCLUDED else True


def address(study: Study, work: Work) -> str:
    """The study's address with the vendor's three placeholders filled in."""
    filled = Record(study.fields).text("external_study_url")
    for name, value in (("PROLIFIC_PID", work.person_id), ("STUDY_ID", study.id), ("SESSION_ID", work.id)):
        filled = filled.replace(f"{{{{%{name}%}}}}", quote(value, safe=""))
    return filled
