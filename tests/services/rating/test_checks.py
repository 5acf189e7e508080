"""Raters at checks: when one comes, that it stays, what it stores, and that nothing else notices."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, SkipReason
from backend.db.batches import Batch
from backend.db.checks import Check, CheckAnswer, CheckAssignment
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.domain.checks import FAILED, KINDS, NOT_JUDGED, PASSED, CheckKind, by_rater
from backend.domain.choices import Choice
from backend.errors import Conflict, Invalid, NotFound
from backend.services.rating import assignments, check_marks, checks, links, raters, ratings, tasks, visitors
from backend.services.rating.ratings import Receipt, Vote
from backend.services.rating.tasks import Task
from backend.services.rating.visitors import Visitor
from backend.services.studies import batches, gold
from backend.services.studies.files import Source
from tests import factories
from tests.factories import NOW

GOLD, ATTENTION, REPEAT = KINDS
LATER = NOW + timedelta(hours=2)
OFTEN = {"gold": 0.25, "attention": 0.25, "repeat": 0.25}


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@dataclass
class Desk:
    """A rater at work, as the pages let them work."""

    session: Session
    batch: Batch
    link: int
    minutes: int = 0

    @property
    def who(self) -> Visitor:
        return checks.visitor(self.session, link_id=self.link, alone=True)

    def next(self) -> Task | None:
        """What this rater is given now: a check, a comparison, or nothing."""
        self.minutes += 1
        now = NOW + timedelta(minutes=self.minutes)
        check = checks.claim(self.session, self.who, now=now)
        if check is not None:
            return checks.task(self.session, check)
        seat = assignments.claim(self.session, self.who, now=now)
        return None if seat is None else tasks.task(self.session, seat)

    def submit(self, task: Task, choice: Choice = Choice.FIRST, **more: object) -> Receipt:
        submit = checks.submit if task.is_check else ratings.submit
        now, rater = NOW + timedelta(minutes=self.minutes), self.who.rater_id
        vote = Vote(choice, **more)
        return submit(self.session, rater_id=rater, assignment_id=task.assignment_id, vote=vote, now=now)

    def skip(self, task: Task) -> None:
        skip = checks.skip if task.is_check else ratings.skip
        reason = SkipReason.UNREADABLE
        skip(self.session, rater_id=self.who.rater_id, assignment_id=task.assignment_id, reason=reason)

    def until_a_check(self) -> Task:
        """Judge comparisons until a check comes."""
        for _ in range(50):
            task = self.next()
            assert task is not None
            if task.is_check:
                return task
            self.submit(task)
        raise AssertionError("no check came")

    def stored(self, task: Task) -> CheckAssignment:
        return self.session.get_one(CheckAssignment, task.assignment_id, populate_existing=True)


def desk_of(session: Session, *, prompts: int = 40, count: int = 20, **rates: float) -> Desk:
    known = factories.gold(count) if rates.get("gold") else []
    batch = factories.launched(session, prompts=prompts, seats=1, checks=rates, gold=known)
    return Desk(session, batch, colleague(session, batch))


def colleague(session: Session, batch: Batch) -> int:
    (link,) = links.create_personal(session, batch.id, count=1, now=NOW)
    return link.id


def count(session: Session, mapped: type) -> int:
    return session.execute(select(func.count()).select_from(mapped)).scalar_one()


def test_a_launch_stores_the_checks_that_are_declared_and_no_repeat_yet(session: Session) -> None:
    batch = desk_of(session, **OFTEN).batch
    kinds = session.execute(
        select(Check.kind, func.count()).where(Check.batch_id == batch.id).group_by(Check.kind).order_by(Check.kind)
    ).all()
    assert [tuple(row) for row in kinds] == [("attention", 2 * len(gold.templates())), ("gold", 20)]


def test_gold_that_is_declared_and_not_given_refuses_the_launch_and_so_does_the_reverse(session: Session) -> None:
    with pytest.raises(Invalid, match=r"gold checks, 10 % of a rater's comparisons, so the launch needs a file"):
        factories.launched(session, checks={"gold": 0.1})
    with pytest.raises(Invalid, match="declare no rate for gold"):
        factories.launched(session, gold=factories.gold(3))


def test_an_expected_tie_needs_a_study_that_offers_one(session: Session) -> None:
    tie = [replace(factories.gold(1)[0], is_tie=True, line=7)]
    options = [{"choice": "first", "label": "1"}, {"choice": "second", "label": "2"}]
    with pytest.raises(Invalid, match="Line 7 of the gold file expects a tie"):
        factories.launched(session, checks={"gold": 0.1}, gold=tie, options=options)
    factories.launched(session, checks={"gold": 0.1}, gold=tie)


def test_every_attention_check_asks_for_a_button_in_one_text_and_in_words(session: Session) -> None:
    desk_of(session, attention=0.1)
    for check in session.scalars(select(Check)):
        number = {"first": "1", "second": "2"}[str(check.expected)]
        asking = [text for text in (check.first, check.second) if "press the button for Output" in str(text)]
        assert len(asking) == 1
        assert f"press the button for Output {number}" in str(asking[0])


def test_a_check_comes_stays_on_reload_and_is_answered_once(session: Session) -> None:
    desk = desk_of(session, gold=0.5)
    check = desk.until_a_check()
    assert desk.next() == check
    assert desk.who.held_check == check.assignment_id
    receipt = desk.submit(check, Choice.SECOND, comment=" hm ", active_ms=1200)
    assert desk.submit(check, Choice.FIRST) == replace(receipt, again=True)
    (answer,) = session.scalars(select(CheckAnswer))
    assert (answer.choice, answer.comment, answer.active_ms) == ("second", "hm", 1200)
    assert (answer.receipt, answer.rater_id) == (receipt.number, desk.who.rater_id)
    following = desk.next()
    assert following is not None
    assert not following.is_check


def test_a_check_counts_for_its_rater_and_for_nothing_else(session: Session) -> None:
    desk = desk_of(session, gold=0.5)
    check = desk.until_a_check()
    before, balance = batches.progress(session, desk.batch.id), desk.who.balance
    judged, compared = desk.who.judged, desk.who.compared
    desk.submit(check)
    assert (desk.who.judged, desk.who.compared, desk.who.balance) == (judged + 1, compared, balance)
    assert batches.progress(session, desk.batch.id) == before
    assert count(session, Rating) == before.rated == compared


def test_checks_count_for_the_session_and_for_the_cap(session: Session) -> None:
    batch = factories.launched(session, prompts=40, seats=1, checks={"attention": 0.5}, session_size=10, rater_cap=20)
    desk = Desk(session, batch, colleague(session, batch))
    ends = []
    while task := desk.next():
        desk.submit(task)
        ends.append(desk.who.has_ended_session)
    assert len(ends) == 20
    assert [number for number, end in enumerate(ends, start=1) if end] == [10, 20]
    assert (count(session, CheckAnswer), count(session, Rating)) in {(6, 14), (7, 13)}


def test_a_repeat_shows_an_older_comparison_with_its_sides_reversed(session: Session) -> None:
    desk, seen = desk_of(session, repeat=0.5), []
    repeats = 0
    for _ in range(40):
        task = desk.next()
        assert task is not None
        desk.submit(task)
        if task.is_check:
            assert (task.dialogue, task.second, task.first) in seen[:-3]
            repeats += 1
        else:
            seen.append((task.dialogue, task.first, task.second))
    assert repeats >= 10
    originals = session.scalars(select(CheckAssignment.original_id)).all()
    assert len(set(originals)) == len(originals) == repeats


def test_two_raters_repeat_one_comparison_under_one_check(session: Session) -> None:
    batch = factories.launched(session, prompts=5, seats=2, checks={"repeat": 0.5})
    for _ in range(2):
        desk = Desk(session, batch, colleague(session, batch))
        while task := desk.next():
            desk.submit(task)
    repeats = session.execute(select(CheckAssignment.check_id, CheckAssignment.rater_id)).all()
    assert len(repeats) == len(set(repeats)) == 4
    assert count(session, Check) < 4


def test_gold_is_met_once_and_then_no_more(session: Session) -> None:
    desk = desk_of(session, count=3, gold=0.5)
    met = []
    while task := desk.next():
        desk.submit(task)
        if task.is_check:
            met.append(task.first)
    assert len(met) == len(set(met)) == 3
    assert desk.who.compared == 40


def test_raters_begin_at_different_places(session: Session) -> None:
    desk = desk_of(session, prompts=60, gold=0.5)
    first = {desk.until_a_check().first}
    for _ in range(5):
        first.add(Desk(session, desk.batch, colleague(session, desk.batch)).until_a_check().first)
    assert len(first) > 1


def test_what_cannot_be_judged_is_recorded_and_held_against_nobody(session: Session) -> None:
    desk = desk_of(session, gold=0.5)
    check = desk.until_a_check()
    judged = desk.who.judged
    desk.skip(check)
    desk.skip(check)
    assert (desk.stored(check).state, desk.stored(check).skip_reason) == ("skipped", "unreadable")
    assert desk.who.judged == judged
    with pytest.raises(Conflict, match="You gave this comparison back"):
        desk.submit(check)
    found = check_marks.answers(session, desk.batch.id)
    assert found.marks.tolist() == [NOT_JUDGED]
    assert by_rater(found).asked.tolist() == [0]
    following = desk.next()
    assert following is not None
    assert not following.is_check


def test_an_answered_check_cannot_be_skipped(session: Session) -> None:
    desk = desk_of(session, gold=0.5)
    check = desk.until_a_check()
    desk.submit(check)
    with pytest.raises(Conflict, match="your rating stands"):
        desk.skip(check)


def test_anothers_check_is_not_found(session: Session) -> None:
    desk = desk_of(session, gold=0.5)
    check = desk.until_a_check()
    other = Desk(session, desk.batch, colleague(session, desk.batch))
    with pytest.raises(NotFound, match="not yours to rate"):
        other.submit(check)
    with pytest.raises(NotFound, match="not yours to rate"):
        other.skip(check)
    assert desk.stored(check).state == "held"


def test_a_lease_runs_out_when_others_come_and_a_late_answer_is_kept(session: Session) -> None:
    desk = desk_of(session, gold=0.5)
    check = desk.until_a_check()
    other = colleague(session, desk.batch)
    checks.claim(session, checks.visitor(session, link_id=other), now=LATER)
    assert desk.stored(check).state == "lapsed"
    assert desk.who.held_check is None
    receipt = desk.submit(check)
    assert (receipt.late, receipt.again) == (False, False)
    assert desk.stored(check).state == "answered"


def test_a_rater_who_comes_back_finds_their_check_with_a_fresh_lease(session: Session) -> None:
    desk = desk_of(session, gold=0.5)
    check = desk.until_a_check()
    before = desk.stored(check).lease_expires_at
    desk.minutes += 600
    assert desk.next() == check
    assert desk.stored(check).lease_expires_at > before


def test_a_check_that_lapsed_is_made_up_for_by_another(session: Session) -> None:
    desk = desk_of(session, gold=0.5)
    check = desk.until_a_check()
    checks.lapse(session, replace(desk.who, rater_id=0), now=LATER)
    following = desk.next()
    assert following is not None
    assert not following.is_check
    desk.submit(following)
    another = desk.next()
    assert another is not None
    assert another.is_check
    assert another.first != check.first


def test_whoever_withdraws_leaves_the_check_too(session: Session) -> None:
    desk = desk_of(session, gold=0.5)
    check = desk.until_a_check()
    raters.withdraw(session, link_id=desk.link, now=NOW)
    assert desk.stored(check).state == "returned"
    assert desk.next() is None
    with pytest.raises(Conflict, match="You gave this comparison back"):
        desk.submit(check)


def test_a_paused_batch_gives_no_check_and_lets_one_be_finished(session: Session) -> None:
    desk = desk_of(session, gold=0.5)
    check = desk.until_a_check()
    batches.pause(session, desk.batch)
    assert desk.next() == check
    desk.submit(check)
    assert desk.next() is None


def test_answers_say_who_passed_and_who_repeats_themselves(session: Session) -> None:
    batch = factories.launched(session, prompts=30, seats=2, checks=OFTEN, gold=factories.gold(9))
    careful, careless = (Desk(session, batch, colleague(session, batch)) for _ in range(2))
    while task := careful.next():
        right = task.first.startswith(("Right", "A lively"))
        asked = next((n for n in "12" if f"button for Output {n}" in task.first + task.second), None)
        choice = {"1": Choice.FIRST, "2": Choice.SECOND, None: Choice.FIRST if right else Choice.SECOND}[asked]
        careful.submit(task, choice)
    while task := careless.next():
        careless.submit(task, Choice.FIRST)
    found = by_rater(check_marks.answers(session, batch.id))
    assert found.raters.tolist() == [careful.who.rater_id, careless.who.rater_id]
    assert found.passed[0] == found.asked[0] >= 12
    assert found.consistent[0] == found.repeats[0] >= 5
    assert 0 < found.passed[1] < found.asked[1]
    assert (found.consistent[1], found.repeats[1] >= 5) == (0, True)


def test_a_mark_is_passed_failed_or_not_judged() -> None:
    assert check_marks.mark(None, "first", None) == NOT_JUDGED
    assert check_marks.mark("first", "first", None) == PASSED
    assert check_marks.mark("tie", "first", None) == FAILED
    assert check_marks.mark("second", None, "first") == PASSED
    assert check_marks.mark("first", None, "first") == FAILED


def test_without_checks_there_are_no_answers(session: Session) -> None:
    batch = factories.launched(session)
    assert len(check_marks.answers(session, batch.id).raters) == 0


def test_a_batch_without_checks_pays_for_no_further_statement(session: Session) -> None:
    batch = factories.launched(session)
    link, statements = colleague(session, batch), []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *given: statements.append(given[2]))
    visitors.visitor(session, link_id=link)
    bare = len(statements)
    assert checks.visitor(session, link_id=link, alone=True).checks == ()
    assert len(statements) == 2 * bare == 2


def test_a_gold_file_names_file_and_line_of_what_is_wrong(tmp_path, session: Session) -> None:
    path = tmp_path / "gold.csv"
    path.write_text("prompt,better,worse,tie\nWhy?,Because.,No.,\nHow?,So.,So.,yes\n")
    first, second = gold.read(Source(path, None, "gold.csv"))
    assert (first.better, first.is_tie, second.is_tie, second.line) == ("Because.", False, True, 3)
    path.write_text("prompt,better,worse\nWhy?,Because.,No.\nWhy?,Because!,No.\n")
    with pytest.raises(Invalid, match=r"gold\.csv, line 3: this row has the prompt of line 2 again\."):
        gold.read(Source(path, None, "gold.csv"))
    path.write_text("prompt,better\nWhy?,Because.\n")
    with pytest.raises(Invalid, match=r"gold\.csv, line 2: this row has no worse output"):
        gold.read(Source(path, None, "gold.csv"))


def test_kinds_are_stored_under_their_words(session: Session) -> None:
    desk = desk_of(session, **OFTEN)
    while task := desk.next():
        desk.submit(task)
    assert set(session.scalars(select(CheckAssignment.kind))) == set(CheckKind)
    assert count(session, Assignment) == 40
