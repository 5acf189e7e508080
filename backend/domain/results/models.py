"""Models of preferences and of raters, beside plain counting; they never replace the votes.

All are fitted to the seats that open at first.
"""

from dataclasses import dataclass

import numpy as np

from backend.domain.features import DIFFERENCES, differences
from backend.domain.results.material import Material
from backend.domain.statistics.dawid_skene import dawid_skene
from backend.domain.statistics.glad import glad
from backend.domain.statistics.mace import mace
from backend.domain.statistics.preference_likelihood import PreferenceModel
from backend.domain.statistics.preference_models import PreferenceFit, against_baseline, prepared, rate
from backend.domain.statistics.rater_models import Competence, Shares, competences, shares
from backend.domain.statistics.votes import Floats

CATEGORIES = 3
MOST_FOR_RATER_MODELS = 200_000


@dataclass(frozen=True, slots=True)
class Models:
    """systems: the names of the fits' systems by number, the baseline last. fits: with order as a covariate.
    at_equal_style: Davidson's model with style differences too. shares: of labels 0 baseline, 1 tie, 2 candidate, by
    candidate's number. competences: by rater's number. rater_models_left_out: more votes than they are fitted to.
    """

    systems: tuple[str, ...]
    fits: dict[str, PreferenceFit]
    at_equal_style: PreferenceFit | None
    shares: tuple[Shares, ...]
    competences: tuple[Competence, ...]
    rater_models_left_out: bool


def models(material: Material) -> Models:
    """Every model; none of them without votes."""
    systems = (*material.candidates, material.baseline)
    if not len(material.opening_votes):
        return Models(systems, {}, None, (), (), rater_models_left_out=False)
    found_shares, found_competences = of_raters(material)
    baseline, seed = len(material.candidates), material.seed
    pairs = prepared(against_baseline(material.opening_votes, baseline=baseline))
    styles = pairs.with_style(styled(material))
    return Models(
        systems,
        {str(model): rate(pairs, model=model, baseline=baseline, seed=seed) for model in PreferenceModel},
        rate(styles, model=PreferenceModel.DAVIDSON, baseline=baseline, style_names=DIFFERENCES, seed=seed),
        found_shares,
        found_competences,
        rater_models_left_out=len(material.opening_votes) > MOST_FOR_RATER_MODELS,
    )


def styled(material: Material) -> Floats:
    """The style differences of each vote, shape (votes, 4)."""
    launched = material.launched
    return differences(launched.candidate_style, launched.baseline_style).values[material.opening_votes.comparison]


def of_raters(material: Material) -> tuple[tuple[Shares, ...], tuple[Competence, ...]]:
    """Dawid–Skene, GLAD and MACE on every vote; nothing where there are more than anybody would wait for."""
    votes = material.opening_votes
    if len(votes) > MOST_FOR_RATER_MODELS:
        return (), ()
    label = (votes.preference + 1).astype(np.int64)
    fitted = (
        dawid_skene(votes.comparison, votes.rater, label, categories=CATEGORIES),
        glad(votes.comparison, votes.rater, label, categories=CATEGORIES),
        mace(votes.comparison, votes.rater, label, categories=CATEGORIES),
    )
    return shares(votes.comparison, label, votes.candidate, *fitted), competences(votes.rater, *fitted)
