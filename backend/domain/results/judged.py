"""What judges said of a batch's comparisons, as material: readings by place. Computes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.domain.judging.orders import Orders, Rule
from backend.domain.judging.parsing import Reading


@dataclass(frozen=True, slots=True)
class Said:
    """A judge's verdict on one comparison in one order. comparison: its place in launch order.

    answered_by: another model than the one that was asked; empty where it was that one, or nobody knows.
    """

    comparison: int
    flipped: bool
    reading: Reading
    answered_by: str = ""


@dataclass(frozen=True, slots=True)
class JudgeMaterial:
    """One judge. model: what was asked; empty where nobody knows."""

    name: str
    template: str
    model: str
    orders: Orders
    rule: Rule
    said: Sequence[Said]
