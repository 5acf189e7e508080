"""Questions that got no answer, and the sentence that a job ends with because of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backend.errors import AppError
from backend.services.asking.replies import Answered

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a question was about, and why it has no answer. answered: what was heard, and paid, on the way to it."""

    about: str
    why: str
    answered: tuple[Answered, ...] = ()


def answered(troubles: Iterable[Trouble]) -> list[Answered]:
    """What was heard all the same."""
    return [one for trouble in troubles for one in trouble.answered]


def refuse_unless_complete(troubles: Sequence[Trouble]) -> None:
    """Raises AppError that says what is missing and why; everything else is stored by then."""
    if not troubles:
        return
    number = len(troubles)
    shown = " ".join(f"{one.about}: {one.why}" for one in troubles[:SHOWN])
    more = f" And {number - SHOWN} more." if number > SHOWN else ""
    what = "1 question got no answer" if number == 1 else f"{number} questions got no answer"
    raise AppError(f"{what}; a retry asks {'it' if number == 1 else 'them'} again. {shown}{more}")
