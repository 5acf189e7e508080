"""Ratings from somebody else's file: it means what was chosen, under the rules of ratings given here."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.batches import Batch
from backend.db.comparisons import Seat
from backend.db.outputs import Output
from backend.db.raters import Rater
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.domain.choices import Choice
from backend.domain.mapping import ColumnMapping, OrderBy, to_toml
from backend.errors import Invalid
from backend.services.rating import bringing, collected, incoming
from backend.services.rating.bringing import Report
from backend.services.results import results
from backend.services.studies import batches
from backend.services.studies.files import Source
from tests import exports, factories
from tests.factories import BASELINE, CANDIDATE, NOW

RATERS = ("AAA", "ABB", "ACC")
SHOWN = {True: (BASELINE, CANDIDATE), False: (CANDIDATE, BASELINE)}


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def vote(rater: str, number: int, choice: str, *, flipped: bool = False, **others: str) -> dict[str, str]:
    """A row of batch results: who chose what of which prompt, and which of the two systems was A."""
    first, second = SHOWN[flipped]
    return {
        "WorkerId": rater,
        "Input.prompt_id": f"p{number}",
        "Input.model_a": first,
        "Input.model_b": second,
        "Answer.choice": choice,
    } | others


def bring(
    session: Session, batch: Batch, source: Source, *, panel: Source | None = None, leave_out: bool = False
) -> Report:
    """Import by the mapping that is proposed."""
    file = incoming.foreign(session, batch, source, panel=panel)
    mapping = incoming.leaving_out(file.proposal().mapping, leave_out=leave_out)
    return bringing.bring(session, batch, file, mapping, now=NOW)


def mturk(folder: Path, rows: Sequence[dict[str, str]], **how: str) -> Source:
    return exports.saved(folder, exports.mturk(rows), **how)


def votes_of(session: Session, batch: Batch) -> tuple[int, int, int]:
    """(for the candidate, ties, for the baseline)"""
    votes = results.of_batch(session, batch.id, key="a key").candidates[0].votes
    return votes.candidate, votes.tie, votes.baseline


def count(session: Session, mapped: type[Rating | Rater | Assignment]) -> int:
    return session.execute(select(func.count()).select_from(mapped)).scalar_one()


def test_votes_in_either_order_come_in_as_what_they_mean(session: Session, folder: Path) -> None:
    batch = factories.launched(session, prompts=2)
    rows = [vote(rater, 1, "A", flipped=False) for rater in RATERS] + [
        vote(rater, 2, "A", flipped=True) for rater in RATERS
    ]
    report = bring(session, batch, mturk(folder, rows))
    assert (report.ratings, report.raters, report.prompts) == (6, set(RATERS), {"p1", "p2"})
    assert votes_of(session, batch) == (3, 0, 3)
    assert Counter(session.scalars(select(Seat.flipped))) == {True: 3, False: 3}
    effect = results.of_batch(session, batch.id, key="a key").position.effect
    assert (effect.known, effect.first.mean) == (6, 1)


def test_three_different_votes_are_a_split_and_two_equal_ones_a_majority(session: Session, folder: Path) -> None:
    batch = factories.launched(session, prompts=3)
    rows = [vote(rater, 1, choice) for rater, choice in zip(RATERS, ("A", "B", "equal"), strict=True)]
    rows += [vote(rater, 2, choice) for rater, choice in zip(RATERS, ("equal", "B", "equal"), strict=True)]
    rows += [vote(rater, 3, choice, flipped=True) for rater, choice in zip(RATERS, ("B", "A", "B"), strict=True)]
    bring(session, batch, mturk(folder, rows))
    found = results.of_batch(session, batch.id, key="a key").candidates[0].outcomes
    assert (found.candidate, found.tie, found.baseline, found.split, found.unfinished) == (1, 1, 0, 1, 0)
    assert batches.progress(session, batch.id).is_complete


def test_outputs_tell_the_order_also_where_they_were_scrubbed_before_they_were_shown(
    session: Session, folder: Path
) -> None:
    outputs = {BASELINE: ["As a bot,\nI say no."], CANDIDATE: ["I say yes."]}
    study = factories.study(session, prompts=["Why\nnot?"], outputs=outputs)
    scrubbed = session.scalars(select(Output).where(Output.text.like("As a bot%"))).one()
    scrubbed.shown = "I say no."
    session.flush()
    batch = factories.launching.launch(session, study, baseline=BASELINE, seed=1, now=NOW)
    texts = {"Input.text1": "I say no.", "Input.text2": "I say yes.", "Input.prompt": "Why<br>not?"}
    report = bring(session, batch, mturk(folder, [{"WorkerId": "AAA", **texts, "Answer.better": "Text 2 is better"}]))
    assert [(one.candidate, one.flipped) for one in report.first] == [(CANDIDATE, True)]
    assert votes_of(session, batch) == (1, 0, 0)


def test_seconds_come_in_as_active_time(session: Session, folder: Path) -> None:
    bring(session, factories.launched(session), mturk(folder, [vote("AAA", 1, "A", WorkTimeInSeconds="47")]))
    assert session.execute(select(Rating.active_ms)).scalar_one() == 47_000


def test_rejected_work_is_kept_out_and_counted(session: Session, folder: Path) -> None:
    batch = factories.launched(session)
    rejected = vote("ABB", 1, "B", AssignmentStatus="Rejected")
    report = bring(
        session,
        batch,
        mturk(folder, [vote("AAA", 1, "A"), rejected, vote("ACC", 1, "A", AssignmentStatus="Submitted")]),
    )
    assert (report.ratings, report.kept_out) == (2, {"the status is Rejected": 1})
    assert votes_of(session, batch) == (2, 0, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_and_line_ends_within_cells_change_nothing(
    session: Session, folder: Path, encoding: str
) -> None:
    batch = factories.launched(session)
    rows = [vote(rater, 1, "A", **{"Answer.comment": 'a "quoted"\r\n\r\ncomment, é'}) for rater in RATERS]
    rows.append(vote("AAA", 9, "A"))
    with pytest.raises(
        Invalid, match=r"^Batch_1_results\.csv, line 11: prompt 'p9' is not in this batch\. Nothing was"
    ):
        bring(session, batch, mturk(folder, rows, encoding=encoding))
    assert bring(session, factories.launched(session), mturk(folder, rows[:3], encoding=encoding)).ratings == 3


def test_a_packed_file_is_read_as_well(session: Session, folder: Path) -> None:
    plain = mturk(folder, [vote("AAA", 1, "A")])
    packed = folder / "results.csv.gz"
    packed.write_bytes(gzip.compress(plain.path.read_bytes()))
    assert bring(session, factories.launched(session), Source(packed, None, packed.name)).ratings == 1


def test_an_assignment_that_stands_twice_counts_once(session: Session, folder: Path) -> None:
    batch = factories.launched(session)
    rows = [vote("AAA", 1, "A", AssignmentId="3AS"), vote("ABB", 1, "A"), vote("AAA", 1, "A", AssignmentId="3AS")]
    report = bring(session, batch, mturk(folder, rows))
    assert (report.ratings, report.kept_out) == (2, {"the assignment stands in the file before": 1})


def test_an_assignment_that_says_two_things_is_a_problem(session: Session, folder: Path) -> None:
    rows = [vote("AAA", 1, "A", AssignmentId="3AS"), vote("AAA", 1, "B", AssignmentId="3AS")]
    with pytest.raises(Invalid, match=r"line 3: assignment 3AS says other than in line 2\. Nothing was imported"):
        bring(session, factories.launched(session), mturk(folder, rows))


def test_an_assignment_may_hold_several_prompts(session: Session, folder: Path) -> None:
    rows = [vote("AAA", number, "A", AssignmentId="3AS") for number in (1, 2, 3)]
    assert bring(session, factories.launched(session), mturk(folder, rows)).ratings == 3


TROUBLED = [
    vote("AAA", 1, "A"),
    vote("AAA", 1, "B", flipped=True),
    vote("ABB", 9, "A"),
    vote("ABB", 1, ""),
    vote("ABB", 1, "A", **{"Input.model_a": "llama"}),
    *(vote(rater, 2, "A") for rater in (*RATERS, "ADD")),
]


def test_every_problem_is_counted_by_its_kind_with_its_lines(database: Database, folder: Path) -> None:
    with database.transaction() as session:
        batch = factories.launched(session)
    with database.rehearsal() as session:
        file = incoming.foreign(session, batch, mturk(folder, TROUBLED))
        report = bringing.take(session, batch, file, file.proposal().mapping, now=NOW)
    assert {kind: [(one.line, one.why) for one in ones] for kind, ones in report.problems.items()} == {
        "A rater meets a prompt once": [(3, "AAA has met prompt p1 already")],
        "The prompt is not in this batch": [(4, "prompt 'p9' is not in this batch")],
        "Nothing was chosen": [(5, "has no choice (Answer.choice)")],
        "A system is not in this batch": [(6, "system 'llama' is not in this batch")],
        "The batch has no place for it": [(10, "all 3 seats of prompt p2 are taken")],
    }
    assert (report.rows, report.ratings, report.troubles) == (9, 4, 5)
    with database.reading() as session:
        assert [count(session, mapped) for mapped in (Rating, Assignment, Rater)] == [0, 0, 0]


def test_one_problem_keeps_the_whole_file_out(database: Database, folder: Path) -> None:
    with database.transaction() as session:
        batch = factories.launched(session)
    with pytest.raises(
        Invalid, match=r"line 3: AAA has met prompt p1 already\. 4 more rows have problems\. Nothing was"
    ):
        bring_in_one_transaction(database, batch, mturk(folder, TROUBLED))
    with database.reading() as session:
        assert [count(session, mapped) for mapped in (Rating, Assignment, Rater)] == [0, 0, 0]


def bring_in_one_transaction(database: Database, batch: Batch, source: Source) -> None:
    with database.transaction() as session:
        bring(session, batch, source)


def test_rows_with_problems_can_be_left_out(session: Session, folder: Path) -> None:
    batch = factories.launched(session)
    report = bring(session, batch, mturk(folder, TROUBLED), leave_out=True)
    assert (report.ratings, report.troubles) == (4, 5)
    assert votes_of(session, batch) == (4, 0, 0)


def test_a_rater_who_was_imported_before_meets_no_prompt_again(session: Session, folder: Path) -> None:
    batch = factories.launched(session)
    bring(session, batch, mturk(folder, [vote("AAA", 1, "A")]))
    with pytest.raises(Invalid, match="line 2: AAA has met prompt p1 already"):
        bring(session, batch, mturk(folder, [vote("AAA", 1, "A")]))
    assert bring(session, batch, mturk(folder, [vote("AAA", 2, "A")])).ratings == 1
    assert count(session, Rater) == 1


def test_a_file_of_which_nothing_counts_is_no_import(session: Session, folder: Path) -> None:
    with pytest.raises(Invalid, match="holds no rating that counts"):
        bring(session, factories.launched(session), mturk(folder, [vote("AAA", 1, "A", AssignmentStatus="Rejected")]))


def test_extra_seats_open_where_the_first_three_differ(session: Session, folder: Path) -> None:
    batch = factories.launched(session, prompts=1, split_rule="extra")
    choices = ("A", "B", "equal", "A", "A")
    rows = [vote(f"A{number}", 1, choice) for number, choice in enumerate(choices)]
    assert bring(session, batch, mturk(folder, rows)).ratings == 5
    assert results.of_batch(session, batch.id, key="a key").candidates[0].outcomes.candidate == 1


def test_several_candidates_are_told_apart_by_the_pair(session: Session, folder: Path) -> None:
    systems = {name: [f"{name} says {number}" for number in range(2)] for name in ("base", "one", "two")}
    batch = factories.launched(session, prompts=2, outputs=systems)
    rows = [
        vote("AAA", 1, "A", **{"Input.model_a": "one", "Input.model_b": "base"}),
        vote("AAA", 2, "A", **{"Input.model_a": "base", "Input.model_b": "two"}),
    ]
    bring(session, batch, mturk(folder, rows))
    found = {one.name: one.votes for one in results.of_batch(session, batch.id, key="a key").candidates}
    assert (found["one"].candidate, found["two"].baseline) == (1, 1)


def test_systems_of_the_study_that_are_not_in_the_batch_are_no_candidates(session: Session, folder: Path) -> None:
    systems = {name: ["so", "so"] for name in ("base", "one", "two")}
    study = factories.study(session, prompts=2, outputs=systems)
    batch = factories.launching.launch(session, study, baseline="base", candidates=["one"], seed=1, now=NOW)
    assert incoming.known_of(session, batch).systems == ("base", "one")


SURVEY = [
    {"PROLIFIC_PID": name, "SESSION_ID": f"s-{name}", "prompt": f"p{number}", "preferred": CANDIDATE}
    for name in ("ann", "bob", "cy")
    for number in (1, 2)
]
PANEL = exports.prolific(
    ("s-ann", "ann", "APPROVED", "100"),
    ("s-bob", "bob", "REJECTED", "9"),
    ("s-cy", "cy", "AWAITING REVIEW", "60"),
    ("s-dee", "dee", "RETURNED", ""),
)


def test_a_panels_export_takes_rejected_people_out_and_gives_time(session: Session, folder: Path) -> None:
    panel = exports.saved(folder, PANEL, name="prolific_export.csv")
    report = bring(session, factories.launched(session), exports.saved(folder, SURVEY, name="survey.csv"), panel=panel)
    assert (report.ratings, report.raters) == (4, {"ann", "cy"})
    assert report.kept_out == {"the submission’s status is REJECTED": 2}
    assert sorted(session.scalars(select(Rating.active_ms))) == [30_000, 30_000, 50_000, 50_000]


def test_ratings_of_people_who_are_not_in_the_export_are_named(session: Session, folder: Path) -> None:
    panel = exports.saved(folder, PANEL[1:], name="prolific_export.csv")
    with pytest.raises(
        Invalid, match=r"survey\.csv, line 2: ann is not in prolific_export\.csv\. 1 more row has a problem"
    ):
        bring(session, factories.launched(session), exports.saved(folder, SURVEY, name="survey.csv"), panel=panel)


def test_a_file_that_is_no_export_of_submissions_is_told(session: Session, folder: Path) -> None:
    survey = exports.saved(folder, SURVEY, name="survey.csv")
    with pytest.raises(Invalid, match=r"^survey\.csv has no column Status.*Is it a panel’s export of submissions\?$"):
        incoming.foreign(session, factories.launched(session), survey, panel=survey)


def test_our_own_words_need_no_mapping_and_could_be_mapped_all_the_same(session: Session, folder: Path) -> None:
    rows = [
        {"rater": "Ada", "prompt": "p1", "choice": "second", "order": "baseline first", "seconds": "7"},
        {"rater": "Ben", "prompt": "p2", "choice": "tie", "order": "", "seconds": ""},
    ]
    ours = exports.saved(folder, rows, name="ours.csv")
    assert incoming.is_ours(ours)
    plain, mapped = factories.launched(session), factories.launched(session)
    assert collected.import_ratings(session, plain, ours, now=NOW) == bring(session, mapped, ours).ratings == 2
    assert votes_of(session, plain) == votes_of(session, mapped) == (1, 1, 0)


@pytest.mark.parametrize(
    "row",
    [
        {"rater": "a", "prompt": "p1", "choice": "A"},
        {"rater": "a", "prompt": "p1", "winner": "candidate"},
        {"WorkerId": "a", "prompt": "p1", "choice": "first"},
    ],
)
def test_other_words_are_not_ours(folder: Path, row: dict[str, str]) -> None:
    assert not incoming.is_ours(exports.saved(folder, [row]))


def test_a_mapping_is_read_from_toml_and_json(folder: Path) -> None:
    mapping = ColumnMapping(rater="r", prompt="p", choice="c", systems={"é": "x"})
    for name, written in (("m.toml", to_toml(mapping)), ("m.json", json.dumps(mapping.to_json()))):
        (folder / name).write_text(written, "utf-8")
        assert incoming.read_mapping(Source(folder / name, None, name)) == mapping


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("rater = ", r"is no TOML \(Invalid value"),
        ("{", r"is no JSON \(Expecting property name"),
        ('ratr = "x"', "has 'ratr', which is not one of"),
    ],
)
def test_a_file_that_is_no_mapping_is_told(folder: Path, written: str, why: str) -> None:
    (folder / "m.toml").write_text(written)
    with pytest.raises(Invalid, match=rf"^m\.toml {why}"):
        incoming.read_mapping(Source(folder / "m.toml", None, "m.toml"))


def test_a_mapping_must_fit_the_file(session: Session, folder: Path) -> None:
    batch = factories.launched(session)
    file = incoming.foreign(session, batch, mturk(folder, [vote("AAA", 1, "A")]))
    mapping = file.proposal().mapping
    with pytest.raises(Invalid, match=r"has no column 'Answer\.vote', which the mapping names"):
        bringing.bring(session, batch, file, replace(mapping, choice="Answer.vote"), now=NOW)
    with pytest.raises(Invalid, match=r"^Nothing says who rated\. .*: HITId, HITTypeId"):
        bringing.bring(session, batch, file, replace(mapping, rater=""), now=NOW)
    with pytest.raises(Invalid, match="chose 'A', a side, and the order is unknown"):
        bringing.bring(session, batch, file, replace(mapping, order=OrderBy.UNKNOWN), now=NOW)


def test_real_votes_in_the_shape_of_batch_results_come_to_their_published_majorities(
    session: Session, folder: Path, shared_data: Path
) -> None:
    """PandaLM's votes, as if Mechanical Turk had shown every second pair the other way round."""
    lines = (shared_data / "pairwise-pandalm" / "items.jsonl").read_text(encoding="utf-8").splitlines()
    items = [item for item in map(json.loads, lines) if item["cmp_key"] == "bloom-7b_opt-7b"]
    first, second = "bloom-7b", "opt-7b"
    texts = {first: [item["response1"] for item in items], second: [item["response2"] for item in items]}
    prompts = [f"{item['instruction']}\n\n{item['input']}" for item in items]
    batch = factories.launched(session, prompts=prompts, outputs=texts)
    rows = []
    for number, (item, prompt) in enumerate(zip(items, prompts, strict=True)):
        straight = (item["response1"], item["response2"])
        one, two = straight if number % 2 else straight[::-1]
        for rater in ("annotator1", "annotator2", "annotator3"):
            said = item[rater] if number % 2 or not item[rater] else 3 - item[rater]
            shown = {"Input.prompt": prompt, "Input.output_1": one, "Input.output_2": two}
            rows.append({"WorkerId": rater, **shown, "Answer.winner": ("equal", "1", "2")[said]})
    report = bring(session, batch, mturk(folder, rows))
    found = results.of_batch(session, batch.id, key="a key").candidates[0].outcomes
    majorities = Counter(
        Counter(item[f"annotator{number}"] for number in (1, 2, 3)).most_common(1)[0][0] for item in items
    )
    assert report.ratings == 3 * len(items)
    assert (found.candidate, found.tie, found.baseline, found.split) == (majorities[2], majorities[0], majorities[1], 0)


def test_the_choice_that_is_stored_is_what_was_clicked(session: Session, folder: Path) -> None:
    rows = [vote("AAA", 1, "B", flipped=True), vote("AAA", 2, "B"), vote("AAA", 3, "equal")]
    bring(session, factories.launched(session), mturk(folder, rows))
    assert Counter(session.scalars(select(Rating.choice))) == {Choice.SECOND: 2, Choice.TIE: 1}
