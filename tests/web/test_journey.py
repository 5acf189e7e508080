"""A rater's way over HTTP, on both databases: each step, each end, handing over, their own work and address."""

import re

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from backend.db.batches import Batch
from backend.db.journeys import Completion, Consent, EntryTest, Practice
from backend.db.raters import Channel, Link
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.db.submissions import Appeal
from backend.services.rating import listed
from backend.services.studies import batches, launching
from backend.web.app import create_app
from tests import factories, ways
from tests.ways import FAILING, JOURNEY, PASSING
from tests.web.test_rating import assignment_in

FACTS = (Consent, Practice, EntryTest, Completion, Rating, Appeal)


class Way:
    """A server, a batch with a journey, and its raters' addresses."""

    def __init__(self, database: Database, channel: str = Channel.PROLIFIC, raters: int = 1, **options: object) -> None:
        self.database, self.house = database, factories.house(database)
        with database.transaction() as session:
            self.batch: Batch = factories.launched(session, **{"journey": JOURNEY, **options})
            ways.channel(session, self.batch, channel)
            self.links = [
                ways.rater(session, self.batch, channel, external_id=f"id-{number}") for number in range(raters)
            ]
        self.paths = [f"/r/{self.house.tokens.sign('link', link)}" for link in self.links]
        self.path = self.paths[0]
        self.client = self.device()

    def device(self) -> TestClient:
        """Another browser, which knows nothing."""
        return TestClient(create_app(self.house.settings, self.database))

    def page(self, query: str = "") -> str:
        return self.client.get(f"{self.path}{query}").text

    def post(self, act: str, **form: object):
        return self.client.post(f"{self.path}/{act}", data=form)

    def through(self, replies: tuple[str, str] = PASSING) -> str:
        self.post("consent", agreed="yes")
        for number in range(2):
            self.post("practice", exercise=number, choice="first")
        return self.post("test", active_ms="9000", **answers(replies)).text

    def rate(self, times: int = 1) -> str:
        for _ in range(times):
            assignment = assignment_in(self.page()) or assignment_in(self.post("next").text)
            text = self.post("ratings", assignment=assignment, choice="first", active_ms="61000").text
        return text

    def counts(self) -> list[int]:
        """How many rows there are of each fact."""
        with self.database.reading() as session:
            return [session.execute(select(func.count()).select_from(table)).scalar_one() for table in FACTS]


def answers(replies: tuple[str, ...]) -> dict[str, object]:
    return {f"choice.{number}": reply for number, reply in enumerate(replies)}


def words(html: str) -> str:
    """What a page says, its white space folded."""
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def heading(html: str) -> str:
    return re.search(r"<h1[^>]*>([^<]+)</h1>", html)[1]


def test_a_rater_goes_page_by_page_from_consent_to_the_task(database: Database) -> None:
    way = Way(database)
    seen = [heading(way.page()), heading(way.post("consent", agreed="yes").text)]
    seen.append(heading(way.post("practice", exercise=0, choice="second").text))
    seen += [heading(way.page()), heading(way.post("practice", exercise=1, choice="tie").text), heading(way.page())]
    seen.append(heading(way.post("test", **answers(PASSING)).text))
    assert seen == [
        "Before you begin",
        "Practice 1 of 2: Which response is better?",
        "We expect another answer here",
        "Practice 2 of 2: Which response is better?",
        "Yes: that is what we expect",
        "Entry test: Which response is better?",
        "Which response is better?",
    ]
    assert "You have passed the entry test. From now on, what you press counts." in way.page()
    assert assignment_in(way.post("next").text)
    assert way.counts()[:5] == [1, 2, 1, 0, 0]


def test_what_a_comparison_pays_is_said_before_anybody_agrees_or_starts(database: Database) -> None:
    way = Way(database)
    said = (
        "Each comparison pays $0.25. Where your time would earn less than $15.00 an hour, a top-up is added at the end."
    )
    assert said in words(way.page())
    assert said in words(way.through())


def test_in_the_test_prompts_and_outputs_are_parts_of_their_exercise(database: Database) -> None:
    way = Way(database)
    way.post("consent", agreed="yes")
    for number in range(2):
        way.post("practice", exercise=number, choice="first")
    assert re.findall(r"<(h[1-6])", way.page()) == ["h1", *["h2", "h3", "h3", "h3"] * 2]


def test_looking_at_a_step_stores_nothing(database: Database) -> None:
    way = Way(database)
    for query in ("", "?practised=0", "?practised=99", "?none_left=1", "/work", "/address"):
        assert way.client.get(f"{way.path}{query}").status_code == 200
    assert way.counts() == [0] * len(FACTS)
    assert heading(way.page("?practised=0")) == "Before you begin"


def test_no_seat_is_given_before_the_way_is_gone(database: Database) -> None:
    way = Way(database)
    for act, form in (("consent", {"agreed": "yes"}), ("practice", {"exercise": 0, "choice": "tie"})):
        assert assignment_in(way.post("next").text) == ""
        way.post(act, **form)
    assert heading(way.post("next").text) == "Practice 2 of 2: Which response is better?"


def test_feedback_says_what_was_pressed_what_is_expected_and_why(database: Database) -> None:
    way = Way(database)
    way.post("consent", agreed="yes")
    html = way.post("practice", exercise=0, choice="cant_judge").text
    assert "You pressed <strong>I can’t judge this</strong>. We expect <strong>Output 1 is better</strong>." in html
    assert "Right beats fluent." in html
    again = way.post("practice", exercise=0, choice="first").text
    assert "You pressed <strong>I can’t judge this</strong>" in again
    assert way.counts()[1] == 1


def test_whoever_goes_on_elsewhere_is_where_they_were(database: Database) -> None:
    way = Way(database)
    way.post("consent", agreed="yes")
    way.post("practice", exercise=0, choice="first")
    shown = re.search(r'id="own-address">([^<]+)<', way.client.get(f"{way.path}/address").text)[1]
    assert shown == f"http://testserver{way.path}"
    assert heading(way.device().get(shown).text) == "Practice 2 of 2: Which response is better?"


def test_the_own_address_is_the_public_one_where_that_is_set(database: Database) -> None:
    way = Way(database)
    public = way.house.settings.model_copy(update={"public_url": "https://rate.example.org/"})
    html = TestClient(create_app(public, database)).get(f"{way.path}/address").text
    assert f"https://rate.example.org{way.path}<" in html


def test_a_no_is_an_end_with_its_own_code(database: Database) -> None:
    way = Way(database)
    html = way.post("consent", agreed="no").text
    assert heading(html) == "That is all right"
    assert "NOCON" in html
    assert "https://app.prolific.com/submissions/complete?cc=NOCON" in html
    assert heading(way.post("consent", agreed="yes").text) == "That is all right"
    assert assignment_in(way.post("next").text) == ""


def test_who_fails_the_test_is_thanked_and_told_that_it_is_paid(database: Database) -> None:
    way = Way(database)
    html = way.through(FAILING)
    assert heading(html) == "Thank you for taking the test"
    assert "the test is paid" in html
    assert "$0.50" in html, "two exercises, each worth a comparison"
    assert "complete?cc=SCREEN" in html
    assert heading(way.post("test", **answers(PASSING)).text) == "Thank you for taking the test"
    assert way.counts()[2:4] == [1, 1]
    with database.reading() as session:
        assert session.scalars(select(EntryTest.active_ms)).one() == 9_000


def test_who_is_paid_nothing_is_promised_nothing(database: Database) -> None:
    way = Way(database)
    with database.transaction() as session:
        batch = factories.launched(session, journey=JOURNEY)
        (way.path,) = factories.rater_paths(session, way.house, batch)
    assert "paid" not in way.through(FAILING)
    assert "earned" not in way.client.get(f"{way.path}/work").text


def test_what_is_no_reply_is_refused_in_a_sentence(database: Database) -> None:
    way = Way(database)
    for act, form in (
        ("consent", {"agreed": "maybe"}),
        ("practice", {"exercise": 0, "choice": "third"}),
        ("practice", {"exercise": "x", "choice": "first"}),
        ("test", {"choice.0": "first"}),
        ("test", {"choice.0": "third", "choice.1": "first"}),
        ("appeals", {"text": " "}),
    ):
        assert way.post(act, **form).status_code == 422, act
    assert way.post("practice", exercise=0, choice="first").status_code == 409
    assert way.post("completion").status_code == 409
    assert way.counts() == [0] * len(FACTS)


def test_another_site_takes_no_step_for_anybody(database: Database) -> None:
    way = Way(database)
    for act in ("consent", "practice", "test", "completion", "appeals"):
        answer = way.client.post(f"{way.path}/{act}", headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
    assert way.counts() == [0] * len(FACTS)


def test_a_finished_rater_gets_the_code_and_keeps_it(database: Database) -> None:
    way = Way(database, prompts=1, seats=1)
    way.through()
    html = way.rate()
    assert heading(html) == "Thank you, you are done"
    for page in (html, way.page(), way.device().get(way.path).text):
        assert "DONE1" in page
        assert 'href="https://app.prolific.com/submissions/complete?cc=DONE1"' in page
    assert heading(way.page()) == "Thank you, you are done"
    assert way.counts()[3] == 1


def test_finished_is_unsaid_when_more_comes_and_the_code_stays(database: Database) -> None:
    way = Way(database, prompts=2, seats=1)
    with database.transaction() as session:
        batch = launching.launch(
            session, factories.study(session, prompts=4, journey={}), baseline=factories.BASELINE, seed=1,
            now=factories.NOW, prompts=1,
        )  # fmt: skip
        ways.channel(session, batch, Channel.PROLIFIC)
        link = ways.rater(session, batch, Channel.PROLIFIC, external_id="more")
    way.path = f"/r/{way.house.tokens.sign('link', link)}"
    assert heading(way.rate()) == "Thank you, you are done"
    with database.transaction() as session:
        launching.extend(session, session.get_one(Batch, batch.id))
    html = way.page()
    assert heading(html) == "Welcome back"
    assert "DONE1" in html
    assert assignment_in(way.post("next").text)


def test_a_rater_may_finish_at_a_pause_and_hand_over(database: Database) -> None:
    way = Way(database, session_size=1)
    way.through()
    assert "Finish here" in way.rate()
    html = way.post("completion").text
    assert "Finish here" not in html
    assert "DONE1" in html
    assert heading(html) != "Thank you, you are done", "a seat could still come"


def test_who_waits_for_others_may_finish_and_is_not_told_that_they_are_done(database: Database) -> None:
    way = Way(database, raters=2, prompts=2, seats=1, journey={})
    way.client.post(f"{way.paths[1]}/next")
    html = way.rate()
    assert heading(html) == "Nothing left for you right now"
    assert "Finish here" in html
    assert "DONE1" not in html


@pytest.mark.parametrize("act", [batches.close, batches.pause])
def test_whoever_has_worked_can_hand_over_when_a_batch_stops(database: Database, act) -> None:
    way = Way(database, session_size=1, journey={})
    way.rate()
    with database.transaction() as session:
        act(session, session.get_one(Batch, way.batch.id))
    assert "Finish here" in way.page()
    assert "DONE1" in way.post("completion").text


def test_who_withdraws_is_paid_for_what_they_did(database: Database) -> None:
    way = Way(database, session_size=1, journey={})
    way.rate()
    html = way.post("withdrawal").text
    assert heading(html) == "You have withdrawn"
    assert "$0.25" in html
    assert "DONE1" in way.post("completion").text


def test_a_rater_may_withdraw_before_the_task(database: Database) -> None:
    way = Way(database)
    way.post("consent", agreed="yes")
    assert heading(way.post("withdrawal").text) == "You have withdrawn"
    assert heading(way.page()) == "You have withdrawn"


def test_earnings_stand_beside_the_count_where_the_channel_pays(database: Database) -> None:
    way = Way(database, prompts=4, journey={})
    assert "2 of up to 4<span data-time></span> · $0.25 so far" in way.rate()
    with database.transaction() as session:
        plain = factories.launched(session, prompts=2)
        (way.path,) = factories.rater_paths(session, way.house, plain)
    assert "Each comparison pays" not in way.page()
    assert "so far" not in way.rate()


def test_own_work_shows_receipts_answers_times_and_pay(database: Database) -> None:
    way = Way(database, prompts=3, journey={})
    way.rate(2)
    html = way.client.get(f"{way.path}/work").text
    with database.reading() as session:
        receipts = session.scalars(select(Rating.receipt)).all()
    assert all(receipt in html for receipt in receipts)
    assert html.count("Output 1 is better") == 2
    assert html.count(">1:01<") == 2
    assert html.count('$0.25 <span class="muted">not booked yet</span>') == 2
    assert not re.search(r"Question \d", html), "a repeat could be looked up"
    way.post("withdrawal")
    assert len(re.findall(r"Question \d", way.client.get(f"{way.path}/work").text)) == 2


def test_own_work_adds_up_before_anything_is_booked(database: Database) -> None:
    way = Way(database)
    way.through()
    way.rate()
    said = words(way.client.get(f"{way.path}/work").text)
    assert "earned $0.75 so far" in said
    assert "Entry test: $0.50 not booked yet" in said
    assert said.count("$0.25 not booked yet") == 1
    assert "less than $15.00 an hour" in said


def test_the_prompts_of_own_work_wait_until_no_more_work_can_come(database: Database) -> None:
    way = Way(database, prompts=2, journey={}, session_size=1)

    def shown() -> int:
        return len(re.findall(r"Question \d", way.client.get(f"{way.path}/work").text))

    way.rate()
    way.post("completion")
    assert "DONE1" in way.page()
    assert shown() == 0, "they have handed over, but may go on"
    with database.transaction() as session:
        batches.pause(session, session.get_one(Batch, way.batch.id))
    assert shown() == 0, "a pause ends"
    with database.transaction() as session:
        batches.resume(session, session.get_one(Batch, way.batch.id))
    way.post("next")
    way.rate()
    assert shown() == 2, "every prompt was met"


def test_with_checks_the_prompts_of_own_work_wait_for_the_end_of_the_batch(database: Database) -> None:
    way = Way(database, prompts=1, journey={}, checks={"repeat": 0.05})
    way.rate()
    assert not re.search(r"Question \d", way.client.get(f"{way.path}/work").text)
    with database.transaction() as session:
        batches.close(session, session.get_one(Batch, way.batch.id))
    assert re.search(r"Question \d", way.client.get(f"{way.path}/work").text)


def test_an_appeal_is_sent_and_its_answer_stands_on_the_same_page(database: Database) -> None:
    way = Way(database)
    for _ in range(2):
        html = way.post("appeals", text="<b>I read everything.</b>").text
    assert "&lt;b&gt;I read everything." in html
    assert "The answer will stand here" in html
    with database.transaction() as session:
        appeal = session.scalars(select(Appeal)).one()
        appeal.answer, appeal.answered_at = "You are right.", factories.NOW
    assert "You are right." in way.client.get(f"{way.path}/work").text


def test_who_is_turned_away_is_told_why(database: Database) -> None:
    way = Way(database, qualifying={"include_batches": [999]})
    html = way.page()
    assert heading(html) == "Thank you for coming"
    assert "we have no record of you" in html
    assert way.post("consent", agreed="yes").status_code == 403
    assert assignment_in(way.post("next").text) == ""


def test_who_is_listed_is_turned_away_before_their_first_comparison_and_no_later(database: Database) -> None:
    way = Way(database, raters=2, journey={}, session_size=1)
    way.rate()
    with database.transaction() as session:
        for name in ("id-0", "id-1"):
            listed.put(
                session, way.batch.id, channel=Channel.PROLIFIC, external_id=name, may_enter=False,
                reason="You wrote <these> texts.", now=factories.NOW,
            )  # fmt: skip
    assert assignment_in(way.post("next").text), "nobody is turned away in the middle of their work"
    way.path = way.paths[1]
    for html in (way.page(), way.post("next").text):
        assert heading(html) == "Thank you for coming"
        assert "You wrote &lt;these&gt; texts." in html
        assert not assignment_in(html)


RETURN = "Please return your place on Prolific"


@pytest.mark.parametrize(("prompts", "words"), [(1, "Everything has been judged"), (2, "Nothing left for you")])
def test_who_comes_to_prolific_for_nothing_is_asked_to_return_their_place(
    database: Database, prompts: int, words: str
) -> None:
    way = Way(database, raters=3, journey={}, prompts=prompts, seats=1)
    done = way.rate()
    assert RETURN not in done
    if prompts == 2:
        way.path = way.paths[1]
        way.post("next")
    way.path = way.paths[2]
    html = way.post("next").text
    assert words in html
    assert RETURN in html
    assert "Stop without completing" in html
    assert "DONE1" not in html


@pytest.mark.parametrize("channel", [Channel.LINK, Channel.PANEL])
def test_nobody_else_is_asked_to_return_a_place(database: Database, channel: Channel) -> None:
    way = Way(database, channel, raters=2, journey={}, prompts=1, seats=1)
    way.rate()
    way.path = way.paths[1]
    html = way.post("next").text
    assert "Everything has been judged" in html
    assert "Prolific" not in html


def test_who_is_turned_away_or_withdraws_with_nothing_judged_returns_their_place(database: Database) -> None:
    way = Way(database, raters=2, journey={}, qualifying={"include_batches": [999]})
    assert RETURN in way.page()
    assert RETURN in way.post("withdrawal").text


def test_nobody_sees_another_raters_work(database: Database) -> None:
    way = Way(database, raters=2, journey={})
    way.rate()
    way.path = way.paths[1]
    assert "judged 0 comparisons" in way.client.get(f"{way.path}/work").text
    for page in ("work", "address"):
        assert way.client.get(f"/r/forged/{page}").status_code == 404


def test_a_revoked_link_shows_no_work_and_takes_no_appeal(database: Database) -> None:
    way = Way(database)
    with database.transaction() as session:
        session.get_one(Link, way.links[0]).revoked_at = factories.NOW
    assert way.client.get(f"{way.path}/work").status_code == 403
    assert way.post("appeals", text="Why?").status_code == 403


def test_hostile_exercises_and_consent_are_text(database: Database) -> None:
    hostile = '<script>alert(1)</script><img src=x onerror=alert(1)></form><form action="https://evil.example">'
    one = {"prompt": hostile, "first": hostile, "second": "No.", "right": "first", "explanation": hostile}
    way = Way(database, journey={"consent": hostile, "training": [one], "test": [one], "pass_mark": 1})
    pages = [way.page(), way.post("consent", agreed="yes").text]
    pages += [way.post("practice", exercise=0, choice="first").text, way.page()]
    assert heading(pages[-1]).startswith("Entry test")
    for html in pages:
        assert len(re.findall("<script", html)) == 1
        assert "<img" not in html
        assert 'action="https' not in html
