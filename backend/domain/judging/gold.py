"""How far a judge can be trusted: its verdicts on pairs of which one output is known to be right.

The right output takes the candidate's part, so that the win rate is the accuracy, over both orders: a judge that says
otherwise once the outputs change places is half right there. Source of the layout: LLMBar, Zeng et al. 2024.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backend.domain.choices import Choice
from backend.domain.judging.orders import Orders, Rule
from backend.domain.judging.parsing import Reading, Unread
from backend.domain.judging.summary import Said, Summary, summed
from backend.domain.records import Json, Row
from backend.domain.statistics.intervals import wilson

AS_IT_IS, SWAPPED = "swap = False", "swap = True"


@dataclass(frozen=True, slots=True)
class GoldPair:
    """A prompt and two outputs, of which one is right. straight, flipped: a judge's verdict with the right output
    first, and second; None where there is none.
    """

    line: int
    prompt: str
    right: str
    wrong: str
    straight: Reading | None
    flipped: Reading | None


@dataclass(frozen=True, slots=True)
class Share:
    """A share with Wilson's interval; all None without trials."""

    right: int
    trials: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Trust:
    """both, wrong, tied, torn: pairs right in both orders, wrong in both, tied in both, and decided by the order.

    right_first, right_second: the accuracy by where the right output stood; what can't be read is not right. summary:
    the accuracy as a win rate, consistency and first-position bias.
    """

    pairs: int
    both: Share
    wrong: int
    tied: int
    torn: int
    right_first: Share
    right_second: Share
    summary: Summary


def gold_pair(row: Row) -> GoldPair:
    """A row: input, output_1, output_2, label (1 or 2), and verdicts. Raises ValueError in words after “line 7: ”.

    Verdicts: LLMBar's results; or winner and winner_swapped, of the pair as it is and with its outputs exchanged, each
    1, 2, tie, or empty for what could not be read.
    """
    prompt, one, two = (words(row.fields, name) for name in ("input", "output_1", "output_2"))
    label = str(row.fields.get("label", "")).strip()
    if label not in ("1", "2"):
        raise ValueError(f"has the label {label!r}; it must be 1 or 2, the right output")
    as_it_is, swapped = verdicts(row.fields)
    if label == "1":
        return GoldPair(row.line, prompt, one, two, as_it_is, swapped)
    return GoldPair(row.line, prompt, two, one, swapped, as_it_is)


def words(fields: Mapping[str, Json], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise ValueError(f"needs {name}, a text; its fields are {', '.join(fields)}")
    return value


def verdicts(fields: Mapping[str, Json]) -> tuple[Reading | None, Reading | None]:
    """(the verdict on the pair as it is, and with its outputs exchanged), each as it was clicked."""
    results = fields.get("results")
    if results is not None:
        if not isinstance(results, Sequence) or len(results) != 1 or not isinstance(results[0], Mapping):
            raise ValueError("needs one entry in its results, with a verdict in each order")
        games = results[0]
        return winner_of(games.get(AS_IT_IS), swapped=False), winner_of(games.get(SWAPPED), swapped=True)
    return said(fields, "winner", swapped=False), said(fields, "winner_swapped", swapped=True)


def said(fields: Mapping[str, Json], name: str, *, swapped: bool) -> Reading | None:
    """What a column says; None without the column."""
    return clicked(fields[name], swapped=swapped) if name in fields else None


def winner_of(game: Json, *, swapped: bool) -> Reading | None:
    """LLMBar names the winner as the pair has it, whatever the order."""
    return clicked(game.get("winner"), swapped=swapped) if isinstance(game, Mapping) else None


def clicked(winner: Json, *, swapped: bool) -> Reading:
    """A winner, 1 or 2 as the pair has them, as what was chosen."""
    word = "" if winner is None else str(winner).strip().lower()
    if word not in ("1", "2", "tie", ""):
        raise ValueError(f"has the winner {word!r}; it must be 1, 2, tie or empty")
    if not word:
        return Reading(None, Unread.FORMAT)
    if word == "tie":
        return Reading(Choice.TIE)
    return Reading(Choice.FIRST if (word == "1") != swapped else Choice.SECOND)


def trust(pairs: Sequence[GoldPair], *, level: float = 0.95) -> Trust:
    """Over pairs with verdicts in both orders."""
    judged = [one for one in pairs if one.straight is not None and one.flipped is not None]
    rows = [Said(str(number), one.straight, one.flipped) for number, one in enumerate(judged)]
    found = summed(rows, orders=Orders.BOTH, rule=Rule.AGREE_ELSE_TIE, level=level)
    tied = sum(one.straight == one.flipped == Reading(Choice.TIE) for one in judged)
    first = sum(one.straight is not None and one.straight.choice == Choice.FIRST for one in judged)
    second = sum(one.flipped is not None and one.flipped.choice == Choice.SECOND for one in judged)
    return Trust(
        pairs=len(judged),
        both=share(found.candidate, len(judged), level),
        wrong=found.baseline,
        tied=tied,
        torn=found.tie - tied,
        right_first=share(first, len(judged), level),
        right_second=share(second, len(judged), level),
        summary=found,
    )


def share(right: int, trials: int, level: float) -> Share:
    """With its interval."""
    if not trials:
        return Share(0, 0, None, None, None)
    low, high = wilson(right, trials, level=level)
    return Share(right, trials, right / trials, low, high)
