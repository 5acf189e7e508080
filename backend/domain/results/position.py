"""What the side on which an output was shown does to the votes: over all, and for each candidate."""

from dataclasses import dataclass

from backend.domain.results.material import Material
from backend.domain.statistics.position import OrderEffect, PositionEffect, order_effects, position_effect


@dataclass(frozen=True, slots=True)
class Position:
    """effect: over all candidates. orders: candidate by order, by name, where it has votes."""

    effect: PositionEffect
    orders: dict[str, OrderEffect]


def position(material: Material) -> Position:
    """Positions of every vote in the seats that open at first."""
    votes = material.opening_votes
    return Position(
        position_effect(votes),
        {material.candidates[one.candidate]: one for one in order_effects(votes)},
    )
