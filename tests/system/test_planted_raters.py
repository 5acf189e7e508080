"""Raters who were planted among honest ones are named on the results page, with the evidence; the honest are not."""

import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from backend.db.migrate import upgrade
from backend.db.raters import Rater
from backend.db.session import Database
from backend.domain.statistics.flag_rates import CLICKER, COPYCAT, HASTY, ONE_SIDED, OTHER_CLICKER, Design, simulated
from backend.services.pseudonyms import pseudonyms
from backend.services.rating import collected
from backend.services.studies.files import Source
from backend.web.app import create_app
from tests import factories

PREFERENCES = {1: "candidate", 0: "tie", -1: "baseline"}
DESIGN = Design(prompts=700, planted=True, position_bias=0.75)
EVIDENCE = {
    ONE_SIDED: "Chose the first output in",
    CLICKER: "beyond chance, where the median rater has",
    OTHER_CLICKER: "beyond chance, where the median rater has",
    COPYCAT: "Voted like",
    HASTY: "Faster than both outputs can be read in",
}


def votes_file(folder: Path, random: np.random.Generator) -> tuple[Path, list[int]]:
    """(the votes of a simulated study as a file to import, the words of both outputs at each prompt)."""
    votes, words = simulated(random, DESIGN)
    of_prompt = np.zeros(int(votes.prompt.max()) + 1, dtype=np.int64)
    of_prompt[votes.prompt] = words.astype(np.int64)
    rows = [
        f"r{rater},p{prompt + 1},{PREFERENCES[preference]},{'baseline' if flipped else 'candidate'} first,{seconds:.3f}"
        for rater, prompt, preference, flipped, seconds in zip(
            *(column.tolist() for column in (votes.rater, votes.prompt, votes.preference, votes.flipped)),
            votes.seconds.tolist(),
            strict=True,
        )
    ]
    path = folder / "votes.csv"
    path.write_text("\n".join(["rater,prompt,preference,order,seconds", *rows]))
    return path, of_prompt.tolist()


@pytest.mark.long
def test_planted_raters_are_named_with_their_evidence_and_honest_ones_are_not(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'assay.db'}")
    upgrade(database)
    path, words = votes_file(tmp_path, np.random.default_rng(3))
    house = factories.house(database)
    with database.transaction() as session:
        halves = [("word " * (count // 2), "word " * (count - count // 2)) for count in words]
        outputs = {"base": [one for one, _ in halves], "tuned": [other for _, other in halves]}
        batch = factories.launched(session, prompts=len(words), outputs=outputs)
        collected.import_ratings(session, batch, Source(path, None, path.name), now=factories.NOW)
        names = pseudonyms(house.tokens.secret_key, batch.id)
        raters = {
            int(external.rpartition("/r")[2]): names[number]
            for number, external in session.execute(select(Rater.id, Rater.external_id))
        }
    client = TestClient(create_app(house.settings, database))
    client.get(f"/enter/{house.tokens.sign('researcher', 1)}")
    html = client.get(f"/batches/{batch.id}/results").text
    flagged = re.findall(r"<li[^>]*>(?:(?!</li>).)*</li>", html[html.index('id="raters"') :], re.S)
    told = {
        name: unescape(re.sub(r"<[^>]+>", " ", item)) for name in raters.values() for item in flagged if name in item
    }
    for rater, evidence in EVIDENCE.items():
        assert evidence in told[raters[rater]]
    honest = [name for rater, name in raters.items() if rater > HASTY]
    assert len(honest) == 34
    assert sum(name in told for name in honest) <= 1
