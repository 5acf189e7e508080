"""Every study at a glance: what is counted, what is remembered, what may be seen, and what needs a hand."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from backend.db.assignments import SkipReason
from backend.db.batches import Batch
from backend.db.outputs import Output
from backend.db.raters import Channel
from backend.db.session import Database
from backend.domain.choices import Choice
from backend.domain.money import Money
from backend.services.money import budgets
from backend.services.overview import dashboard, glances
from backend.services.overview.dashboard import BatchLine, Dashboard, Flag, FlagKind
from backend.services.overview.glances import Memory
from backend.services.rating import assignments, links, ratings, visitors
from backend.services.rating.ratings import Vote
from backend.services.results import results
from backend.services.studies import batches, launching, mentions
from tests import factories, paid
from tests.factories import CANDIDATE, NOW

SEALED = {"analysis": {"sealed": True}}
KEY = "a key"
CANDIDATES = {name: [f"{name[::-1]} says {number}" for number in range(3)] for name in ("base", "c-1", "c-2", "c-3")}


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def memory() -> Memory:
    return Memory()


def look(
    session: Session, memory: Memory, *, query: str = "", page: int = 1, now: datetime = NOW, patient: bool = False
) -> Dashboard:
    return dashboard.look(session, memory, key=KEY, query=query, page=page, now=now, patient=patient)


def line(session: Session, memory: Memory, *, now: datetime = NOW, patient: bool = False) -> BatchLine:
    """The newest batch of the only study."""
    session.expire_all()
    (study,) = look(session, memory, now=now, patient=patient).lines
    return study.batches[0]


def people(session: Session, batch: Batch, count: int) -> list[int]:
    return [link.id for link in links.create_personal(session, batch.id, count=count, now=NOW)]


def claim(session: Session, link: int, *, now: datetime = NOW) -> tuple[int, int]:
    """(rater, assignment) of a claim that finds a seat."""
    who = visitors.visitor(session, link_id=link)
    held = assignments.claim(session, who, now=now)
    assert held is not None
    return who.rater_id, held


def rate(session: Session, link: int, choice: Choice = Choice.FIRST, *, now: datetime = NOW) -> None:
    rater, held = claim(session, link, now=now)
    ratings.submit(session, rater_id=rater, assignment_id=held, vote=Vote(choice, active_ms=30_000), now=now)


def kinds(flags: tuple[Flag, ...]) -> list[FlagKind]:
    return [flag.kind for flag in flags]


def test_a_study_that_was_never_launched_says_so(session: Session, memory: Memory) -> None:
    factories.study(session)
    (study,) = look(session, memory).lines
    assert (study.batches, study.older) == ((), 0)
    assert study.flags == (Flag(FlagKind.NOT_LAUNCHED),)
    assert study.systems == (factories.BASELINE, CANDIDATE)


def test_a_study_in_which_less_than_two_systems_have_outputs_is_not_asked_to_be_launched(
    session: Session, memory: Memory
) -> None:
    alone = factories.study(session, outputs={"base": ["One.", "Two.", "Three."]})
    assert look(session, memory).lines[0].flags == (Flag(FlagKind.NO_PAIR, 1),)
    factories.add_system(session, alone.id, "mute", [], [])
    assert look(session, memory).lines[0].flags == (Flag(FlagKind.NO_PAIR, 1),)
    factories.study(session, outputs={})
    assert look(session, memory).lines[0].flags == (Flag(FlagKind.NO_PAIR, 0),)


def test_outputs_that_say_who_wrote_them_are_flagged_until_they_are_scrubbed(session: Session, memory: Memory) -> None:
    texts = [f"I am {CANDIDATE}.", "No.", f"As {CANDIDATE} I say no."]
    study = factories.study(session, outputs={"base": ["One.", "Two.", "Three."], CANDIDATE: texts})
    mentions.look(session, study)
    assert look(session, memory).lines[0].flags == (Flag(FlagKind.SAYS_WHO, 2), Flag(FlagKind.NOT_LAUNCHED))
    mentions.scrub(session, study.id)
    assert kinds(look(session, memory).lines[0].flags) == [FlagKind.NOT_LAUNCHED]
    session.execute(update(Output).values(shown=None))
    launching.launch(session, study, baseline="base", seed=1, now=NOW)
    assert look(session, memory).lines[0].flags == ()


def test_a_new_batch_has_no_links_and_then_no_rating(session: Session, memory: Memory) -> None:
    batch = factories.launched(session, prompts=2)
    fresh = line(session, memory)
    assert fresh.flags == (Flag(FlagKind.NO_LINKS, 6),)
    assert fresh.headline is None
    assert fresh.glance is not None
    assert (fresh.glance.rated, fresh.glance.seats, fresh.glance.last_rated_at) == (0, 6, None)
    links.create_open(session, batch.id, now=NOW)
    assert line(session, memory).flags == ()


def test_the_verdict_is_the_one_of_the_results(session: Session, memory: Memory) -> None:
    batch = factories.launched(session, prompts=3)
    for link in people(session, batch, 2):
        for choice in (Choice.FIRST, Choice.SECOND, Choice.FIRST):
            rate(session, link, choice)
    seen = line(session, memory)
    (found,) = results.of_batch(session, batch.id, key=KEY).candidates
    assert seen.headline is not None
    assert seen.headline.win_rate == found.win_rate
    assert (seen.headline.candidate, seen.headline.others, seen.baseline) == (CANDIDATE, 0, factories.BASELINE)
    assert seen.glance is not None
    assert (seen.glance.rated, seen.glance.seats, seen.glance.raters) == (6, 9, 2)


@pytest.mark.parametrize(("declared", "name"), [({}, "c-1"), ({"analysis": {"primary": "c-2"}}, "c-2")])
def test_of_several_candidates_the_primary_one_stands_for_all(
    session: Session, memory: Memory, declared: dict[str, object], name: str
) -> None:
    batch = factories.launched(session, outputs=CANDIDATES, seats=1, **declared)
    for link in people(session, batch, 3):
        for _ in range(3):
            rate(session, link)
    headline = line(session, memory).headline
    assert headline is not None
    assert (headline.candidate, headline.others) == (name, 2)
    found = {one.name: one for one in results.of_batch(session, batch.id, key=KEY).candidates}
    assert headline.win_rate == found[name].win_rate


def test_a_sealed_verdict_is_not_told_before_the_batch_is_over(session: Session, memory: Memory) -> None:
    batch = factories.launched(session, prompts=1, seats=2, **SEALED)
    one, two = people(session, batch, 2)
    rate(session, one)
    sealed = line(session, memory)
    assert (sealed.seal.is_sealed, sealed.headline) == (True, None)
    assert sealed.glance is not None
    assert sealed.glance.rated == 1
    rate(session, two)
    opened = line(session, memory)
    assert not opened.seal.is_sealed
    assert opened.headline is not None


def test_raters_are_at_work_while_their_lease_lasts(session: Session, memory: Memory) -> None:
    batch = factories.launched(session, prompts=2)
    for link in people(session, batch, 2):
        claim(session, link)
    assert line(session, memory).pulse.at_work == 2
    later = line(session, memory, now=NOW + timedelta(seconds=batch.lease_seconds + 1)).pulse
    assert (later.at_work, later.held) == (0, 2)


def test_a_complete_batch_wants_to_be_read_and_closed(session: Session, memory: Memory) -> None:
    batch = factories.launched(session, prompts=1, seats=1)
    rate(session, people(session, batch, 1)[0])
    assert kinds(line(session, memory).flags) == [FlagKind.COMPLETE]
    batches.close(session, batch)
    assert line(session, memory).flags == ()


def test_a_paused_batch_says_how_many_seats_wait(session: Session, memory: Memory) -> None:
    batch = factories.launched(session, prompts=2)
    batches.pause(session, batch)
    assert line(session, memory).flags == (Flag(FlagKind.PAUSED, 6),)


@pytest.mark.parametrize(("hours", "flags"), [(23, ()), (24, (Flag(FlagKind.STALLED, 4),))])
def test_a_batch_is_stalled_when_nobody_has_rated_for_a_day(
    session: Session, memory: Memory, hours: int, flags: tuple[Flag, ...]
) -> None:
    batch = factories.launched(session, prompts=2)
    (link,) = people(session, batch, 1)
    for _ in range(2):
        rate(session, link, now=NOW + timedelta(hours=1))
    assert line(session, memory, now=NOW + timedelta(hours=1 + hours)).flags == flags


def test_a_batch_that_nobody_came_to_is_stalled_a_day_after_its_launch(session: Session, memory: Memory) -> None:
    batch = factories.launched(session, prompts=2)
    people(session, batch, 1)
    assert line(session, memory, now=NOW + timedelta(hours=25)).flags == (Flag(FlagKind.STALLED, 6),)


def test_revoked_links_bring_nobody(session: Session, memory: Memory) -> None:
    batch = factories.launched(session)
    links.revoke(session, people(session, batch, 1)[0], now=NOW)
    assert kinds(line(session, memory).flags) == [FlagKind.NO_LINKS]


def test_comparisons_that_three_raters_could_not_judge_are_flagged(session: Session, memory: Memory) -> None:
    batch = factories.launched(session, prompts=1)
    for link in people(session, batch, 3):
        rater, held = claim(session, link)
        ratings.skip(session, rater_id=rater, assignment_id=held, reason=SkipReason.UNREADABLE)
    assert Flag(FlagKind.UNJUDGEABLE, 1) in line(session, memory).flags


@pytest.mark.parametrize(("rules", "flagged"), [({}, 1), (SEALED, 0)])
def test_a_rater_who_always_chooses_the_first_is_flagged_but_not_under_a_seal(
    session: Session, memory: Memory, rules: dict[str, object], flagged: int
) -> None:
    batch = factories.launched(session, prompts=40, session_size=100, **rules)
    one_sided, fair = people(session, batch, 2)
    for number in range(40):
        rate(session, one_sided)
        rate(session, fair, Choice.FIRST if number % 2 else Choice.SECOND)
    counts = {flag.kind: flag.count for flag in line(session, memory).flags}
    assert counts.get(FlagKind.RATERS, 0) == flagged


def test_a_rater_whom_a_declared_rule_excludes_needs_no_hand(session: Session, memory: Memory) -> None:
    rule = {"kind": "one_sided", "limit": 0.9, "least": 10}
    batch = factories.launched(session, prompts=40, session_size=100, exclusions=[rule])
    (one_sided,) = people(session, batch, 1)
    for _ in range(40):
        rate(session, one_sided)
    seen = line(session, memory)
    assert seen.glance is not None
    assert (seen.glance.flagged, seen.glance.rated, seen.headline) == (0, 40, None)


def test_a_glance_is_taken_again_only_when_ratings_came(
    session: Session, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = factories.launched(session, prompts=3)
    (link,) = people(session, batch, 1)
    rate(session, link)
    first, again = line(session, memory).glance, line(session, memory, now=NOW + timedelta(days=1)).glance
    assert again is first
    rate(session, link)
    assert line(session, memory).glance is not first
    monkeypatch.setattr(glances, "SEATS_A_SECOND", 1)
    kept = line(session, memory).glance
    rate(session, link)
    assert line(session, memory, now=NOW + timedelta(seconds=8)).glance is kept
    assert line(session, memory, now=NOW + timedelta(seconds=9)).glance is not kept


def test_the_end_of_a_batch_is_seen_at_once_however_large(
    session: Session, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glances, "SEATS_A_SECOND", 1)
    batch = factories.launched(session, prompts=2, seats=1)
    (link,) = people(session, batch, 1)
    rate(session, link)
    assert line(session, memory).glance.rated == 1
    rate(session, link)
    assert line(session, memory).glance.rated == 2


def test_a_page_does_not_wait_for_a_large_batch_but_its_part_does_one_at_a_time(
    session: Session, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glances, "SEATS_AT_ONCE", 8)
    study = factories.study(session, prompts=3)
    for _ in range(2):
        launching.launch(session, study, baseline=factories.BASELINE, seed=1, now=NOW)
    small = launching.launch(session, study, baseline=factories.BASELINE, seed=1, now=NOW, prompts=2)
    seen = look(session, memory)
    assert seen.is_counting
    assert [one.glance is not None for one in seen.lines[0].batches] == [True, False, False]
    assert seen.lines[0].batches[0].batch.id == small.id
    assert look(session, memory, patient=True).is_counting
    assert not look(session, memory, patient=True).is_counting
    assert not look(session, memory).is_counting


def test_only_the_newest_glances_are_remembered(
    session: Session, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glances, "MOST_KEPT", 2)
    numbers = [factories.launched(session).id for _ in range(3)]
    look(session, memory)
    assert [number for number in numbers if memory.get(number)] == numbers[:2]


def test_the_newest_batches_are_shown_and_older_ones_counted(session: Session, memory: Memory) -> None:
    study = factories.study(session)
    made = [launching.launch(session, study, baseline=factories.BASELINE, seed=1, now=NOW).id for _ in range(5)]
    (seen,) = look(session, memory).lines
    assert [one.batch.id for one in seen.batches] == made[:1:-1]
    assert seen.older == 2


def test_studies_come_twenty_a_page_the_newest_launch_or_import_first(session: Session, memory: Memory) -> None:
    made = [factories.study(session, prompts=1) for _ in range(43)]
    for day, study in enumerate(made):
        study.created_at = NOW + timedelta(days=day)
    session.flush()
    launching.launch(session, made[0], baseline=factories.BASELINE, seed=1, now=NOW + timedelta(days=100))
    first, last = look(session, memory), look(session, memory, page=99)
    assert [one.study.id for one in first.lines][:2] == [made[0].id, made[42].id]
    assert (len(first.lines), first.page, first.pages, first.found) == (20, 1, 3, 43)
    assert ([one.study.id for one in last.lines], last.page) == ([made[number].id for number in (3, 2, 1)], 3)
    assert look(session, memory, page=-1).page == 1


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("summ", ["Summaries"]),
        ("  ALPACA ", ["Follow-ups"]),
        ("%", ["100 % French"]),
        ("_", []),
        ("nothing like it", []),
        ("\0", ["Summaries", "Follow-ups", "100 % French"]),
    ],
)
def test_studies_are_found_by_their_names_and_by_their_systems(
    session: Session, memory: Memory, query: str, names: list[str]
) -> None:
    for name, systems in {"100 % French": "ab", "Follow-ups": ["koala", "alpaca-7b"], "Summaries": "cd"}.items():
        factories.study(session, prompts=1, outputs={system: ["Yes."] for system in systems}).name = name
    session.flush()
    found = look(session, memory, query=query)
    assert [one.study.name for one in found.lines] == names
    assert (found.found, found.studies) == (len(names), 3)


def test_without_studies_there_is_one_empty_page(session: Session, memory: Memory) -> None:
    found = look(session, memory)
    assert (found.lines, found.page, found.pages, found.studies, found.is_counting) == ((), 1, 1, 0, False)


def test_a_batch_that_pays_shows_its_budget_and_the_appeals_that_wait(session: Session, memory: Memory) -> None:
    made = paid.everywhere(session)
    one = line(session, memory)
    assert one.pulse.budget == budgets.standing(session, made.batch.id)
    assert Flag(FlagKind.APPEALS, 1) in one.flags
    batches.close(session, made.batch)
    assert line(session, memory).flags == (Flag(FlagKind.APPEALS, 1),)


def test_an_appeal_is_told_of_on_every_page_wherever_its_study_is(session: Session, memory: Memory) -> None:
    made = paid.everywhere(session)
    for _ in range(dashboard.STUDIES_A_PAGE):
        factories.study(session, prompts=1)
    first, last = look(session, memory), look(session, memory, page=2)
    assert made.batch.id not in [batch.batch.id for one in first.lines for batch in one.batches]
    assert first.appeals == last.appeals == {made.batch.id: 1}


def test_work_that_is_not_paid_is_flagged_when_the_batch_is_done_and_no_longer_when_it_is_owed(
    session: Session, memory: Memory
) -> None:
    batch = paid.worked(session, prompts=2, people=3, active_ms=[43_000])
    assert not any(one.kind == FlagKind.UNPAID for one in line(session, memory).flags)
    paid.declared(session, batch.id, Channel.LINK)
    reservation = paid.with_budget(session, batch, 500, aside=200)
    assert Flag(FlagKind.UNPAID, 6) in line(session, memory).flags
    paid.owe_everything(session, batch.id, reservation, paid.PAPER, paid.NO_FEES)
    assert not any(one.kind == FlagKind.UNPAID for one in line(session, memory).flags)


def test_work_that_waits_for_the_next_round_is_no_flag_while_money_is_left(session: Session, memory: Memory) -> None:
    batch = factories.launched(session)
    paid.declared(session, batch.id, Channel.LINK)
    budgets.set_budget(session, batch.id, allowed=Money(1))
    (link,) = people(session, batch, 1)
    rate(session, link)
    assert not any(one.kind == FlagKind.UNPAID for one in line(session, memory).flags)
    budgets.set_budget(session, batch.id, allowed=Money(0))
    assert Flag(FlagKind.UNPAID, 1) in line(session, memory).flags
