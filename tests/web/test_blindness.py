"""Nothing that a rater is sent tells which system is which: not the page, the headers, the addresses or the order.

Two raters see one comparison in both orders. Whatever they are sent must be the same but for the order of the two
texts, the tokens that name their own seats, and their codes. A check is sent as any comparison is.
"""

import re
from collections import defaultdict

import pytest
from sqlalchemy import select
from starlette.responses import Response
from starlette.testclient import TestClient

from backend.db.checks import CheckAssignment
from backend.db.session import Database
from backend.domain.gold import Gold
from backend.domain.records import Turn
from backend.web.app import create_app
from tests import factories, ways
from tests.factories import BASELINE, CANDIDATE

SECRETS = (BASELINE, CANDIDATE, "candidate", "baseline", "flipped", "A study", "davinci")
TEXTS = {BASELINE: ["It was raining in Lisbon."], CANDIDATE: ["It was snowing in Bergen."]}
RAINING, SNOWING = (texts[0] for texts in TEXTS.values())
OWN = re.compile(
    r"/[ro]/[\w.-]+|value=\"[\w-]+\.[\w-]+\"|[0-9A-Z]{5}-[0-9A-Z]{5}|[0-9A-Z]{4}(?:-|%2D)[0-9A-Z]{4}(?:-|%2D)[0-9A-Z]{2}"
)
MOMENT = re.compile(r"<time [^>]*>[^<]*</time>")
ANSWERED = re.compile(r"<td role=\"cell\" class=\"said\">Output [12] is better")
LENGTH = re.compile(r"content-length: \d+")

Sent = list[tuple[str, str]]


def everything_sent(client: TestClient, path: str, *, choice: str) -> Sent:
    """(headers, body) of every answer from the welcome to the end, the errors among them."""
    answers = [client.get(path), client.post(f"{path}/next"), client.get(path), client.get(f"{path}?plain=1")]
    assignment = re.search(r'name="assignment" value="([^"]+)"', answers[2].text)[1]
    form = {"assignment": assignment}
    answers += [
        client.post(f"{path}/ratings", data={**form, "choice": "nonsense"}),
        client.post(f"{path}/skips", data={**form, "reason": "nonsense"}),
        client.post(f"{path}/ratings", data={**form, "choice": choice}, headers={"X-Part": "main"}),
        client.post(f"{path}/ratings", data={**form, "choice": choice}),
        client.post(f"{path}/skips", data={**form, "reason": "offensive"}),
        client.get(path),
        client.get(f"{path}/work"),
        client.get(f"{path}/address"),
        client.post(f"{path}/appeals", data={"text": "Why?"}),
        client.post(f"{path}/withdrawal"),
        client.get(path),
        client.get(f"{path}/work"),
    ]
    return [(shown(answer), answer.text) for answer in answers]


def shown(answer: Response) -> str:
    return "\n".join([str(answer.status_code), *(f"{name}: {value}" for name, value in answer.headers.items())])


def anonymous(sent: Sent) -> Sent:
    """Without what is a rater's own: tokens, codes, receipts, what they chose, and when."""
    return [
        (headers_of(headers, body), ANSWERED.sub("…", MOMENT.sub("…", OWN.sub("…", body)))) for headers, body in sent
    ]


def headers_of(headers: str, body: str) -> str:
    """The headers; how long ago something was is shorter or longer, and so is its page."""
    return OWN.sub("…", LENGTH.sub("…", headers) if MOMENT.search(body) else headers)


def swapped(sent: Sent) -> Sent:
    return [
        (headers, body.replace(RAINING, "\0").replace(SNOWING, RAINING).replace("\0", SNOWING))
        for headers, body in sent
    ]


def on_the_way(client: TestClient, path: str, replies: tuple[str, str]) -> Sent:
    """(headers, body) of every answer from the consent to the welcome, or to the thanks."""
    answers = [client.get(path), client.post(f"{path}/consent", data={"agreed": "yes"}), client.get(path)]
    for number in range(2):
        answers.append(client.post(f"{path}/practice", data={"exercise": number, "choice": "first"}))
        answers += [client.get(answers[-1].headers["location"]), client.get(path)]
    told = {f"choice.{number}": reply for number, reply in enumerate(replies)}
    answers += [client.post(f"{path}/test", data=told), client.get(path), client.get(f"{path}/work")]
    return [(shown(answer), answer.text) for answer in answers]


@pytest.fixture
def both_orders(database: Database) -> tuple[Sent, Sent]:
    """Everything sent to the rater who sees one order, and to the one who sees the other."""
    house = factories.house(database)
    client = TestClient(create_app(house.settings, database), follow_redirects=False)
    with database.transaction() as session:
        batch = factories.launched(session, prompts=1, outputs=TEXTS, seats=2)
        first, second = factories.rater_paths(session, house, batch, count=2)
    return everything_sent(client, first, choice="first"), everything_sent(client, second, choice="second")


def test_two_raters_see_both_orders(both_orders: tuple[Sent, Sent]) -> None:
    one, other = (sent[2][1] for sent in both_orders)
    assert (one.index(RAINING) < one.index(SNOWING)) != (other.index(RAINING) < other.index(SNOWING))


def test_all_that_differs_between_the_orders_is_the_order_of_the_texts(both_orders: tuple[Sent, Sent]) -> None:
    one, other = both_orders
    assert anonymous(one) == anonymous(swapped(other))


def test_no_name_of_a_system_reaches_a_rater(both_orders: tuple[Sent, Sent]) -> None:
    for sent in both_orders:
        for headers, body in sent:
            assert [secret for secret in SECRETS if secret in (headers + body).lower()] == []


def test_the_way_to_the_task_is_the_same_for_everybody_and_names_no_system(database: Database) -> None:
    house = factories.house(database)
    client = TestClient(create_app(house.settings, database), follow_redirects=False)
    with database.transaction() as session:
        batch = factories.launched(session, prompts=1, outputs=TEXTS, seats=2, journey=ways.JOURNEY)
        ways.channel(session, batch)
        paths = factories.rater_paths(session, house, batch, count=3)
    one, other, failing = (
        on_the_way(client, path, replies)
        for path, replies in zip(paths, (ways.PASSING, ways.PASSING, ways.FAILING), strict=True)
    )
    assert anonymous(one) == anonymous(other)
    assert "Thank you for taking the test" in failing[-2][1]
    for headers, body in [*one, *failing]:
        assert [secret for secret in SECRETS if secret in (headers + body).lower()] == []


def test_a_raters_tokens_are_the_same_length_for_both_orders(both_orders: tuple[Sent, Sent]) -> None:
    one, other = ([len(body) for _, body in sent] for sent in both_orders)
    assert one == other


def test_the_place_of_a_seat_says_nothing_about_its_side(database: Database) -> None:
    with database.transaction() as session:
        batch = factories.launched(session, prompts=200, seats=2)
        rows = session.connection().exec_driver_sql(
            f"SELECT seat, flipped FROM seats WHERE batch_id = {batch.id} ORDER BY position, seat"
        )
        first_seats_flipped = sum(bool(flipped) for seat, flipped in rows if seat == 1)
    # 200 fair coins lie between 65 and 135 but once in a million times; the seed is fixed, so this never flickers.
    assert 65 <= first_seats_flipped <= 135


TEXT = re.compile(r"(?:Asked|Known|Quiet|Eager|Right|Wrong) \d{4}")
TASKS = 12


def alike(number: int, *words: str) -> list[str]:
    return [f"{word} {number:04}" for word in words]


def check_now(database: Database) -> bool:
    """Whether the rater of this database is at a check."""
    with database.reading() as session:
        return session.scalars(select(CheckAssignment.id).where(CheckAssignment.state == "held")).first() is not None


def sent_at_a_task(client: TestClient, path: str, act: str, form: dict[str, str]) -> Sent:
    """All that a rater can be sent from when a task is before them until it is done, twice over."""
    answers = [
        client.get(path),
        client.get(f"{path}?plain=1"),
        client.post(f"{path}/next"),
        client.get(f"{path}/work"),
    ]
    assignment = re.search(r'name="assignment" value="([^"]+)"', answers[0].text)[1]
    other = {"ratings": "skips", "skips": "ratings"}[act]
    told = {"choice": "first", "reason": "offensive", **form, "assignment": assignment}
    answers += [
        client.post(f"{path}/ratings", data={**told, "choice": "nonsense"}),
        client.post(f"{path}/skips", data={**told, "reason": "nonsense"}),
        client.post(f"{path}/{act}", data=told, headers={"X-Part": "main"}),
        client.post(f"{path}/{act}", data=told),
        client.post(f"{path}/{other}", data=told),
    ]
    return [(shown(answer), answer.text) for answer in answers]


def without_texts(sent: Sent) -> Sent:
    return [(headers, TEXT.sub("…", body)) for headers, body in anonymous(sent)]


@pytest.mark.parametrize("act", ["ratings", "skips"])
@pytest.mark.parametrize("rates", [{"gold": 0.5}, {"gold": 0.2, "repeat": 0.2}])
def test_a_check_is_sent_as_any_comparison_is(database: Database, act: str, rates: dict[str, float]) -> None:
    house = factories.house(database)
    client = TestClient(create_app(house.settings, database), follow_redirects=False)
    known = [
        Gold(number, (Turn("user", f"Known {number:04}"),), *alike(number, "Right", "Wrong"), False)
        for number in range(9)
    ]
    outputs = {
        BASELINE: [f"Quiet {number:04}" for number in range(40)],
        CANDIDATE: [f"Eager {number:04}" for number in range(40)],
    }
    with database.transaction() as session:
        asked = [f"Asked {number:04}" for number in range(40)]
        batch = factories.launched(
            session, prompts=asked, outputs=outputs, seats=6, checks=rates, gold=known, session_size=99
        )
        paths = factories.rater_paths(session, house, batch, count=6)
    met: dict[int, set[bool]] = defaultdict(set)
    sent: dict[int, list[Sent]] = defaultdict(list)
    for path in paths:
        client.post(f"{path}/next")
        for task in range(TASKS):
            # Whoever gives back counts nothing; so that skips are compared at one count, only the last task is skipped.
            is_check, acting = check_now(database), act if task == TASKS - 1 else "ratings"
            sent[task].append(without_texts(sent_at_a_task(client, path, acting, {"active_ms": "4000"})))
            met[task].add(is_check)
        client.post(f"{path}/withdrawal")
    assert met[TASKS - 1] == {True, False}
    for task, everything in sent.items():
        assert all(one == everything[0] for one in everything), f"task {task + 1} tells checks from comparisons"


def test_a_token_says_nothing_of_what_it_names(database: Database) -> None:
    house = factories.house(database)
    client = TestClient(create_app(house.settings, database), follow_redirects=False)
    with database.transaction() as session:
        batch = factories.launched(session, prompts=30, seats=1, checks={"attention": 0.5}, session_size=99)
        (path,) = factories.rater_paths(session, house, batch)
    client.post(f"{path}/next")
    tokens: dict[bool, set[str]] = {True: set(), False: set()}
    for _ in range(20):
        token = re.search(r'name="assignment" value="([^"]+)"', client.get(path).text)[1]
        tokens[check_now(database)].add(token)
        client.post(f"{path}/ratings", data={"assignment": token, "choice": "first"})
    assert min(map(len, tokens.values())) >= 5
    assert {len(token) for kind in tokens.values() for token in kind} == {35}
    # A number or a mark in the clear would give all tokens of one kind the same beginning.
    for kind in tokens.values():
        assert len({token[:4] for token in kind}) == len(kind)
