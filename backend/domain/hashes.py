"""The one hash by which plain data is known: of questions, templates, settings and packs. Knows none of them."""

import hashlib
import json
from collections.abc import Mapping


def content_hash(plain: Mapping[str, object]) -> str:
    """SHA-256, in hex, of plain data whatever the order of its keys."""
    written = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()
