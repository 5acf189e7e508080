"""People's votes on some prompts with a judge's scores of all of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.comparisons import Comparison
from backend.db.session import Database
from backend.db.studies import Prompt
from backend.errors import Invalid
from backend.services.rating import collected
from backend.services.results import judged, results
from backend.services.results.judged import WithJudge
from backend.services.studies import launching
from backend.services.studies.files import Source
from tests import factories
from tests.factories import CANDIDATE, NOW


@dataclass(frozen=True)
class Desk:
    """A batch on six of twelve prompts, rated by six people three a prompt; and the keys inside and outside of it."""

    session: Session
    batch: Batch
    folder: Path
    inside: list[str]
    outside: list[str]

    def combine(self, *lines: str) -> list[WithJudge]:
        path = self.folder / "judge.csv"
        path.write_text("\n".join(lines) + "\n")
        return judged.combine(self.session, self.batch, Source(path, None, path.name), key="a key")


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    with database.transaction() as session:
        study = factories.study(session, prompts=12)
        batch = launching.launch(session, study, baseline=factories.BASELINE, seed=1, prompts=6, now=NOW)
        inside = list(
            session.scalars(
                select(Prompt.key)
                .join(Comparison, Comparison.prompt_id == Prompt.id)
                .where(Comparison.batch_id == batch.id)
                .order_by(Comparison.position)
            )
        )
        votes = tmp_path / "votes.csv"
        rows = [
            f"r{(number + rater) % 6},{key},{'candidate' if (number + rater) % 3 else 'baseline'}"
            for number, key in enumerate(inside)
            for rater in (0, 1, number % 2 + 2)
        ]
        votes.write_text("rater,prompt,preference\n" + "\n".join(rows))
        collected.import_ratings(session, batch, Source(votes, None, "votes.csv"), now=NOW)
        everything = session.scalars(select(Prompt.key)).all()
        yield Desk(session, batch, tmp_path, inside, [key for key in everything if key not in inside])


def scored(keys: list[str], score: float) -> list[str]:
    return [f"{key},{score}" for key in keys]


def test_a_judge_who_agrees_with_people_on_average_moves_the_mean_towards_the_other_prompts(desk: Desk) -> None:
    """By hand: PPI at full trust adds (judge elsewhere - judge here) = 1 - 1/2; tuned, a part of it."""
    here = [f"{key},{number % 2}" for number, key in enumerate(desk.inside)]
    (found,) = desk.combine("prompt,score", *here, *scored(desk.outside, 1.0))
    both = found.with_judge
    assert found.candidate == CANDIDATE
    assert (both.labelled, both.unlabelled) == (6, 6)
    assert found.votes.mean is not None
    assert both.mean == pytest.approx(found.votes.mean + both.tuning * 0.5)


def test_a_judge_who_says_the_same_of_everything_is_not_trusted(desk: Desk) -> None:
    (found,) = desk.combine("prompt,score", *scored([*desk.inside, *desk.outside], 0.5))
    assert found.with_judge.tuning == 0
    assert found.with_judge.mean == pytest.approx(found.votes.mean)


def test_both_orders_count_as_their_mean_and_preferences_as_scores(desk: Desk) -> None:
    keys = [*desk.inside, *desk.outside]
    lines = [f"{key},{preference}" for key in keys for preference in ("candidate", "baseline")]
    (found,) = desk.combine("prompt,preference", *lines)
    assert found == desk.combine("prompt,score", *scored(keys, 0.5))[0]


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("prompt,score", "p99,0.5", "judge.csv, line 2: prompt 'p99' is not in this study"),
        ("prompt,score", "p1,2", "line 2: score is 2; it must be between 0"),
        ("prompt,score", "p1,good", "line 2: score is 'good'; it must be a number"),
        ("prompt,score", "p1,", "line 2: needs a preference"),
        ("prompt,preference", "p1,both", "line 2: preference is 'both'"),
        ("prompt,candidate,score", "p1,somebody,1", "line 2: candidate 'somebody' is not in this batch"),
        ("nothing,score", "p1,1", "line 2: needs prompt"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_its_line(desk: Desk, header: str, row: str, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        desk.combine(header, row)


def test_a_rated_prompt_without_a_score_is_named(desk: Desk) -> None:
    with pytest.raises(Invalid, match=f"no score of {CANDIDATE} at prompt"):
        desk.combine("prompt,score", *scored(desk.outside, 0.5))


def test_a_judge_of_rated_prompts_alone_is_told_what_is_missing(desk: Desk) -> None:
    with pytest.raises(Invalid, match="launch the batch on a part of the prompts"):
        desk.combine("prompt,score", *scored(desk.inside, 0.5))


def test_with_two_candidates_each_row_names_one(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        outputs = {name: [f"{name} {number}" for number in range(3)] for name in ("base", "one", "two")}
        batch = factories.launched(session, outputs=outputs)
        path = tmp_path / "judge.csv"
        path.write_text("prompt,score\np1,1\n")
        with pytest.raises(Invalid, match="needs a candidate, since the batch has one, two"):
            judged.combine(session, batch, Source(path, None, path.name), key="a key")


def test_the_votes_are_those_that_the_results_rest_on(database: Database, tmp_path: Path) -> None:
    """Somebody who can't have read is left out of both, as declared, and with them a third of the votes."""
    hasty = {"kind": "too_fast", "limit": 600, "least": 3}
    with database.transaction() as session:
        study = factories.study(session, prompts=8, exclusions=[hasty])
        batch = launching.launch(session, study, baseline=factories.BASELINE, seed=1, prompts=4, now=NOW)
        launched = select(Prompt.key).join(Comparison, Comparison.prompt_id == Prompt.id)
        keys = session.scalars(launched.where(Comparison.batch_id == batch.id)).all()
        votes = tmp_path / "votes.csv"
        rows = [
            f"{rater},{key},{preference},{seconds}"
            for number, key in enumerate(keys)
            for rater, preference, seconds in (
                ("slow", "candidate", 60),
                ("slower", ("tie", "baseline")[number % 2], 90),
                ("hasty", "baseline", 0.001),
            )
        ]
        votes.write_text("rater,prompt,preference,seconds\n" + "\n".join(rows))
        collected.import_ratings(session, batch, Source(votes, None, "votes.csv"), now=NOW)
        scores = tmp_path / "judge.csv"
        scores.write_text("\n".join(["prompt,score", *scored(list(session.scalars(select(Prompt.key))), 0.5)]))
        (found,) = judged.combine(session, batch, Source(scores, None, scores.name), key="a key")
        (candidate,) = results.of_batch(session, batch.id, key="a key").candidates
    assert found.votes == candidate.win_rate
    assert found.votes.mean == pytest.approx((0.75 + 0.5) / 2)
    assert found.with_judge.mean == pytest.approx(found.votes.mean)
