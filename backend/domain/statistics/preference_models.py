"""Ratings of systems from votes on pairs: Bradley–Terry, Davidson and Rao–Kupper, with order and style beside them.

A rating is the logarithm of odds against the baseline, whose rating is 0. What the votes can't rate, because a system
never lost, never won or never met the others, is named and left out instead of growing without bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from backend.domain.statistics.ids import dense
from backend.domain.statistics.influence import Clusters, clusters
from backend.domain.statistics.preference_design import Design, Kinds, condensed, designed, kinds_of, ratable
from backend.domain.statistics.preference_estimates import ORDER, Coefficient, Numbers, coefficients, numbers_of
from backend.domain.statistics.preference_fit import NoMaximumError, covariance, maximise
from backend.domain.statistics.preference_likelihood import PreferenceModel, natural
from backend.domain.statistics.votes import Flags, Floats, Integers, Votes


@dataclass(frozen=True)
class PairVotes:
    """n votes on pairs of systems; every column of shape (n,), but style of shape (n, p).

    left, right: systems, any integers, never equal. preference: +1 left, 0 tie, -1 right. order: +1 left was shown
    first, -1 second, 0 unknown. style: scaled differences, left less right; p may be 0. prompt, rater: any integers.
    """

    left: Integers
    right: Integers
    preference: Integers
    order: Integers
    prompt: Integers
    rater: Integers
    style: Floats

    def where(self, mask: Flags) -> "PairVotes":
        """The votes at which the mask of shape (n,) is true."""
        return PairVotes(**{name: getattr(self, name)[mask] for name in PairVotes.__dataclass_fields__})


@dataclass(frozen=True)
class Prepared:
    """Votes on pairs with their kinds and their clusters, which every model needs."""

    votes: PairVotes
    kinds: Kinds
    clusters: Clusters

    def where(self, kept: Flags) -> "Prepared":
        """The votes of the kinds at which the mask of shape (kinds,) is true."""
        if kept.all():
            return self
        votes = self.votes.where(kept[self.kinds.row])
        return Prepared(votes, self.kinds.where(kept), clusters(votes.prompt, votes.rater))

    def with_style(self, style: Floats) -> "Prepared":
        """The same votes with other style differences, shape (n, p)."""
        return replace(self, votes=replace(self.votes, style=style))


@dataclass(frozen=True, slots=True)
class RatedSystem:
    """One system. rank 1 is the best; rank_low and rank_high hold its rank at `level`. note: why there is no rating."""

    system: int
    votes: int
    rating: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    rank: int | None
    rank_low: int | None
    rank_high: int | None
    note: str | None


@dataclass(frozen=True, slots=True)
class PreferenceFit:
    """Ratings against the baseline, ordered by system. tie_parameter: Davidson's v or Rao–Kupper's t.

    votes: those the ratings rest on; left_out: those with a system that can't be rated, and ties where the model leaves
    them out. problem: why nothing was estimated, else None.
    """

    model: str
    baseline: int
    ratings: tuple[RatedSystem, ...]
    coefficients: tuple[Coefficient, ...]
    tie_parameter: float | None
    log_likelihood: float | None
    votes: int
    left_out: int
    level: float
    method: str
    prompts: int
    raters: int
    degrees_of_freedom: float | None
    problem: str | None


def against_baseline(votes: Votes, *, baseline: int) -> PairVotes:
    """The votes of a batch as votes on pairs, without style. baseline: an id that no candidate has.

    Raises ValueError when a candidate has the baseline's id.
    """
    if (votes.candidate == baseline).any():
        raise ValueError("a candidate can't have the baseline's id")
    return PairVotes(
        left=votes.candidate,
        right=np.full(len(votes), baseline, dtype=np.int64),
        preference=votes.preference,
        order=np.where(votes.flipped < 0, 0, 1 - 2 * votes.flipped),
        prompt=votes.prompt,
        rater=votes.rater,
        style=np.zeros((len(votes), 0)),
    )


def prepared(votes: PairVotes) -> Prepared:
    """What models have in common, once for all of them."""
    kinds = kinds_of(votes.left, votes.right, votes.order, votes.preference)
    return Prepared(votes, kinds, clusters(votes.prompt, votes.rater))


def rate(
    known: Prepared,
    *,
    model: PreferenceModel,
    baseline: int,
    style_names: Sequence[str] = (),
    with_order: bool = True,
    level: float = 0.95,
    seed: int = 0,
) -> PreferenceFit:
    """Ratings of all systems with the order of outputs and style differences as covariates.

    Intervals hold for new prompts and new raters (a sandwich over both), rank intervals come from 10,000 seeded draws
    of all ratings together. Order is left out where it never varied, a style that never differed too.
    Raises ValueError when the baseline has no votes.
    """
    kinds = known.kinds
    systems, left, right = systems_of(kinds, baseline)
    notes, ties_weighed = ratable(left, right, kinds.preference, model, systems=len(systems), baseline=0)
    rated = np.array([note is None for note in notes])
    kept, code = rated[left] & rated[right], np.cumsum(rated) - 1
    if model == PreferenceModel.BRADLEY_TERRY_WITHOUT_TIES:
        kept &= kinds.preference != 0
    used = known.where(kept)
    found = used.clusters
    coded = replace(used.kinds, left=code[left[kept]], right=code[right[kept]])
    names, design = columns(used.votes, coded, int(rated.sum()), style_names, with_order=with_order)
    problem = reason(rated, ties_weighed, found)
    fit, numbers = None, None
    effects: tuple[Coefficient, ...] = ()
    if problem is None:
        try:
            best = maximise(design, model)
            spread = covariance(best, found)
            numbers = numbers_of(best, spread, found.degrees_of_freedom, level=level, seed=seed)
            effects = coefficients(best, spread, names, found.degrees_of_freedom, level=level)
            fit = best
        except NoMaximumError as none:
            problem = str(none)
    totals = np.bincount(np.concatenate([left, right]), np.tile(kinds.votes, 2)).astype(np.int64)
    return PreferenceFit(
        model=model,
        baseline=baseline,
        ratings=tabulated(systems, totals, notes, numbers),
        coefficients=effects,
        tie_parameter=natural(model, fit.tie) if fit and model.has_tie_parameter else None,
        log_likelihood=fit.log_likelihood if fit else None,
        votes=len(used.votes.left) if fit else 0,
        left_out=len(known.votes.left) - (len(used.votes.left) if fit else 0),
        level=level,
        method=found.method if fit else "no estimate",
        prompts=found.prompts,
        raters=found.raters,
        degrees_of_freedom=found.degrees_of_freedom if fit else None,
        problem=problem,
    )


def systems_of(kinds: Kinds, baseline: int) -> tuple[Integers, Integers, Integers]:
    """(the systems, the baseline first; the place among them of each kind's left and right system)."""
    found, place = dense(np.concatenate([kinds.left, kinds.right]))
    if baseline not in found:
        raise ValueError("the baseline has no votes")
    at = int(np.searchsorted(found, baseline))
    moved = np.where(place == at, 0, place + (place < at))
    systems = np.concatenate([found[at : at + 1], found[:at], found[at + 1 :]])
    return systems, moved[: len(kinds.left)], moved[len(kinds.left) :]


def reason(rated: Flags, ties_weighed: bool, found: Clusters) -> str | None:
    """Why nothing can be estimated, if so."""
    if rated.sum() < 2:
        return "no system can be rated against the baseline"
    if not ties_weighed:
        return "no two systems both beat each other, so ties can't be weighed against wins"
    return None if found.prompts > 1 else "one prompt says nothing about others"


def columns(
    votes: PairVotes, kinds: Kinds, systems: int, style_names: Sequence[str], *, with_order: bool
) -> tuple[tuple[str, ...], Design]:
    """(names of the covariates that vary, the design with them). kinds: of these votes, their systems coded."""
    ordered = with_order and len(kinds.order) > 0 and bool(np.ptp(kinds.order))
    varied = [bool(column.any()) for column in votes.style.T]
    names = tuple(name for name, one in zip(style_names, varied, strict=True) if one)
    names = (ORDER, *names) if ordered else names
    if not any(varied):
        return names, condensed(kinds, systems=systems, with_order=ordered)
    order = votes.order[:, None].astype(np.float64)[:, : int(ordered)]
    covariates = np.concatenate([order, votes.style[:, varied]], axis=1)
    left, right = kinds.left[kinds.row], kinds.right[kinds.row]
    return names, designed(left, right, votes.preference + 1, covariates, systems=systems)


def tabulated(
    systems: Integers, totals: Integers, notes: tuple[str | None, ...], numbers: Numbers | None
) -> tuple[RatedSystem, ...]:
    """One row a system, ordered by its id."""
    rows, at = [], 0
    for system, total, note in zip(systems.tolist(), totals.tolist(), notes, strict=True):
        if note is not None or numbers is None:
            rows.append(RatedSystem(system, total, None, None, None, None, None, None, None, note))
            continue
        value, half = float(numbers.rating[at]), float(numbers.half[at])
        error, (rank, low, high) = float(numbers.error[at]), numbers.ranks[at].tolist()
        rows.append(RatedSystem(system, total, value, error, value - half, value + half, rank, low, high, None))
        at += 1
    return tuple(sorted(rows, key=lambda row: row.system))
