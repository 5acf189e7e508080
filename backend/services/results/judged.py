"""Human votes with a judge's scores: the few prompts that people rated, and all that a judge did. Stores nothing.

A batch that was launched on a part of its study's prompts has them drawn by its seed, before anybody rated or judged:
that is what lets the judge's scores of the others narrow the interval without bending it. The votes are those that the
results rest on.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.studies import Prompt
from backend.domain.choices import Preference
from backend.domain.records import Json
from backend.domain.results.candidates import opening
from backend.domain.results.counted import counted
from backend.domain.results.material import Material
from backend.domain.statistics.intervals import Interval, over_prompts
from backend.domain.statistics.ppi import PredictionPowered, by_prompt, estimate
from backend.errors import Invalid
from backend.services.rating.collected import PROMPT_COLUMNS, needed, one_of, words
from backend.services.results.material import gather
from backend.services.studies import sealing
from backend.services.studies.files import Source, rows

SCORES = {Preference.CANDIDATE: 1.0, Preference.TIE: 0.5, Preference.BASELINE: 0.0}
Scores = Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class WithJudge:
    """A candidate's win rate by its votes alone, and with the judge's scores beside them."""

    candidate: str
    votes: Interval
    with_judge: PredictionPowered


def combine(session: Session, batch: Batch, source: Source, *, key: str) -> list[WithJudge]:
    """Every candidate with votes. Raises Invalid, with file and line, for a file that can't be used."""
    sealing.refuse_sealed(session, batch)
    material = counted(gather(session, batch, key=key)).material
    known = set(session.scalars(select(Prompt.key).where(Prompt.study_id == batch.study_id)))
    scores = scores_of(source, known, list(material.candidates))
    return [combined(material, code, scores, source.label) for code in range(len(material.candidates))]


def combined(material: Material, code: int, scores: Scores, label: str) -> WithJudge:
    """One candidate. Prompts that people rated are told from the others by having a vote."""
    votes, name = opening(material, code), material.candidates[code]
    rated = [material.prompts[prompt] for prompt in np.unique(votes.prompt).tolist()]
    if missing := [prompt for prompt in rated if (prompt, name) not in scores]:
        raise Invalid(f"{label} has no score of {name} at prompt {missing[0]}, which people rated.")
    in_batch = {material.prompts[one] for one in material.launched.prompt[material.launched.candidate == code].tolist()}
    others = [score for (prompt, candidate), score in scores.items() if candidate == name and prompt not in in_batch]
    try:
        found = estimate(
            by_prompt(votes.win_scores, votes.prompt),
            np.array([scores[prompt, name] for prompt in rated]),
            np.array(others),
        )
    except ValueError as error:
        raise Invalid(
            f"{name} can't be estimated with {label}: {error}. The judge must score prompts that nobody rated, so "
            "launch the batch on a part of the prompts."
        ) from None
    return WithJudge(name, over_prompts(votes.win_scores, votes.prompt, votes.rater), found)


def scores_of(source: Source, prompts: set[str], candidates: list[str]) -> Scores:
    """(prompt, candidate) -> the judge's win score, the mean where it gave several, as in both orders."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for place, score in understood(source, prompts, candidates):
        found[place].append(score)
    return {place: float(np.mean(given)) for place, given in found.items()}


def understood(source: Source, prompts: set[str], candidates: list[str]) -> Iterator[tuple[tuple[str, str], float]]:
    for row in rows(source):
        try:
            yield place_of(row.fields, prompts, candidates), score_of(row.fields)
        except ValueError as error:
            raise Invalid(f"{source.label}, line {row.line}: {error}.") from None


def place_of(fields: Mapping[str, Json], prompts: set[str], candidates: list[str]) -> tuple[str, str]:
    """What a row is about; ValueError in words that follow “line 7: ”."""
    prompt, candidate = needed(fields, PROMPT_COLUMNS), words(fields, "candidate")
    if prompt not in prompts:
        raise ValueError(f"prompt {prompt!r} is not in this study")
    if not candidate and len(candidates) > 1:
        raise ValueError(f"needs a candidate, since the batch has {', '.join(candidates)}")
    if candidate and candidate not in candidates:
        raise ValueError(f"candidate {candidate!r} is not in this batch; it has {', '.join(candidates)}")
    return prompt, candidate or candidates[0]


def score_of(fields: Mapping[str, Json]) -> float:
    """The score of a row, or that of its preference."""
    if preferred := words(fields, "preference"):
        return SCORES[one_of(Preference, "preference", preferred)]
    given = words(fields, "score")
    if not given:
        raise ValueError("needs a preference (candidate, tie, baseline) or a score from 0 to 1")
    try:
        score = float(given)
    except ValueError:
        raise ValueError(f"score is {given!r}; it must be a number from 0 to 1") from None
    if not 0 <= score <= 1:
        raise ValueError(f"score is {given}; it must be between 0 (the baseline) and 1 (the candidate)")
    return score
