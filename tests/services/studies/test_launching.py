"""Launching a batch and extending it."""

from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.batches import Batch, BatchState
from backend.db.comparisons import Comparison, Seat
from backend.db.session import Database
from backend.db.studies import Prompt, Study, StudyVersion
from backend.domain.settings import from_json
from backend.errors import Conflict, Invalid
from backend.services.studies import batches, launching, studies
from tests import factories
from tests.factories import BASELINE, CANDIDATE, NOW


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


def systems(*names: str, prompts: int = 3) -> dict[str, list[str]]:
    return {name: [f"{name} says {number}" for number in range(prompts)] for name in names}


def launch(session: Session, study: Study, **more: object) -> Batch:
    return launching.launch(session, study, **{"baseline": BASELINE, "seed": 1, "now": NOW, **more})


def version_of(session: Session, batch: Batch) -> StudyVersion:
    return session.get_one(StudyVersion, batch.version_id)


def placed(session: Session, batch: Batch) -> list[tuple[int, int, int]]:
    """(position, candidate, prompt) of every comparison."""
    rows = session.execute(
        select(Comparison.position, Comparison.candidate_id, Comparison.prompt_id)
        .where(Comparison.batch_id == batch.id)
        .order_by(Comparison.position)
    )
    return [(position, candidate, prompt) for position, candidate, prompt in rows]


def leanings(session: Session, batch: Batch) -> Counter[int]:
    """candidate -> (seats with it second) - (seats with it first)."""
    rows = session.execute(
        select(Comparison.candidate_id, Seat.flipped)
        .join(Seat, Seat.comparison_id == Comparison.id)
        .where(Comparison.batch_id == batch.id)
    )
    total: Counter[int] = Counter()
    for candidate, flipped in rows:
        total[candidate] += 1 if flipped else -1
    return total


def test_a_launch_seats_every_candidate_at_every_prompt(session: Session) -> None:
    study = factories.study(session, outputs=systems("base", "one", "two"))
    batch = launch(session, study, baseline="base")
    rows = placed(session, batch)
    assert [position for position, _, _ in rows] == list(range(6))
    assert sorted(Counter(candidate for _, candidate, _ in rows).values()) == [3, 3]
    assert session.execute(select(func.count()).select_from(Seat)).scalar_one() == 18


def test_a_launch_takes_its_rules_from_the_settings(session: Session) -> None:
    batch = factories.launched(session, seats=5, session_size=7, rater_cap=9, lease_minutes=4)
    assert (batch.seats, batch.session_size, batch.rater_cap, batch.lease_seconds) == (5, 7, 9, 240)
    assert batch.state == BatchState.OPEN


def test_the_same_seed_gives_the_same_launch(session: Session) -> None:
    study = factories.study(session, prompts=12)
    one, same, other = (placed(session, launch(session, study, seed=seed)) for seed in (7, 7, 8))
    assert one == same != other


def test_a_launch_can_be_of_some_candidates_and_prompts(session: Session) -> None:
    study = factories.study(session, prompts=5, outputs=systems("base", "one", "two", prompts=5))
    batch = launch(session, study, baseline="base", candidates=["two"], prompts=2)
    rows = placed(session, batch)
    assert len(rows) == 2
    assert {candidate for _, candidate, _ in rows} == {batches.systems_of(session, study.id)["two"]}


def test_prompts_that_one_side_did_not_answer_are_left_out(session: Session) -> None:
    study = factories.study(session, prompts=2, outputs=systems("base", "one", prompts=2))
    prompts = session.scalars(select(Prompt).order_by(Prompt.id)).all()
    factories.add_system(session, study.id, "half", prompts[:1], ["Only the first."])
    batch = launch(session, study, baseline="base")
    assert len(placed(session, batch)) == 3


def test_a_launch_freezes_the_settings_by_their_hash(session: Session) -> None:
    study = factories.study(session, seats=3)
    frozen = version_of(session, launch(session, study))
    assert frozen.number == 1
    assert frozen.settings_hash == from_json(study.settings).content_hash == from_json(frozen.settings).content_hash


def test_the_same_settings_are_the_same_version(session: Session) -> None:
    study = factories.study(session)
    first, second = launch(session, study), launch(session, study, seed=2)
    assert first.version_id == second.version_id
    assert len(studies.versions(session, study.id)) == 1


def test_changed_settings_are_the_next_version_and_the_first_stays(session: Session) -> None:
    study = factories.study(session, seats=3)
    first = launch(session, study)
    studies.change_settings(session, study, factories.settings(seats=5))
    second = launch(session, study)
    assert [version.number for version in studies.versions(session, study.id)] == [1, 2]
    assert (first.seats, second.seats) == (3, 5)
    assert (batches.settings_of(session, first).seats, batches.settings_of(session, second).seats) == (3, 5)


def test_settings_changed_back_are_the_first_version_again(session: Session) -> None:
    study = factories.study(session, seats=3)
    first = launch(session, study)
    studies.change_settings(session, study, factories.settings(seats=5))
    launch(session, study)
    studies.change_settings(session, study, factories.settings(seats=3))
    assert launch(session, study).version_id == first.version_id


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"baseline": "nobody"}, f"no system called 'nobody'.*{CANDIDATE}, {BASELINE}"),
        ({"candidates": ["nobody"]}, "no system called 'nobody'"),
        ({"candidates": [BASELINE]}, "is the baseline"),
        ({"prompts": 0}, "at least 1"),
    ],
)
def test_a_launch_that_makes_no_sense_says_why(session: Session, wrong: dict[str, object], why: str) -> None:
    study = factories.study(session)
    with pytest.raises(Invalid, match=why):
        launch(session, study, **wrong)


def test_a_baseline_alone_can_not_be_launched(session: Session) -> None:
    study = factories.study(session, outputs=systems("base"))
    with pytest.raises(Invalid, match=r"only base has outputs\. Generate another's"):
        launch(session, study, baseline="base")


def test_systems_without_a_common_prompt_can_not_be_launched(session: Session) -> None:
    study = factories.study(session, prompts=2, outputs={})
    first, second = session.scalars(select(Prompt).order_by(Prompt.id))
    factories.add_system(session, study.id, "base", [first], ["One."])
    factories.add_system(session, study.id, "other", [second], ["Two."])
    with pytest.raises(Invalid, match="nothing to compare"):
        launch(session, study, baseline="base")


def test_an_extension_goes_on_in_positions_and_balance(session: Session) -> None:
    study = factories.study(session, prompts=11, outputs=systems("base", "one", "two", prompts=11), seats=3)
    batch = launch(session, study, baseline="base", prompts=3)
    assert launching.prompts_left(session, batch) == 8
    for prompts, added in ((1, 2), (4, 8), (None, 6)):
        before = placed(session, batch)
        assert launching.extend(session, batch, prompts=prompts) == added
        after = placed(session, batch)
        assert after[: len(before)] == before
        assert [position for position, _, _ in after] == list(range(len(after)))
        leans = leanings(session, batch)
        assert all(abs(lean) <= 1 for lean in leans.values())
        assert abs(sum(leans.values())) <= 1
    assert len({(candidate, prompt) for _, candidate, prompt in placed(session, batch)}) == 22
    assert launching.prompts_left(session, batch) == 0
    with pytest.raises(Invalid, match="no prompt is left"):
        launching.extend(session, batch)


def test_an_extension_draws_the_prompts_that_a_longer_launch_would_have(session: Session) -> None:
    study = factories.study(session, prompts=9)
    short, long = launch(session, study, prompts=2), launch(session, study, prompts=6)
    launching.extend(session, short, prompts=4)
    assert {prompt for _, _, prompt in placed(session, short)} == {prompt for _, _, prompt in placed(session, long)}


def test_an_extension_is_for_the_batchs_own_candidates(session: Session) -> None:
    study = factories.study(session, outputs=systems("base", "one", "two"))
    batch = launch(session, study, baseline="base", candidates=["one"], prompts=1)
    launching.extend(session, batch)
    assert {candidate for _, candidate, _ in placed(session, batch)} == {batches.systems_of(session, study.id)["one"]}


def test_a_paused_batch_can_be_extended_and_a_closed_one_not(session: Session) -> None:
    batch = launch(session, factories.study(session), prompts=1)
    batches.pause(session, batch)
    assert launching.extend(session, batch, prompts=1) == 1
    batches.close(session, batch)
    with pytest.raises(Conflict, match="closed batch can't be extended"):
        launching.extend(session, batch)
