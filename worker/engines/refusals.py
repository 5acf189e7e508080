"""What an answer means that is no good one: worth asking again, hopeless, or nothing that this engine will ever do.

Knows no connection. A key that a server repeats in its complaint is struck out of it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pydantic import SecretStr

from worker.engines.answers import complaint
from worker.engines.protocol import EngineError, Hopeless, TooFast, TooLong, Transient, Unusable

LONGEST_COMPLAINT = 500
TOO_LONG = ("context length", "context_length", "too long", "max_model_len")
NO_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
NO_MODEL = "model_not_found"


def meaning(status: int, headers: Mapping[str, str], raw: bytes, *, url: str, key: SecretStr | None) -> EngineError:
    """The error that an answer with this status is. key: what must not be shown."""
    said, code = complaint(raw.replace(key.get_secret_value().encode(), "…".encode()) if key else raw)
    said = " ".join(said.split())[:LONGEST_COMPLAINT]
    told = f" It says: {said}" if said else ""
    pause = seconds(headers)
    if 300 <= status < 400:
        return Unusable(f"{url} sends its callers elsewhere ({status}); give the address where it really is.")
    if status == 402 or code in NO_MONEY:
        return Unusable(f"The account at {url} has no money or quota left ({status}); top it up, then resume.{told}")
    if status == 429:
        return TooFast(f"{url} was asked too often (429); it will be asked more slowly.{told}", pause=pause)
    if status in {408, 409, 425} or status >= 500 or status < 300:
        return Transient(f"{url} could not answer ({status}); it will be asked again.{told}", pause=pause)
    return refused(status, code, said, url=url)


def refused(status: int, code: str, said: str, *, url: str) -> Hopeless:
    """Which refusal it is. A key's fragments may stand in what is said about keys, so that is not shown."""
    told = f" It says: {said}" if said else ""
    if status in {401, 403}:
        return Unusable(f"{url} does not accept the key ({status}); set the one for this address in ASSAY_ENGINE_KEYS.")
    if status == 404 or code == NO_MODEL:
        return Unusable(f"{url} has no such model, or is no address of this interface (404); check both.{told}")
    if status == 405:
        return Unusable(f"{url} is no address of OpenAI's interface ({status}); it usually ends in /v1.{told}")
    if any(words in said.lower() or words in code for words in TOO_LONG):
        return TooLong(f"The prompt with max_tokens is too long for this model; lower max_tokens.{told}")
    return Hopeless(f"{url} refuses this request ({status}); change what it complains of.{told}")


def seconds(headers: Mapping[str, str]) -> float | None:
    """Retry-After, in seconds or as a date. A date is measured from the server's own, since our clocks may differ."""
    named = headers.get("Retry-After", "").strip()
    if named.isascii() and named.replace(".", "", 1).isdigit():
        return float(named)
    until, now = moment(named), moment(headers.get("Date", ""))
    return max(0.0, (until - now).total_seconds()) if until and now else None


def moment(text: str) -> datetime | None:
    """A date as HTTP writes it; None if it is none."""
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
