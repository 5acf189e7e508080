"""A small study as a batch knows it, and foreign files about it. Knows no test."""

from collections.abc import Sequence

from backend.domain.collected import Collected
from backend.domain.foreign.cells import cells
from backend.domain.foreign.lens import Lens
from backend.domain.foreign.proposal import Proposal, propose
from backend.domain.foreign.reading import collected
from backend.domain.foreign.recognition import Known, known
from backend.domain.foreign.submissions import Submissions
from backend.domain.mapping import ColumnMapping
from backend.domain.records import Row
from tests import exports

BASE, CAND, THIRD = "chatgpt", "vicuna-13b", "alpaca-13b"
NUMBERS = range(1, 5)
RATERS = ("AAA", "ABB", "ACC")


def text_of(system: str, number: int) -> str:
    return f"{system[0]} says “{number}” & more.\nSecond line."


def study(*candidates: str) -> Known:
    """Four prompts, and two lines from each system on each."""
    systems = (BASE, *(candidates or (CAND,)))
    return known(
        baseline=BASE,
        candidates=systems[1:],
        prompts=[(str(number), f"Question {number}?") for number in NUMBERS],
        outputs=[(str(number), system, text_of(system, number)) for number in NUMBERS for system in systems],
    )


def proposed(rows: Sequence[exports.Row], known: Known | None = None, panel: Submissions | None = None) -> Proposal:
    """What is proposed for these rows of a file."""
    told = [cells(Row(number, row)) for number, row in enumerate(rows, start=2)]
    header = dict.fromkeys(name for row in told for name in row)
    return propose(header, told, known or study(), panel)


def read(row: exports.Row, mapping: ColumnMapping, known: Known | None = None, **lens: object) -> Collected:
    """One row, read through a mapping."""
    return collected(Lens(mapping, known or study(), **lens), 2, cells(Row(2, row)))
