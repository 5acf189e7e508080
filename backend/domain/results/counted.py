"""Which votes count: those inside the beginning of a batch that was closed early, without excluded raters'.

Whoever shows a number of a batch takes its votes from here, so that no two pages count different ones.
"""

from dataclasses import dataclass

from backend.domain.results import exclusions, prefix
from backend.domain.results.exclusions import ExcludedRater
from backend.domain.results.material import Material, in_order
from backend.domain.results.prefix import Prefix


@dataclass(frozen=True, slots=True)
class Counted:
    """material: what results rest on. everybody: the same with the votes of excluded raters."""

    material: Material
    everybody: Material
    prefix: Prefix
    excluded: tuple[ExcludedRater, ...]


def counted(given: Material) -> Counted:
    """The votes that count, by comparison and seat."""
    everybody, beginning = prefix.analysed(in_order(given))
    material, excluded = exclusions.apply(everybody)
    return Counted(material, everybody, beginning, excluded)
