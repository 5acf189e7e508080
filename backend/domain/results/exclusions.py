"""Applies the exclusion rules that were declared before the launch: whole raters, never by which system they chose."""

from dataclasses import dataclass, replace

import numpy as np

from backend.domain.checks import FAILED, KINDS, NOT_JUDGED, CheckKind
from backend.domain.results import grouped
from backend.domain.results.material import Material
from backend.domain.rules import Exclusion, ExclusionKind
from backend.domain.settings import StudySettings
from backend.domain.statistics.ids import medians
from backend.domain.statistics.votes import Floats, Integers


@dataclass(frozen=True, slots=True)
class ExcludedRater:
    """A rater whose votes count in no headline: the rule, what was found on how many observations, and the votes."""

    rater: str
    kind: str
    limit: float
    found: float
    observations: int
    votes: int


def apply(material: Material) -> tuple[Material, tuple[ExcludedRater, ...]]:
    """The material without the votes of excluded raters, and who they are. Without rules nobody is."""
    found = tuple(one for rule in material.settings.exclusions for one in caught(material, rule))
    if not found:
        return material, ()
    out = np.isin(np.array(material.raters), [one.rater for one in found])
    return replace(material, votes=material.votes.where(~out[material.votes.rater])), found


def asks_vendors(settings: StudySettings) -> bool:
    """Whether a declared rule looks at what vendors have confirmed."""
    return any(rule.kind == ExclusionKind.UNCONFIRMED for rule in settings.exclusions)


def caught(material: Material, rule: Exclusion) -> list[ExcludedRater]:
    """The raters beyond this rule's limit, in the order of their pseudonyms."""
    value, observations = measured(material, rule.kind)
    votes = np.bincount(material.votes.rater, minlength=len(material.raters))
    with np.errstate(invalid="ignore"):
        beyond = (observations >= rule.least) & (value > rule.limit)
    return [
        ExcludedRater(
            material.raters[rater],
            rule.kind,
            rule.limit,
            float(value[rater]),
            int(observations[rater]),
            int(votes[rater]),
        )
        for rater in np.flatnonzero(beyond).tolist()
    ]


def measured(material: Material, kind: ExclusionKind) -> tuple[Floats, Integers]:
    """(what the rule looks at, observations behind it), each of shape (raters,)."""
    raters, votes, checks = len(material.raters), material.votes, material.checks
    if kind in (ExclusionKind.FAILED_CHECKS, ExclusionKind.INCONSISTENT):
        repeats = checks.kinds == KINDS.index(CheckKind.REPEAT)
        asked = (checks.marks != NOT_JUDGED) & (repeats == (kind == ExclusionKind.INCONSISTENT))
        return grouped.shares(checks.raters, checks.marks == FAILED, asked, raters)
    if kind == ExclusionKind.TOO_FAST:
        pace = words_a_minute(material)
        return medians(pace, votes.rater, raters), grouped.counts(votes.rater, ~np.isnan(pace), raters)
    if kind == ExclusionKind.UNCONFIRMED:
        rated = material.confirmations.rated
        return np.where(rated > 0, material.confirmations.unconfirmed / np.maximum(rated, 1), np.nan), rated
    decisive = (votes.preference != 0) & (votes.flipped >= 0)
    first = (votes.preference == 1) == (votes.flipped == 0)
    share, total = grouped.shares(votes.rater, first, decisive, raters)
    return np.maximum(share, 1 - share), total


def words_a_minute(material: Material) -> Floats:
    """Words of both outputs over the active time of each vote, nan where the time is unknown; shape (votes,)."""
    seconds = material.votes.seconds
    words = material.launched.words[material.votes.comparison]
    return np.where(seconds > 0, 60.0 * words / np.where(seconds > 0, seconds, 1.0), np.nan)
