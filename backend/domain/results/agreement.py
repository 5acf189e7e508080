"""How far raters agree, on the seats that open at first: the extra ones exist only where raters disagreed."""

from dataclasses import dataclass

import numpy as np

from backend.domain.results.material import Material
from backend.domain.statistics.agreement import Agreement, agreement
from backend.domain.statistics.rater_agreement import Ceiling, human_ceiling
from backend.domain.statistics.tables import table

CATEGORIES = 3


@dataclass(frozen=True, slots=True)
class AgreementResult:
    """coefficients: over comparisons, clustered by prompt. ceiling: how well one rater predicts the others, which no
    judge can be asked to exceed.
    """

    coefficients: Agreement
    ceiling: Ceiling


def of(material: Material) -> AgreementResult:
    """Agreement on preferences: baseline, tie, candidate."""
    votes = material.opening_votes
    label = (votes.preference + 1).astype(np.int64)
    return AgreementResult(
        agreement(votes.comparison, label, categories=CATEGORIES, cluster=votes.prompt),
        human_ceiling(table(votes.comparison, label, categories=CATEGORIES, cluster=votes.prompt)),
    )
