"""What most raters prefer between two systems, from every batch that may be seen."""

from backend.db.session import Database
from backend.db.studies import Study
from backend.domain.choices import Preference
from backend.services.studies import batches, launching, majorities
from backend.services.studies.majorities import Majorities
from tests import factories, voted
from tests.factories import BASELINE, CANDIDATE, NOW


def found(database: Database, study_id: int, *, candidate: str, baseline: str) -> tuple[Majorities, dict[int, str]]:
    with database.reading() as session:
        known = batches.systems_of(session, study_id)
        made = majorities.between(session, study_id, candidate_id=known[candidate], baseline_id=known[baseline])
    return made, {prompt: str(one.preference) for prompt, one in made.by_prompt.items()}


def test_majorities_are_turned_to_whom_the_judge_calls_its_candidate(database: Database) -> None:
    with database.transaction() as session:
        batch = factories.launched(session)
        for place, letters in enumerate(["ccb", "ttb", "ctb"]):
            voted.vote(session, batch, place, letters)
        order = [voted.at(session, batch, place).prompt_id for place in range(3)]
    straight, said = found(database, batch.study_id, candidate=CANDIDATE, baseline=BASELINE)
    assert said == {order[0]: Preference.CANDIDATE, order[1]: Preference.TIE}, "a split has no majority"
    assert (straight.batches, straight.sealed) == ((batch.id,), ())
    _, said = found(database, batch.study_id, candidate=BASELINE, baseline=CANDIDATE)
    assert said == {order[0]: Preference.BASELINE, order[1]: Preference.TIE}


def test_a_newer_batch_is_believed_and_an_unfinished_comparison_of_it_changes_nothing(database: Database) -> None:
    with database.transaction() as session:
        first = factories.launched(session)
        study = batches.get(session, first.id).study_id
        for place in range(3):
            voted.vote(session, first, place, "ccc")
        again = launching.launch(session, session.get_one(Study, study), baseline=BASELINE, seed=2, now=NOW)
        voted.vote(session, again, 0, "bbb")
        voted.vote(session, again, 1, "b")
        changed = voted.at(session, again, 0).prompt_id
    made, said = found(database, study, candidate=CANDIDATE, baseline=BASELINE)
    assert {prompt for prompt, one in said.items() if one == Preference.BASELINE} == {changed}
    assert made.by_prompt[changed].batch_id == again.id
    assert made.batches == (first.id, again.id)


def test_a_sealed_batch_says_nothing_until_it_has_ended(database: Database) -> None:
    with database.transaction() as session:
        batch = factories.launched(session, analysis={"sealed": True})
        voted.vote(session, batch, 0, "ccc")
    made, said = found(database, batch.study_id, candidate=CANDIDATE, baseline=BASELINE)
    assert (said, made.batches, made.sealed) == ({}, (), (batch.id,))
    with database.transaction() as session:
        batches.close(session, batches.get(session, batch.id))
    assert len(found(database, batch.study_id, candidate=CANDIDATE, baseline=BASELINE)[1]) == 1


def test_batches_of_other_systems_are_none_of_these(database: Database) -> None:
    with database.transaction() as session:
        outputs = {"base": ["a"] * 2, "one": ["b"] * 2, "two": ["c"] * 2}
        batch = factories.launched(session, prompts=2, outputs=outputs)
        for place in range(4):
            voted.vote(session, batch, place, "ccc")
    assert found(database, batch.study_id, candidate="one", baseline="two")[1] == {}
    assert len(found(database, batch.study_id, candidate="two", baseline="base")[1]) == 2
