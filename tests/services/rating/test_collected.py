"""Ratings collected elsewhere: every problem has its line, and the rules are those of ratings given here."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, SkipReason
from backend.db.batches import Batch
from backend.db.comparisons import Comparison, Seat
from backend.db.raters import Rater
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.db.studies import Prompt
from backend.errors import Invalid
from backend.services.rating import assignments, collected, links, ratings, visitors
from backend.services.results import results
from backend.services.studies import batches, launching
from backend.services.studies.files import Source
from tests import factories
from tests.factories import CANDIDATE, NOW

THREE_SYSTEMS = {name: [f"{name} says {number}" for number in range(3)] for name in ("base", "one", "two")}
PANDALM = {0: "tie", 1: "baseline", 2: "candidate"}


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def votes_file(folder: Path, *lines: str) -> Source:
    path = folder / "votes.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Source(path, None, path.name)


def bring(session: Session, batch: Batch, folder: Path, *lines: str) -> int:
    return collected.import_ratings(session, batch, votes_file(folder, *lines), now=NOW)


def count(session: Session, mapped: type[Rating | Rater | Assignment]) -> int:
    return session.execute(select(func.count()).select_from(mapped)).scalar_one()


def sides(session: Session) -> Counter[bool | None]:
    """How many seats have the candidate second (True), first (False), or where nobody knows (None)."""
    return Counter(session.scalars(select(Seat.flipped)))


def test_preferences_come_in_as_votes(session: Session, folder: Path) -> None:
    batch = factories.launched(session)
    lines = ("Ada,p1,candidate", "Ben,p1,baseline", "Cleo,p1,tie", "Ada,p2,candidate")
    assert bring(session, batch, folder, "rater,prompt,preference", *lines) == 4
    (found,) = results.of_batch(session, batch.id, key="a key").candidates
    assert (found.votes.candidate, found.votes.baseline, found.votes.tie) == (2, 1, 1)
    assert found.raters == 3
    progress = batches.progress(session, batch.id)
    assert (progress.rated, progress.open, progress.settled) == (4, 5, 1)


@pytest.mark.parametrize("column", ["prompt", "prompt_id", "id"])
def test_the_prompts_column_may_be_called_what_it_was(session: Session, folder: Path, column: str) -> None:
    batch = factories.launched(session)
    assert bring(session, batch, folder, f"rater,{column},preference", "Ada,p1,tie") == 1


def test_json_lines_are_read_as_well(session: Session, folder: Path) -> None:
    row = json.dumps({"rater": 7, "prompt": "p1", "preference": "tie", "seconds": 2})
    assert bring(session, factories.launched(session), folder, row) == 1


@pytest.mark.parametrize(
    ("order", "choice", "preferred"),
    [
        ("candidate first", "first", "candidate"),
        ("candidate first", "second", "baseline"),
        ("baseline first", "first", "baseline"),
        ("Baseline First", "second", "candidate"),
        ("baseline first", "both_bad", "tie"),
        ("", "both_bad", "tie"),
    ],
)
def test_a_choice_means_what_stood_on_its_side(
    session: Session, folder: Path, order: str, choice: str, preferred: str
) -> None:
    batch = factories.launched(session)
    bring(session, batch, folder, "rater,prompt,choice,order", f"Ada,p1,{choice},{order}")
    (found,) = results.of_batch(session, batch.id, key="a key").candidates
    assert getattr(found.votes, preferred) == found.votes.total == 1
    assert found.votes.both_bad == (choice == "both_bad")


@pytest.mark.parametrize("order", ["candidate first", "baseline first"])
@pytest.mark.parametrize("preferred", ["candidate", "baseline", "tie"])
def test_a_preference_stays_the_same_in_either_order(
    session: Session, folder: Path, order: str, preferred: str
) -> None:
    batch = factories.launched(session, prompts=1, seats=3)
    lines = [f"{name},p1,{preferred},{order}" for name in ("Ada", "Ben", "Cleo")]
    bring(session, batch, folder, "rater,prompt,preference,order", *lines)
    found = results.of_batch(session, batch.id, key="a key")
    assert getattr(found.candidates[0].votes, preferred) == 3
    first = (preferred == "candidate") == (order == "candidate first")
    expected = (0, 0, 1) if preferred == "tie" else (1, 0, 0) if first else (0, 1, 0)
    effect = found.position.effect
    assert (effect.first.mean, effect.second.mean, effect.tie.mean) == expected
    assert sides(session) == {order == "baseline first": 3}


@pytest.mark.parametrize("header", ["rater,prompt,preference", "rater,prompt,preference,order"])
def test_an_unknown_order_stays_unknown_and_out_of_the_positions(session: Session, folder: Path, header: str) -> None:
    batch = factories.launched(session, prompts=1, seats=3)
    rest = ",unknown" if "order" in header else ""
    bring(session, batch, folder, header, f"Ada,p1,candidate{rest}", f"Ben,p1,baseline{rest}", f"Cleo,p1,tie{rest}")
    assert sides(session) == {None: 3}
    found = results.of_batch(session, batch.id, key="a key")
    votes, effect = found.candidates[0].votes, found.position.effect
    assert (votes.candidate, votes.baseline, votes.tie) == (1, 1, 1)
    assert (effect.known, effect.unknown, effect.first.mean) == (0, 3, None)


def test_a_known_order_takes_the_seat_of_its_side(session: Session, folder: Path) -> None:
    batch = factories.launched(session, prompts=1, seats=2)
    header = "rater,prompt,preference,order"
    bring(session, batch, folder, header, "Ada,p1,tie,baseline first", "Ben,p1,tie,candidate first")
    assert sides(session) == {True: 1, False: 1}


def test_seconds_are_kept_as_active_time(session: Session, folder: Path) -> None:
    bring(session, factories.launched(session), folder, "rater,prompt,preference,seconds", "Ada,p1,tie,12.5")
    assert session.execute(select(Rating.active_ms)).scalar_one() == 12_500


@pytest.mark.parametrize(
    ("header", "row", "why"),
    [
        ("prompt,preference", "p1,tie", "needs rater; its columns are prompt, preference"),
        ("rater,preference", "Ada,tie", "needs prompt or prompt_id or id; its columns are rater, preference"),
        ("rater,prompt", "Ada,p1", "needs a preference .* or a choice"),
        ("rater,prompt,preference", ",p1,tie", "needs rater"),
        ("rater,prompt,preference", "Ada,p1,better", "preference is 'better'; it must be one of candidate, tie, base"),
        ("rater,prompt,choice,order", "Ada,p1,left,baseline first", "choice is 'left'; it must be one of first, sec"),
        ("rater,prompt,choice", "Ada,p1,first", "has a choice of a side but no order"),
        ("rater,prompt,choice,order", "Ada,p1,second,unknown", "has a choice of a side but no order"),
        ("rater,prompt,preference,order", "Ada,p1,tie,AB", "order is 'AB'; it must be “candidate first”, “baseline"),
        ("rater,prompt,preference,seconds", "Ada,p1,tie,fast", "seconds are 'fast'; they must be a number"),
        ("rater,prompt,preference,seconds", "Ada,p1,tie,-1", "seconds are -1; they must be between 0 and 1,000,000"),
        ("rater,prompt,preference,seconds", "Ada,p1,tie,nan", "seconds are nan; they must be between"),
        ("rater,prompt,preference", "Ada,p9,tie", f"prompt 'p9' is not in this batch for {CANDIDATE}"),
        ("rater,prompt,candidate,preference", "Ada,p1,nobody,tie", f"candidate 'nobody' is not in .* has {CANDIDATE}"),
        ("rater,prompt,preference", f"{'Ada' * 200},p1,tie", r"has a name of 600 characters \(rater\); at most 500"),
        ("rater,prompt,preference", "Ada,p1", "2 cells, but the header has 3"),
    ],
)
def test_each_problem_is_told_with_file_and_line(
    session: Session, folder: Path, header: str, row: str, why: str
) -> None:
    batch = factories.launched(session)
    with pytest.raises(Invalid, match=rf"^votes\.csv, line 2: {why}.*\.$"):
        bring(session, batch, folder, header, row)


def test_a_name_that_no_database_can_hold_is_told(session: Session, folder: Path) -> None:
    path = folder / "votes.jsonl"
    path.write_text(json.dumps({"rater": "A\0da", "prompt": "p1", "preference": "tie"}))
    with pytest.raises(Invalid, match=r"^votes\.jsonl, line 1: has a character that can't be stored, NUL .*\(rater\)"):
        collected.import_ratings(session, factories.launched(session), Source(path, None, path.name), now=NOW)


def test_a_batch_of_several_candidates_needs_the_candidate_of_each_row(session: Session, folder: Path) -> None:
    batch = factories.launched(session, outputs=THREE_SYSTEMS)
    assert bring(session, batch, folder, "rater,prompt,candidate,preference", "Ada,p1,two,candidate") == 1
    with pytest.raises(Invalid, match=r"votes\.csv, line 2: needs a candidate, since the batch has one, two"):
        bring(session, batch, folder, "rater,prompt,preference", "Ben,p1,tie")


def test_an_empty_file_is_told(session: Session, folder: Path) -> None:
    batch = factories.launched(session)
    with pytest.raises(Invalid, match=r"votes\.csv is empty"):
        bring(session, batch, folder, "")
    with pytest.raises(Invalid, match=r"votes\.csv holds no rows"):
        bring(session, batch, folder, "rater,prompt,preference")


def problem(database: Database, folder: Path, *lines: str, **launched: object) -> str:
    """What is said of this file; nothing of it may be stored."""
    with database.transaction() as session:
        batch = factories.launched(session, **launched)
    with pytest.raises(Invalid) as error:
        bring_in_one_transaction(database, batch, folder, lines)
    with database.reading() as session:
        assert [count(session, mapped) for mapped in (Rating, Assignment, Rater)] == [0, 0, 0]
        assert batches.progress(session, batch.id).open == batches.progress(session, batch.id).seats
    return str(error.value)


def bring_in_one_transaction(database: Database, batch: Batch, folder: Path, lines: tuple[str, ...]) -> None:
    with database.transaction() as session:
        bring(session, batch, folder, "rater,prompt,candidate,preference", *lines)


def test_a_rater_meets_a_prompt_once_here_too_and_nothing_is_stored(database: Database, folder: Path) -> None:
    lines = (f"Ada,p1,{CANDIDATE},tie", f"Ben,p1,{CANDIDATE},tie", f"Ada,p1,{CANDIDATE},candidate")
    said = problem(database, folder, *lines)
    assert said.startswith("votes.csv, line 4: Ada has met prompt p1 in this batch already")


def test_a_rater_meets_a_prompt_once_over_all_candidates(database: Database, folder: Path) -> None:
    said = problem(database, folder, "Ada,p1,one,tie", "Ada,p1,two,tie", outputs=THREE_SYSTEMS)
    assert said.startswith("votes.csv, line 3: Ada has met prompt p1")


def test_a_comparison_takes_no_more_votes_than_it_has_seats(database: Database, folder: Path) -> None:
    lines = [f"{name},p1,{CANDIDATE},tie" for name in ("Ada", "Ben", "Cleo", "Dan")]
    said = problem(database, folder, *lines, seats=3)
    assert said == "votes.csv, line 5: all 3 seats of prompt p1 are taken."


def test_a_bad_last_row_undoes_the_good_ones(database: Database, folder: Path) -> None:
    said = problem(database, folder, f"Ada,p1,{CANDIDATE},tie", f"Ben,p2,{CANDIDATE},worse")
    assert said.startswith("votes.csv, line 3: preference is 'worse'")


def test_the_same_name_is_the_same_person_within_a_study_and_not_beyond(session: Session, folder: Path) -> None:
    study = factories.study(session)
    first, second = (launching.launch(session, study, baseline=factories.BASELINE, seed=1, now=NOW) for _ in range(2))
    elsewhere = factories.launched(session)
    for batch in (first, second, elsewhere):
        bring(session, batch, folder, "rater,prompt,preference", "Ada,p1,tie")
    by_batch = dict(session.execute(select(Assignment.batch_id, Assignment.rater_id)).all())
    assert by_batch[first.id] == by_batch[second.id] != by_batch[elsewhere.id]


def given_back(session: Session, batch: Batch) -> bool:
    """A visitor skips the only seat; whether it shows the candidate second."""
    (link,) = links.create_personal(session, batch.id, count=1, now=NOW)
    who = visitors.visitor(session, link_id=link.id)
    number = assignments.claim(session, who, now=NOW)
    assert number is not None
    ratings.skip(session, rater_id=who.rater_id, assignment_id=number, reason=SkipReason.UNREADABLE)
    flipped = session.execute(select(Seat.flipped)).scalar_one()
    assert flipped is not None
    return flipped


def test_a_seat_that_was_given_back_is_filled_in_the_order_it_was_shown(session: Session, folder: Path) -> None:
    batch = factories.launched(session, prompts=1, seats=1)
    order = "baseline first" if given_back(session, batch) else "candidate first"
    assert bring(session, batch, folder, "rater,prompt,preference,order", f"Ada,p1,tie,{order}") == 1


@pytest.mark.parametrize("known", [True, False])
def test_a_seat_that_was_given_back_is_never_turned(session: Session, folder: Path, known: bool) -> None:
    batch = factories.launched(session, prompts=1, seats=1)
    other = "candidate first" if given_back(session, batch) else "baseline first"
    with pytest.raises(Invalid, match="line 2: the seats of prompt p1 that are left were shown in another order"):
        bring(session, batch, folder, "rater,prompt,preference,order", f"Ada,p1,tie,{other if known else 'unknown'}")


def test_an_unjudgeable_comparison_takes_no_votes(session: Session, folder: Path) -> None:
    batch = factories.launched(session, prompts=1, seats=1)
    for _ in range(3):
        given_back(session, batch)
    with pytest.raises(Invalid, match="line 2: all 1 seats"):
        bring(session, batch, folder, "rater,prompt,preference", "Ada,p1,tie")


def test_a_batch_of_imported_votes_is_closed_without_losing_any(session: Session, folder: Path) -> None:
    """They did not come in launch order, so that a comparison without votes is not where its beginning ends."""
    batch = factories.launched(session, prompts=9)
    keys = session.scalars(select(Prompt.key).order_by(Prompt.key)).all()
    rows = [f"r{rater},{key},candidate" for key in keys[::2] for rater in range(3)]
    assert bring(session, batch, folder, "rater,prompt,preference", *rows) == 15
    batches.close(session, batch)
    session.expire_all()
    found = results.of_batch(session, batch.id, key="a key")
    assert (found.ratings, found.candidates[0].win_rate.prompts) == (15, 5)
    assert (found.prefix.comparisons, found.prefix.launched) == (9, 9)
    assert found.candidates[0].missing.unfinished == 12


def test_votes_given_here_make_a_closed_batch_end_where_nobody_was_seated(session: Session, folder: Path) -> None:
    batch = factories.launched(session, prompts=9)
    last = session.execute(
        select(Prompt.key).join(Comparison, Comparison.prompt_id == Prompt.id).where(Comparison.position == 8)
    ).scalar_one()
    (link,) = links.create_personal(session, batch.id, count=1, now=NOW)
    assignments.claim(session, visitors.visitor(session, link_id=link.id), now=NOW)
    assert bring(session, batch, folder, "rater,prompt,preference", f"Ada,{last},candidate") == 1
    batches.close(session, batch)
    session.expire_all()
    found = results.of_batch(session, batch.id, key="a key")
    assert (found.prefix.comparisons, found.prefix.votes_beyond) == (1, 1)


def pandalm(session: Session, items: list[dict[str, object]], folder: Path) -> int:
    """A study and a batch of one pair of systems with the votes of its three annotators; the batch's id."""
    baseline, candidate = str(items[0]["cmp_key"]).split("_")
    outputs = {
        baseline: [str(item["response1"]) for item in items],
        candidate: [str(item["response2"]) for item in items],
    }
    prompts = [f"{item['instruction']}\n\n{item['input']}" for item in items]
    batch = factories.launched(session, prompts=prompts, outputs=outputs, seats=3)
    rows = [
        {"rater": name, "prompt": f"p{number}", "preference": PANDALM[int(str(item[name]))]}
        for number, item in enumerate(items, start=1)
        for name in ("annotator1", "annotator2", "annotator3")
    ]
    assert bring(session, batch, folder, *map(json.dumps, rows)) == 3 * len(items)
    return batch.id


def test_real_votes_come_to_their_published_majorities(session: Session, folder: Path, shared_data: Path) -> None:
    by_pair: dict[str, list[dict[str, object]]] = defaultdict(list)
    for line in (shared_data / "pairwise-pandalm" / "items.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        by_pair[item["cmp_key"]].append(item)
    assert len(by_pair) == 5
    total: Counter[str] = Counter()
    for items in by_pair.values():
        batch = pandalm(session, items, folder)
        assert batches.progress(session, batch).is_complete
        whole = results.of_batch(session, batch, key="a key")
        (found,) = whole.candidates
        assert whole.position.effect.unknown == found.votes.total == 3 * len(items)
        assert found.raters == 3
        one = found.outcomes
        total.update(candidate=one.candidate, baseline=one.baseline, tie=one.tie, others=one.split + one.unfinished)
    assert total == {"candidate": 225, "baseline": 211, "tie": 48, "others": 0}
