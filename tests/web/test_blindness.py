"""Nothing that a rater is sent tells which system is which: not the page, the headers, the addresses or the order.

Two raters see one comparison in both orders. Whatever they are sent must be the same but for the order of the two
texts, the tokens that name their own seats, and their codes.
"""

import re

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient

from backend.db.session import Database
from backend.web.app import create_app
from tests import factories
from tests.factories import BASELINE, CANDIDATE

SECRETS = (BASELINE, CANDIDATE, "candidate", "baseline", "flipped", "A study", "davinci")
TEXTS = {BASELINE: ["It was raining in Lisbon."], CANDIDATE: ["It was snowing in Bergen."]}
RAINING, SNOWING = (texts[0] for texts in TEXTS.values())
OWN = re.compile(
    r"/[ro]/[\w.-]+|value=\"[\w-]+\.[\w-]+\"|[0-9A-Z]{5}-[0-9A-Z]{5}|[0-9A-Z]{4}(?:-|%2D)[0-9A-Z]{4}(?:-|%2D)[0-9A-Z]{2}"
)

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
        client.post(f"{path}/withdrawal"),
        client.get(path),
    ]
    return [(shown(answer), answer.text) for answer in answers]


def shown(answer: Response) -> str:
    return "\n".join([str(answer.status_code), *(f"{name}: {value}" for name, value in answer.headers.items())])


def anonymous(sent: Sent) -> Sent:
    return [(OWN.sub("…", headers), OWN.sub("…", body)) for headers, body in sent]


def swapped(sent: Sent) -> Sent:
    return [
        (headers, body.replace(RAINING, "\0").replace(SNOWING, RAINING).replace("\0", SNOWING))
        for headers, body in sent
    ]


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
