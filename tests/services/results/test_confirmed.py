"""What vendors confirmed, from a simulated Mechanical Turk to the results and the bundle, on both databases."""

from pathlib import Path

import pytest

from backend.db.batches import Batch
from backend.db.session import Database
from backend.domain.results.summary import Results
from backend.services.results import bundles, results
from backend.services.results.material import gather
from backend.services.results.verification import verify
from tests.system.test_crowd_reuse import ADA, BEN, EVE, Place, place

RULE = {"exclusions": [{"kind": "unconfirmed", "limit": 0.5, "least": 1}]}
KEY = "a key for tests"


def found(at: Place) -> Results:
    with at.on.database.reading() as session:
        return results.compute(gather(session, session.get_one(Batch, at.on.batch), key=KEY))


def forged(at: Place) -> None:
    """Two raters do their work, and a third one comes under an id that the vendor never gave."""
    for worker in (ADA, BEN):
        at.work(worker)
    at.begin(EVE, "3MADEUP")
    at.rate(EVE, "3MADEUP")


def test_a_forged_rater_is_left_out_where_that_was_declared(database: Database) -> None:
    with place(database, study=RULE) as at:
        forged(at)
        assert len(found(at).excluded) == 3  # until the vendor's list was read
        at.keep()
        (out,) = found(at).excluded
        assert (out.kind, out.found, out.observations, out.votes) == ("unconfirmed", 1.0, 1, 1)
        assert found(at).ratings == 2
        assert "came by a vendor that confirmed no submission for more than 50 %" in found(at).methods


def test_without_the_rule_every_rating_counts(database: Database) -> None:
    with place(database) as at:
        forged(at)
        at.keep()
        assert (found(at).excluded, found(at).ratings) == ((), 3)


def test_a_bundle_recomputes_who_was_left_out_and_tells_a_change(database: Database, tmp_path: Path) -> None:
    with place(database, study=RULE) as at:
        forged(at)
        at.keep()
        folder = tmp_path / "bundle"
        with database.reading() as session:
            bundles.export(session, at.on.batch, folder, key=KEY)
        assert verify(folder) == []
        counts = folder / "confirmed.csv"
        rows = counts.read_text().splitlines()
        assert sorted(row.partition(",")[2] for row in rows) == ["1,0", "1,0", "1,1", "rated,unconfirmed"]
        counts.write_text("\n".join(row.replace(",1,1", ",1,0") for row in rows) + "\n")
        told = [str(one) for one in verify(folder)]
        assert any("sha256 of confirmed.csv" in one for one in told)
        assert any("results.excluded" in one for one in told)


@pytest.mark.parametrize("study", [{}, {"exclusions": [{"kind": "one_sided", "limit": 0.9, "least": 20}]}])
def test_a_bundle_without_the_rule_says_nothing_of_it(
    database: Database, tmp_path: Path, study: dict[str, object]
) -> None:
    with place(database, study=study) as at:
        at.work(ADA)
        with database.reading() as session:
            files = bundles.export(session, at.on.batch, tmp_path / "bundle", key=KEY)
        assert "confirmed.csv" not in {file.name for file in files}
