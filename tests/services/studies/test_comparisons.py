"""Lists of comparisons under every filter, page by page in both directions, and one with everything that raters did."""

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.session import Database
from backend.db.studies import Prompt
from backend.errors import NotFound
from backend.services.pseudonyms import pseudonyms
from backend.services.results import codes
from backend.services.studies import batches, comparisons, endings, opened
from backend.services.studies.comparisons import Wanted
from backend.services.studies.endings import Outcome
from tests import factories, voted

OUTCOMES = [
    Outcome.CANDIDATE,
    Outcome.TIE,
    Outcome.BASELINE,
    Outcome.SPLIT,
    Outcome.UNFINISHED,
    Outcome.UNFINISHED,
    Outcome.UNJUDGEABLE,
]
VOTES = ["ccb", "tcx", "bbb", "ctb", "cc", "", ""]
TALLIES = [(2, 0, 1), (1, 2, 0), (0, 0, 3), (1, 1, 1), (2, 0, 0), (0, 0, 0), (0, 0, 0)]


@pytest.fixture
def batch_id(database: Database) -> int:
    """Seven comparisons, one of each fate and one more that nobody has seen."""
    with database.transaction() as session:
        batch = factories.launched(session, prompts=len(VOTES))
        for place, letters in enumerate(VOTES):
            voted.vote(session, batch, place, letters)
        voted.skip(session, batch, 6, times=3)
        return batch.id


def found(session: Session, batch_id: int, wanted: Wanted | None = None, **more: int) -> comparisons.Listing:
    return comparisons.listing(session, batches.get(session, batch_id), wanted or Wanted(), **more)


def places(listing: comparisons.Listing) -> list[int]:
    return [line.found.place for line in listing.lines]


def test_each_comparison_has_its_votes_and_its_fate(database: Database, batch_id: int) -> None:
    with database.reading() as session:
        listing = found(session, batch_id)
    assert [line.found.outcome for line in listing.lines] == OUTCOMES
    assert [line.found.votes for line in listing.lines] == TALLIES
    assert (listing.before, listing.after, listing.looked_until) == (None, None, None)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_each_fate_can_be_asked_for(database: Database, batch_id: int, outcome: Outcome) -> None:
    with database.reading() as session:
        listing = found(session, batch_id, Wanted(outcome=outcome))
    assert places(listing) == [place for place, one in enumerate(OUTCOMES) if one == outcome]


def test_fates_are_those_of_the_results(database: Database, batch_id: int) -> None:
    with database.reading() as session:
        batch = batches.get(session, batch_id)
        votes = endings.votes_between(session, comparisons.asked(batch, Wanted()), 1, 3)
        tallies, ends = endings.ended(votes, batch, unjudgeable=[2])
    assert tallies == {place: TALLIES[place] for place in (1, 2, 3)}
    assert ends == {1: Outcome.TIE, 3: Outcome.SPLIT}


def test_pages_lead_on_and_back_without_a_gap(database: Database, batch_id: int) -> None:
    with database.reading() as session:
        first = found(session, batch_id, size=3)
        second = found(session, batch_id, size=3, after=first.after)
        third = found(session, batch_id, size=3, after=second.after)
        back = found(session, batch_id, size=3, before=third.before)
        start = found(session, batch_id, size=3, before=back.before)
    assert [places(page) for page in (first, second, third)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert (third.after, places(back), places(start)) == (None, [3, 4, 5], [0, 1, 2])
    assert (start.before, start.after) == (None, 2)


def test_behind_the_end_there_is_a_way_back(database: Database, batch_id: int) -> None:
    with database.reading() as session:
        nothing = found(session, batch_id, after=6)
        back = found(session, batch_id, before=nothing.before)
        ahead = found(session, batch_id, before=0)
        on = found(session, batch_id, after=ahead.after)
    assert (places(nothing), places(back)) == ([], list(range(7)))
    assert (places(ahead), places(on)) == ([], list(range(7)))


def test_a_rare_wish_says_how_far_it_looked(database: Database, batch_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparisons, "MOST_LOOKED", 2)
    with database.reading() as session:
        listing = found(session, batch_id, Wanted(outcome=Outcome.SPLIT), size=1)
        further = found(session, batch_id, Wanted(outcome=Outcome.SPLIT), size=1, after=listing.after)
    assert (places(listing), listing.looked_until) == ([], 1)
    assert places(further) == [3]


def test_neighbours_keep_the_filter(database: Database, batch_id: int) -> None:
    with database.reading() as session:
        batch = batches.get(session, batch_id)
        assert comparisons.neighbours(session, batch, Wanted(), 3) == (2, 4)
        assert comparisons.neighbours(session, batch, Wanted(), 0) == (None, 1)
        assert comparisons.neighbours(session, batch, Wanted(outcome=Outcome.UNFINISHED), 5) == (4, None)


@pytest.fixture
def spoken(database: Database) -> int:
    """Two candidates on prompts that say something, in two categories."""
    asked = ["Why is 100% of it blue?", 'Say "Élan vital"', "A user asks", [{"role": "user", "text": "Old\tnews"}]]
    with database.transaction() as session:
        outputs = {name: [f"{name} {number}" for number in range(4)] for name in ("base", "one", "two")}
        batch = factories.launched(session, prompts=asked, outputs=outputs)
        session.execute(update(Prompt).where(Prompt.key == "p1").values(category="sky"))
        session.execute(update(Prompt).where(Prompt.key == "p2").values(category="life"))
        return batch.id


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("blue", {"p1"}),
        ("BLUE?", {"p1"}),
        ("100%", {"p1"}),
        ("élan", {"p2"}),
        ('"Élan', {"p2"}),
        ("user", {"p3"}),
        ("old\tnews", {"p4"}),
        ("_", set()),
        ("", {"p1", "p2", "p3", "p4"}),
    ],
)
def test_words_are_found_in_what_is_said_and_not_in_how_it_is_stored(
    database: Database, spoken: int, words: str, keys: set[str]
) -> None:
    with database.reading() as session:
        listing = found(session, spoken, Wanted(words=words))
    assert {line.key for line in listing.lines} == keys
    assert len(listing.lines) == 2 * len(keys)


def test_a_candidate_and_a_category_can_be_asked_for(database: Database, spoken: int) -> None:
    with database.reading() as session:
        batch = batches.get(session, spoken)
        assert comparisons.choices(session, batch) == (["one", "two"], ["life", "sky"])
        assert comparisons.count(session, batch) == 8
        listing = found(session, spoken, Wanted(candidate="two", category="sky"))
        (line,) = listing.lines
        assert (line.candidate, line.category, line.opening) == ("two", "sky", "Why is 100% of it blue?")
        assert comparisons.openings(session, batch, {line.found.place}) == {line.found.place: line.opening}


def test_a_long_prompt_is_cut_in_a_list() -> None:
    assert comparisons.opening("one\n two ") == "one two"
    assert comparisons.opening("a" * 500) == "a" * 159 + "…"


def opened_at(session: Session, batch: Batch, place: int) -> opened.Opened:
    return opened.at_place(session, batch, place, key="k")


def test_an_opened_comparison_holds_everything_that_raters_did(database: Database) -> None:
    with database.transaction() as session:
        batch = factories.launched(session, prompts=2)
        voted.vote(session, batch, 0, "cx", comment="Both <b>odd</b>", seconds=12.5)
        voted.sat_down(session, voted.at(session, batch, 0), 3)
        voted.skip(session, batch, 1)
    with database.reading() as session:
        one, other = opened_at(session, batch, 0), opened_at(session, batch, 1)
    assert (one.candidate, one.baseline) == (factories.CANDIDATE, factories.BASELINE)
    assert [text.split()[1] for text in one.texts] == ["lively", "sober"]
    assert [visit.preference for visit in one.visits] == ["candidate", "tie", None]
    assert [visit.choice for visit in one.visits][1:] == ["both_bad", None]
    assert [visit.seconds for visit in one.visits] == [12.5, 12.5, None]
    assert [visit.state for visit in one.visits] == ["rated", "rated", "held"]
    assert one.visits[0].comment == "Both <b>odd</b>"
    (skipped,) = other.visits
    assert (skipped.state, skipped.skip_reason, skipped.answers) == ("skipped", "unreadable", {})


def test_raters_are_known_by_pseudonym_and_code(database: Database, batch_id: int) -> None:
    with database.reading() as session:
        batch = batches.get(session, batch_id)
        known = codes.of_batch(session, batch_id, key="k")
        visits = [visit for place in range(7) for visit in opened_at(session, batch, place).visits]
    assert len(known) == len(visits) == 17
    assert all(known[visit.rater] == visit.code for visit in visits)
    assert set(known) == {pseudonyms("k", batch_id)[rater] for rater in range(1, 18)}


def test_there_is_no_comparison_beyond_the_last(database: Database, batch_id: int) -> None:
    with database.reading() as session, pytest.raises(NotFound, match="no comparison 7"):
        opened_at(session, batches.get(session, batch_id), 7)
