"""One call to Prolific: paths, lists in pages, and which of our errors an answer means. Knows nothing of studies.

Paths and fields are those of the vendor's public reference; docs/crowd-prolific.md says which were only inferred.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from backend.crowd.http import TOO_FAST, Answer, Client, Json, Record
from backend.crowd.protocol import CrowdError, NoMoney, NotAllowed, Refused, Unreachable

PAGE = 200
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
MONEY = re.compile(r"\b(balance|funds?|top[- ]?up)\b", re.I)


@dataclass(frozen=True, slots=True)
class Calls:
    """Prolific's interface through a client, with errors that the protocol knows."""

    client: Client

    def get(self, path: str) -> Record:
        return self.ask("GET", path)

    def post(self, path: str, body: Json = None) -> Record:
        return self.ask("POST", path, body)

    def ask(self, method: str, path: str, body: Json = None) -> Record:
        """The body of a good answer; raises the protocol's errors for any other."""
        answer = self.client.ask(method, path, body)
        if 200 <= answer.status < 300:
            return answer.body
        raise meaning(answer)

    def pages(self, path: str) -> Iterator[Record]:
        """Every object of a list, once, though the list may grow meanwhile or the vendor may ignore the offset."""
        seen: set[str] = set()
        offset = 0
        while True:
            page = self.get(f"{path}{'&' if '?' in path else '?'}limit={PAGE}&offset={offset}")
            found = page.records("results")
            new = [one for one in found if one.text("id") not in seen]
            seen.update(one.text("id") for one in new)
            yield from new
            offset += len(found)
            count = page.record("meta").fields.get("count")
            if not new or (isinstance(count, int) and offset >= count):
                return

    def wait(self, path: str, *, until: Callable[[Record], bool]) -> Record:
        """Read again until it is so. Raises Unreachable if it never is."""
        for number in range(self.client.attempts):
            if number:
                self.client.sleep(2.0 ** (number - 1))
            found = self.get(path)
            if until(found):
                return found
        raise Unreachable("Prolific has not confirmed this yet; it may still happen.")


def at(kind: str, vendor_id: str, rest: str = "") -> str:
    """The path of a thing. Raises Refused for what can be no id: one that came in an address may be forged, and must
    not choose the path that is asked."""
    if not ID.fullmatch(vendor_id):
        raise Refused(f"{vendor_id!r} is no id that Prolific gives; there is no such thing.")
    return f"/{kind}/{vendor_id}/{rest}"


def meaning(answer: Answer) -> CrowdError:
    """Which error an answer is."""
    said = complaint(answer.body)
    if answer.status == TOO_FAST or answer.status >= 500:
        return Unreachable(f"Prolific could not answer ({answer.status}). {said}".strip())
    if answer.status in {401, 403}:
        return NotAllowed(f"Prolific does not accept the token ({answer.status}). {said}".strip())
    if answer.status == 402 or (answer.status == 400 and MONEY.search(said)):
        return NoMoney(f"Prolific says that there is not enough money. {said}".strip())
    return Refused(f"Prolific refused ({answer.status}). {said}".strip())


def complaint(body: Record) -> str:
    """What the vendor says is wrong, however deep it lies."""
    error = body.record("error")
    return " ".join(words(error.fields.get("detail") or error.fields.get("title") or body.fields.get("detail")))


def words(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from words(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield f"{name}: {' '.join(words(each))}"
