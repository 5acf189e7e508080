"""How much of each candidate's lead goes with style: length, lists, bold, headers; and of its gain over its base."""

from dataclasses import dataclass

from backend.domain.features import DIFFERENCES, differences
from backend.domain.results.candidates import opening
from backend.domain.results.material import Material
from backend.domain.statistics.ids import dense
from backend.domain.statistics.style import Decomposition, StyleResult, decompose, gain
from backend.domain.statistics.style_overlap import Overlap, overlaps
from backend.domain.statistics.votes import Floats, Votes


@dataclass(frozen=True, slots=True)
class CandidateStyle:
    """result: the lead over the baseline. gain: what it has over the base that was declared, None for that base itself
    or where none was declared. overlap: how often outputs of about equal style were compared, for each difference.
    """

    result: StyleResult
    gain: Decomposition | None
    overlap: tuple[Overlap, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """scale: what one unit of each difference is, the root mean square over all comparisons. base: whose gain is
    decomposed.
    """

    scale: dict[str, float]
    base: str | None
    candidates: dict[str, CandidateStyle]


def style(material: Material) -> Style:
    """Every candidate with votes."""
    launched = material.launched
    found = differences(launched.candidate_style, launched.baseline_style)
    raw = found.raw
    base = material.settings.analysis.base
    base_code = material.candidates.index(base) if base in material.candidates else None
    rated = dense(material.votes.candidate)[0].tolist()
    return Style(
        scale=dict(zip(DIFFERENCES, found.scale.tolist(), strict=True)),
        base=base if base_code is not None else None,
        candidates={
            material.candidates[code]: of_candidate(
                material, found.values, raw[launched.candidate == code], code, base_code
            )
            for code in rated
        },
    )


def of_candidate(material: Material, values: Floats, raw: Floats, code: int, base: int | None) -> CandidateStyle:
    """values: scaled differences of every comparison; raw: unscaled ones of the candidate's own."""
    votes, styles = own(material, values, code)
    over_base = None if base is None or base == code else gain(votes, styles, *own(material, values, base))
    return CandidateStyle(decompose(votes, styles, DIFFERENCES), over_base, overlaps(raw))


def own(material: Material, values: Floats, code: int) -> tuple[Votes, Floats]:
    """(a candidate's votes, the style differences of each)."""
    votes = opening(material, code)
    return votes, values[votes.comparison]
