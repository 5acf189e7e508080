"""Names for raters that say nothing, the same in every result and export of a batch. Knows no table."""

import hashlib
import hmac


def pseudonyms(key: str, batch_id: int) -> "Pseudonyms":
    """The pseudonyms of a batch's raters under the server's key."""
    return Pseudonyms(hmac.new(key.encode(), f"bundle {batch_id}".encode(), hashlib.sha256).digest())


class Pseudonyms(dict[int, str]):
    """rater id -> a name that says nothing: keyed, so that it can't be found by trying all ids."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self.key = key

    def __missing__(self, rater: int) -> str:
        self[rater] = "R" + hmac.new(self.key, str(rater).encode(), hashlib.sha256).hexdigest()[:12]
        return self[rater]
