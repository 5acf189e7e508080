"""Which models answered beside the one that was asked: an address may give a name to another model overnight."""

from collections import Counter
from collections.abc import Iterable


def others(asked: str, answered: Iterable[str]) -> dict[str, int]:
    """model -> verdicts, of those whose answerer goes by another name than the one that was asked, in order.

    An exact version counts, too: “gpt-4o” is answered by “gpt-4o-2024-08-06”, and later by another one. answered: the
    name in each reply, empty where the server told none.
    """
    counted = Counter(name for name in answered if name and name != asked)
    return dict(sorted(counted.items()))
