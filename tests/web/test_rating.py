"""The rater's pages over HTTP, on both databases: what each act stores and where it leads."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, update
from starlette.testclient import TestClient

from backend.db.assignments import Assignment, AssignmentState
from backend.db.batches import Batch
from backend.db.comparisons import Comparison, Seat
from backend.db.raters import Link, Rater
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.services.rating import links
from backend.services.studies import batches
from backend.web.app import create_app
from tests import factories
from tests.factories import NOW

PART = {"X-Part": "main"}
FOUR = [
    {"choice": "first", "label": "Output 1 is better"},
    {"choice": "second", "label": "Output 2 is better"},
    {"choice": "tie", "label": "About the same"},
    {"choice": "both_bad", "label": "Both are bad"},
]
SURE = [{"key": "sure", "text": "How sure are you?", "answers": ["very", "not at all"]}]


class Desk:
    """A server, a batch and its raters' addresses; and looks into the database."""

    def __init__(self, database: Database, *, raters: int = 2, **options: object) -> None:
        self.database, self.house = database, factories.house(database)
        self.client = TestClient(create_app(self.house.settings, database), follow_redirects=False)
        with database.transaction() as session:
            self.batch = factories.launched(session, **options)
            self.paths = factories.rater_paths(session, self.house, self.batch, count=raters)

    def start(self, rater: int = 0) -> str:
        """Press Start; the token of the seat that this rater holds now."""
        self.client.post(f"{self.paths[rater]}/next")
        return self.held(rater)

    def held(self, rater: int = 0) -> str:
        return assignment_in(self.client.get(self.paths[rater]).text)

    def rate(self, assignment: str, *, rater: int = 0, choice: str = "first", **fields: str):
        form = {"assignment": assignment, "choice": choice, **fields}
        return self.client.post(f"{self.paths[rater]}/ratings", data=form, headers=PART)

    def skip(self, assignment: str, *, rater: int = 0, reason: str = "unreadable"):
        form = {"assignment": assignment, "reason": reason}
        return self.client.post(f"{self.paths[rater]}/skips", data=form, headers=PART)

    def count(self, *conditions: object) -> int:
        with self.database.reading() as session:
            return session.execute(select(func.count()).select_from(Assignment).where(*conditions)).scalar_one()

    def ratings(self) -> list[Rating]:
        with self.database.reading() as session:
            return list(session.scalars(select(Rating).order_by(Rating.rated_at)))

    def lapse(self) -> None:
        """Time passes: every lease that is held has run out."""
        with self.database.transaction() as session:
            long_ago = NOW - timedelta(days=1)
            session.execute(
                update(Assignment)
                .where(Assignment.state == AssignmentState.HELD)
                .values(claimed_at=long_ago, lease_expires_at=long_ago)
            )

    def steer(self, act: Callable[..., None]) -> None:
        """Pause or close the batch."""
        with self.database.transaction() as session:
            act(session, session.get_one(Batch, self.batch.id))


def assignment_in(html: str) -> str:
    found = re.search(r'name="assignment" value="([^"]+)"', html)
    return found[1] if found else ""


def test_looking_claims_nothing(database: Database) -> None:
    desk = Desk(database)
    for _ in range(3):
        answer = desk.client.get(desk.paths[0])
    assert answer.status_code == 200
    assert "Start" in answer.text
    assert desk.count() == 0


def test_asking_for_the_head_of_a_link_is_answered_as_a_get_and_claims_nothing(database: Database) -> None:
    """As link previews and monitors do."""
    desk = Desk(database)
    with database.transaction() as session:
        anyone = links.create_open(session, desk.batch.id, now=NOW)
    raters = select(func.count()).select_from(Rater)
    with database.reading() as session:
        before = session.execute(raters).scalar_one()
    for path in (desk.paths[0], f"/o/{desk.house.tokens.sign('open', anyone.id)}"):
        asked, head = desk.client.get(path), desk.client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == asked.headers["content-type"]
    assert desk.count() == 0
    with database.reading() as session:
        assert session.execute(raters).scalar_one() == before


def test_a_rater_is_told_of_no_more_comparisons_than_there_are(database: Database) -> None:
    desk = Desk(database, prompts=3)
    assert "Up to 3 comparisons. You can stop" in desk.client.get(desk.paths[0]).text
    first = desk.client.post(f"{desk.paths[0]}/next", follow_redirects=True).text
    assert "1 of up to 3<" in first
    assert "2 of up to 3<" in desk.rate(assignment_in(first)).text
    assert "2 of up to 2<" in desk.skip(desk.held()).text


def test_with_more_prompts_than_a_session_the_session_ends_the_count(database: Database) -> None:
    desk = Desk(database, prompts=5, session_size=3)
    assert "Up to 3 comparisons, then a pause." in desk.client.get(desk.paths[0]).text
    for number in (1, 2, 3):
        assert f"{number} of up to 3<" in desk.client.post(f"{desk.paths[0]}/next", follow_redirects=True).text
        desk.rate(desk.held())
    assert "1 of up to 2<" in desk.client.post(f"{desk.paths[0]}/next", follow_redirects=True).text


def test_with_checks_nobody_knows_how_many_comparisons_there_are(database: Database) -> None:
    desk = Desk(database, prompts=3, checks={"attention": 0.3})
    assert "1 of up to 20<" in desk.client.post(f"{desk.paths[0]}/next", follow_redirects=True).text


def test_the_welcome_says_the_code_and_whom_to_write_to(database: Database) -> None:
    desk = Desk(database, raters=1)
    with database.reading() as session:
        code = session.scalars(select(Rater.external_id)).one()
    html = desk.client.get(desk.paths[0]).text
    assert code in html
    assert "study@example.org" in html


def test_start_takes_one_seat_and_leads_back_by_a_redirect(database: Database) -> None:
    desk = Desk(database)
    answer = desk.client.post(f"{desk.paths[0]}/next")
    assert (answer.status_code, answer.headers["location"]) == (303, desk.paths[0])
    assert desk.count() == 1


def test_reload_and_a_second_start_keep_the_seat(database: Database) -> None:
    desk = Desk(database)
    first = desk.start()
    assert first
    assert desk.held() == first
    assert desk.start() == first
    assert desk.count() == 1


def test_a_vote_is_stored_and_the_next_comparison_comes_with_its_receipt(database: Database) -> None:
    desk = Desk(database)
    first = desk.start()
    answer = desk.rate(first, choice="tie", comment="  close  ", active_ms="4200")
    assert answer.status_code == 200
    assert answer.headers["x-part"] == "main"
    assert "<html" not in answer.text
    assert assignment_in(answer.text) not in ("", first)
    (rating,) = desk.ratings()
    assert (rating.choice, rating.comment, rating.active_ms) == ("tie", "close", 4200)
    assert answer.headers["x-receipt"] == rating.receipt


def test_without_the_script_a_vote_leads_to_a_page_with_the_receipt(database: Database) -> None:
    desk = Desk(database)
    form = {"assignment": desk.start(), "choice": "first"}
    answer = desk.client.post(f"{desk.paths[0]}/ratings", data=form)
    (rating,) = desk.ratings()
    assert (answer.status_code, answer.headers["location"]) == (303, f"{desk.paths[0]}?saved={rating.receipt}")
    assert f"Saved, no. {rating.receipt}" in desk.client.get(answer.headers["location"]).text


@pytest.mark.parametrize("saved", ["<b>1</b>", "call 555-0100 now", "4F2K-91QX-7PX", "4f2k-91qx-7p"])
def test_only_what_looks_like_a_receipt_is_shown_as_one(database: Database, saved: str) -> None:
    desk = Desk(database)
    assert "Saved, no." not in desk.client.get(desk.paths[0], params={"saved": saved}).text


def test_sending_a_vote_twice_stores_it_once_and_gives_the_same_receipt(database: Database) -> None:
    desk = Desk(database)
    first = desk.start()
    answers = [desk.rate(first), desk.rate(first)]
    assert answers[0].headers["x-receipt"] == answers[1].headers["x-receipt"]
    assert assignment_in(answers[0].text) == assignment_in(answers[1].text)
    assert len(desk.ratings()) == 1
    assert desk.count() == 2


def test_a_changed_mind_by_the_back_button_keeps_the_first_choice(database: Database) -> None:
    desk = Desk(database)
    first = desk.start()
    receipt = desk.rate(first, choice="first").headers["x-receipt"]
    assert desk.rate(first, choice="second").headers["x-receipt"] == receipt
    assert [rating.choice for rating in desk.ratings()] == ["first"]


def test_who_answers_otherwise_a_second_time_is_told_that_the_first_answer_stands(database: Database) -> None:
    desk = Desk(database)
    first = desk.start()
    receipt = desk.rate(first, choice="first").headers["x-receipt"]
    assert "x-stands" not in desk.rate(first, choice="first").headers, "the same again is the same, and saved"
    assert desk.rate(first, choice="second").headers["x-stands"] == "earlier"
    form = {"assignment": first, "choice": "second"}
    plain = desk.client.post(f"{desk.paths[0]}/ratings", data=form, follow_redirects=True)
    assert f"Your first answer stands, no. {receipt}" in plain.text


def test_another_raters_seat_is_refused(database: Database) -> None:
    desk = Desk(database)
    theirs = desk.start(1)
    answer = desk.rate(theirs, rater=0)
    assert answer.status_code == 404
    assert "not yours" in answer.text
    assert desk.ratings() == []


@pytest.mark.parametrize("assignment", ["", "1", "MQ.forged"])
def test_a_seat_that_was_not_signed_here_is_refused(database: Database, assignment: str) -> None:
    desk = Desk(database)
    desk.start()
    assert desk.rate(assignment).status_code == 404
    assert desk.ratings() == []


def test_a_link_is_no_seat_and_an_open_link_is_no_personal_one(database: Database) -> None:
    desk = Desk(database)
    desk.start()
    assert desk.rate(desk.paths[0].removeprefix("/r/")).status_code == 404
    with database.transaction() as session:
        opened = links.create_open(session, desk.batch.id, now=NOW)
    assert desk.client.get(f"/r/{desk.house.tokens.sign('open', opened.id)}").status_code == 404
    assert desk.client.get(f"/r/{desk.house.tokens.sign('link', opened.id)}").status_code == 404


def test_a_late_vote_counts_where_the_seat_is_still_free(database: Database) -> None:
    desk = Desk(database, prompts=1, seats=1)
    first = desk.start()
    desk.lapse()
    assert desk.rate(first).headers["x-receipt"] == desk.ratings()[0].receipt
    assert desk.ratings()[0].state == AssignmentState.RATED


def test_a_late_vote_is_kept_and_receipted_where_somebody_else_sits(database: Database) -> None:
    desk = Desk(database, prompts=1, seats=1)
    first = desk.start()
    desk.lapse()
    second = desk.start(1)
    assert desk.rate(first).headers["x-receipt"]
    assert desk.rate(second, rater=1).headers["x-receipt"]
    assert sorted(rating.state for rating in desk.ratings()) == ["late", "rated"]
    assert "you are done" in desk.client.post(f"{desk.paths[0]}/next", follow_redirects=True).text


def test_a_choice_that_is_not_offered_is_refused_in_a_sentence(database: Database) -> None:
    desk = Desk(database)
    first = desk.start()
    for choice in ("both_bad", "candidate", ""):
        answer = desk.rate(first, choice=choice)
        assert answer.status_code == 422
        assert "Please press one of the buttons" in answer.text
    assert desk.ratings() == []
    assert desk.held() == first


def test_an_error_after_a_form_leads_back_to_the_raters_page(database: Database) -> None:
    desk = Desk(database)
    assert f'href="{desk.paths[0]}"' in desk.rate(desk.start(), choice="").text


def test_a_fourth_option_is_offered_and_stored_where_the_settings_have_it(database: Database) -> None:
    desk = Desk(database, options=FOUR)
    assert desk.rate(desk.start(), choice="both_bad").status_code == 200
    assert desk.ratings()[0].choice == "both_bad"


def test_answers_to_further_questions_are_stored_and_checked(database: Database) -> None:
    desk = Desk(database, questions=SURE)
    first = desk.start()
    assert "How sure are you?" in desk.client.get(desk.paths[0]).text
    assert desk.rate(first, **{"answer.sure": "maybe"}).status_code == 422
    second = assignment_in(desk.rate(first, **{"answer.sure": "very"}).text)
    desk.rate(second, **{"answer.sure": "", "answer.other": "x"})
    assert [rating.answers for rating in desk.ratings()] == [{"sure": "very"}, None]


@pytest.mark.parametrize("active_ms", ["", "-5", "12.5", "many", "99999999999", "١٢"])
def test_a_time_that_is_none_stays_unknown(database: Database, active_ms: str) -> None:
    desk = Desk(database)
    assert desk.rate(desk.start(), active_ms=active_ms).status_code == 200
    assert desk.ratings()[0].active_ms is None


def test_a_long_comment_is_cut_and_control_characters_do_no_harm(database: Database) -> None:
    desk = Desk(database)
    assert desk.rate(desk.start(), comment="\0é" * 20_000).status_code == 200
    assert desk.ratings()[0].comment == "é" * 5_000


def test_a_form_beyond_all_measure_is_refused(database: Database) -> None:
    desk = Desk(database)
    first = desk.start()
    assert desk.rate(first, comment="x" * 300_000).status_code == 422
    assert desk.rate(first, **{f"field{number}": "" for number in range(200)}).status_code == 422
    assert desk.ratings() == []


def test_cannot_judge_frees_the_seat_and_never_comes_back(database: Database) -> None:
    desk = Desk(database, prompts=2, seats=1)
    first = desk.start()
    answer = desk.skip(first)
    assert answer.status_code == 200
    assert "x-receipt" not in answer.headers
    second = assignment_in(answer.text)
    assert second not in ("", first)
    assert "you are done" in desk.rate(second).text
    assert desk.start(1)
    assert desk.count(Assignment.state == AssignmentState.SKIPPED) == 1


def test_cannot_judge_needs_a_reason_and_may_be_sent_twice(database: Database) -> None:
    desk = Desk(database)
    first = desk.start()
    assert desk.skip(first, reason="boring").status_code == 422
    assert assignment_in(desk.skip(first).text) == assignment_in(desk.skip(first).text)
    assert desk.rate(first).status_code == 409
    assert desk.ratings() == []


def test_what_was_rated_cannot_be_skipped(database: Database) -> None:
    desk = Desk(database)
    first = desk.start()
    desk.rate(first)
    assert desk.skip(first).status_code == 409
    assert len(desk.ratings()) == 1


def test_the_third_who_cannot_judge_makes_a_comparison_unjudgeable(database: Database) -> None:
    desk = Desk(database, prompts=1, raters=4)
    for rater in range(3):
        desk.skip(desk.start(rater), rater=rater)
    with database.reading() as session:
        assert session.scalars(select(Comparison.unjudgeable)).all() == [True]
    assert desk.start(3) == ""


def test_a_session_ends_with_a_pause_that_only_the_rater_ends(database: Database) -> None:
    desk = Desk(database, prompts=3, session_size=2)
    second = assignment_in(desk.rate(desk.start()).text)
    assert "Time for a pause" in desk.rate(second).text
    assert "Time for a pause" in desk.client.get(desk.paths[0]).text
    assert desk.count() == 2
    third = desk.start()
    # A tab that was left behind sends its vote again: the comparison at hand comes back, not the pause.
    assert assignment_in(desk.rate(second).text) == third


def test_the_cap_ends_a_raters_work(database: Database) -> None:
    desk = Desk(database, prompts=3, rater_cap=1)
    assert "you are done" in desk.rate(desk.start()).text
    assert desk.start() == ""
    assert "you are done" in desk.client.get(desk.paths[0]).text


def test_a_rater_with_nothing_left_is_told_when_to_look_again(database: Database) -> None:
    desk = Desk(database, prompts=2, seats=1, lease_minutes=7)
    desk.start(rater=1)
    desk.rate(desk.start())
    answer = desk.client.post(f"{desk.paths[0]}/next", follow_redirects=True)
    assert "Nothing left for you right now" in answer.text
    assert "in 7 minutes" in answer.text


def test_a_rater_who_has_met_every_prompt_is_done(database: Database) -> None:
    desk = Desk(database, prompts=2)
    desk.start(rater=1)
    desk.rate(desk.start())
    for answer in (desk.rate(desk.held()), desk.client.post(f"{desk.paths[0]}/next", follow_redirects=True)):
        assert "Thank you, you are done" in answer.text
        assert "Look again" not in answer.text


def test_whoever_comes_when_everything_is_judged_is_told_so(database: Database) -> None:
    desk = Desk(database, prompts=1, seats=1)
    desk.rate(desk.start())
    assert "Everything has been judged" in desk.client.post(f"{desk.paths[1]}/next", follow_redirects=True).text


def test_the_sides_of_one_rater_stay_in_balance(database: Database) -> None:
    desk = Desk(database, prompts=8, seats=2)
    held = desk.start()
    for _ in range(8):
        held = assignment_in(desk.rate(held).text)
    with database.reading() as session:
        sides = session.execute(
            select(Seat.flipped)
            .join(
                Assignment,
                (Assignment.comparison_id == Seat.comparison_id) & (Assignment.seat == Seat.seat),
            )
            .order_by(Assignment.id)
        ).scalars()
        leans = [1 if flipped else -1 for flipped in sides]
    assert all(abs(sum(leans[:number])) <= 1 for number in range(1, 9))


def test_a_paused_batch_says_so_and_lets_a_held_seat_be_finished(database: Database) -> None:
    desk = Desk(database)
    first = desk.start()
    desk.steer(batches.pause)
    assert desk.held() == first
    assert "The study is paused" in desk.rate(first).text
    assert "The study is paused" in desk.client.post(f"{desk.paths[1]}/next", follow_redirects=True).text
    assert len(desk.ratings()) == 1


def test_a_closed_batch_says_so_and_lets_a_held_seat_be_finished(database: Database) -> None:
    desk = Desk(database)
    first = desk.start()
    desk.steer(batches.close)
    assert "The study has ended" in desk.rate(first).text
    assert "nothing to judge any more" in desk.client.get(desk.paths[1]).text
    assert len(desk.ratings()) == 1


def test_a_revoked_link_opens_nothing(database: Database) -> None:
    desk = Desk(database)
    first = desk.start()
    with database.transaction() as session:
        links.revoke(session, session.scalars(select(Link.id).order_by(Link.id)).first(), now=NOW)
    for answer in (desk.client.get(desk.paths[0]), desk.client.post(f"{desk.paths[0]}/next"), desk.rate(first)):
        assert answer.status_code == 403
        assert "closed by the researcher" in answer.text
        assert "You can’t go on here" in answer.text
        assert (
            "If something is still owed to you, or you think that this is wrong, write to study@example.org"
            in re.sub(r"<[^>]+>", "", answer.text)
        )
    assert desk.ratings() == []


def test_the_instructions_are_folded_once_the_welcome_has_shown_them(database: Database) -> None:
    desk = Desk(database)
    assert '<h2 id="instructions">Instructions</h2>' in desk.client.get(desk.paths[0]).text
    desk.start()
    assert '<details class="guide">' in desk.client.get(desk.paths[0]).text


def test_the_heading_that_takes_the_focus_is_described_by_how_far_it_is(database: Database) -> None:
    desk = Desk(database)
    html = desk.rate(desk.start()).text
    assert re.search(r'<h1 tabindex="-1" aria-describedby="how-far">', html)
    assert re.search(r'<p class="progress number" id="how-far"[^>]*>2 of up to 3', html)


def test_one_minute_is_said_as_one(database: Database) -> None:
    desk = Desk(database, lease_minutes=1)
    assert "it is kept for you for 1 minute." in desk.client.get(desk.paths[0]).text
    assert "for 1 minute." in desk.client.get(f"{desk.paths[0]}/address").text


def test_a_rater_who_withdraws_gives_the_seat_back_and_gets_no_other(database: Database) -> None:
    desk = Desk(database)
    first = desk.start()
    answer = desk.client.post(f"{desk.paths[0]}/withdrawal")
    assert (answer.status_code, answer.headers["location"]) == (303, desk.paths[0])
    page = desk.client.get(desk.paths[0]).text
    assert "You have withdrawn" in page
    assert "Withdraw for good" not in page
    assert desk.start() == ""
    assert desk.rate(first).status_code == 409
    assert desk.count(Assignment.state == AssignmentState.RETURNED) == 1


def test_an_open_link_makes_a_rater_only_when_somebody_joins(database: Database) -> None:
    desk = Desk(database, raters=0)
    with database.transaction() as session:
        opened = f"/o/{desk.house.tokens.sign('open', links.create_open(session, desk.batch.id, now=NOW).id)}"
    assert "Keep the address" in desk.client.get(opened).text
    people = [desk.client.post(opened).headers["location"] for _ in range(2)]
    assert len(set(people)) == 2
    assert all("Start" in desk.client.get(path).text for path in people)
    with database.reading() as session:
        assert session.execute(select(func.count()).select_from(Rater)).scalar_one() == 2


@pytest.mark.parametrize("over", ["judged", "closed"])
def test_an_open_link_asks_nobody_in_once_there_is_nothing_left_to_do(database: Database, over: str) -> None:
    desk = Desk(database, prompts=1, raters=3)
    with database.transaction() as session:
        opened = f"/o/{desk.house.tokens.sign('open', links.create_open(session, desk.batch.id, now=NOW).id)}"
    assert ">Join<" in desk.client.get(opened).text
    if over == "closed":
        desk.steer(batches.close)
    else:
        for rater in range(3):
            desk.start(rater)
            desk.rate(desk.held(rater), rater=rater)
    page = desk.client.get(opened).text
    assert "nobody else is needed" in page
    assert ">Join<" not in page


def test_plain_text_is_a_link_and_shows_what_was_written(database: Database) -> None:
    desk = Desk(database, prompts=1, outputs={"a": ["**bold** words"], "b": ["*other*"]})
    desk.start()
    assert "<strong>bold</strong>" in desk.client.get(desk.paths[0]).text
    plain = desk.client.get(desk.paths[0], params={"plain": "1"}).text
    assert "**bold** words" in plain
    assert f'href="{desk.paths[0]}" data-plain' in plain


def test_a_dialogue_shows_who_speaks_and_never_the_names_of_a_file(database: Database) -> None:
    turns = [{"role": "user", "text": "Hi"}, {"role": "gpt-9", "text": "Hello"}, {"role": "user", "text": "Why?"}]
    desk = Desk(database, prompts=[turns])
    desk.start()
    html = desk.client.get(desk.paths[0]).text
    assert re.findall(r'class="speaker">(\w+)<', html) == ["User", "Assistant", "User"]
    assert "gpt-9" not in html


@pytest.mark.parametrize("plain", ["", "?plain=1"])
def test_hostile_outputs_and_prompts_are_text(database: Database, plain: str) -> None:
    hostile = '<script>alert(1)</script><img src=x onerror=alert(1)></div></form><form action="https://evil.example">'
    desk = Desk(database, prompts=[f"{hostile}?"], outputs={"a": [hostile], "b": ["![](https://evil.example/x.png)"]})
    desk.start()
    html = desk.client.get(f"{desk.paths[0]}{plain}").text
    assert re.findall("<script[^>]*>", html) == re.findall('<script type="module" src="/static/rater.js[^>]*>', html)
    assert len(re.findall("<script", html)) == 1
    assert "<img" not in html
    assert re.findall('<(?:form|button)[^>]*action="([^/][^"]*)"', html) == []


def test_a_request_from_another_site_changes_nothing(database: Database) -> None:
    desk = Desk(database)
    first = desk.start()
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    for act, form in (
        ("next", {}),
        ("ratings", {"assignment": first, "choice": "first"}),
        ("skips", {"assignment": first, "reason": "offensive"}),
        ("withdrawal", {}),
    ):
        assert desk.client.post(f"{desk.paths[0]}/{act}", data=form, headers=elsewhere).status_code == 403
    assert desk.ratings() == []
    assert desk.held() == first


def test_no_page_of_a_rater_may_be_kept_or_framed(database: Database) -> None:
    headers = Desk(database).client.get("/r/nonsense").headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert "script-src 'self'" in headers["content-security-policy"]


def test_a_vote_and_the_next_comparison_take_five_statements(database: Database) -> None:
    desk = Desk(database)
    desk.rate(desk.start())
    seat, seen = desk.held(), []
    event.listen(database.engine, "before_cursor_execute", lambda _connection, _cursor, said, *_: seen.append(said))
    desk.rate(seat)
    assert [said.split()[0] for said in seen if said != "BEGIN IMMEDIATE"] == [
        "SELECT",
        "UPDATE",
        "INSERT",
        "INSERT",
        "SELECT",
    ]
