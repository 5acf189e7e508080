"""Votes on pairs of systems as the columns of a fit, and which systems those votes can rate at all."""

from dataclasses import dataclass

import numpy as np

from backend.domain.statistics.ids import dense
from backend.domain.statistics.preference_likelihood import PreferenceModel
from backend.domain.statistics.votes import Flags, Floats, Integers


@dataclass(frozen=True)
class Design:
    """r distinct rows of n votes, over q pairs of systems.

    pair: shape (r,), codes 0..q-1. incidence: (q, s), +1 and -1 at the pair's two systems; the baseline has no column.
    covariates: (r, p). counts: (r, 3), losses, ties and wins of the row, weighted. votes: (r,), the row's number of
    votes, all of one outcome. row: (n,), the row of each vote.
    """

    pair: Integers
    incidence: Floats
    covariates: Floats
    counts: Floats
    votes: Integers
    row: Integers

    @property
    def parameters(self) -> int:
        """Ratings and coefficients, without the tie parameter."""
        return int(self.incidence.shape[1] + self.covariates.shape[1])

    def differences(self, theta: Floats) -> Floats:
        """The differences d of the rows, shape (r,); theta: ratings, coefficients and perhaps more."""
        ratings = self.incidence.shape[1]
        return (self.incidence @ theta[:ratings])[self.pair] + self.covariates @ theta[ratings : self.parameters]


def designed(
    left: Integers,
    right: Integers,
    outcome: Integers,
    covariates: Floats,
    *,
    systems: int,
    weight: Floats | None = None,
) -> Design:
    """The design of n votes on systems coded 0..systems-1, of which 0 is the baseline, every vote a row of its own.

    outcome: shape (n,), 0 loss of the left system, 1 tie, 2 win. covariates: (n, p). weight: (n,), 1 without.
    """
    key, pair = dense(left * systems + right)
    counts = np.eye(3)[outcome] if weight is None else np.eye(3)[outcome] * weight[:, None]
    ones = np.ones(len(outcome), dtype=np.int64)
    return Design(pair, incidence(key, systems), covariates, counts, ones, np.arange(len(outcome)))


def condensed(left: Integers, right: Integers, outcome: Integers, order: Integers | None, *, systems: int) -> Design:
    """The same with order, coded -1, 0, 1, as the only covariate, or none: never more than 9 rows a pair."""
    shown = np.zeros_like(outcome) if order is None else order
    distinct, row = dense(((left * systems + right) * 3 + shown + 1) * 3 + outcome)
    key, pair = dense(distinct // 9)
    votes = np.bincount(row, minlength=len(distinct))
    counts = np.eye(3)[distinct % 3] * votes[:, None]
    orders = (distinct // 3 % 3 - 1).astype(np.float64)[:, None]
    return Design(pair, incidence(key, systems), orders[:, : int(order is not None)], counts, votes, row)


def incidence(key: Integers, systems: int) -> Floats:
    """+1 at key // systems and -1 at key % systems, one row a key, without the baseline's column."""
    unit = np.eye(systems)
    return np.asarray((unit[key // systems] - unit[key % systems])[:, 1:])


def ratable(
    left: Integers, right: Integers, preference: Integers, model: PreferenceModel, *, systems: int, baseline: int
) -> tuple[tuple[str | None, ...], bool]:
    """(per system, why the votes can't rate it or None; whether ties can be weighed against wins among the others).

    Ratings are finite where a chain of wins leads from a system to the baseline and another one back; a tie is a step
    in both directions, unless ties are left out. A tie parameter needs wins in a circle too, such as both won and
    lost between two systems: otherwise it can grow together with the ratings.
    Source of the condition for wins: L. R. Ford, Am. Math. Monthly 64 (1957) 28-33; with ties it is the same argument
    on the directions in which no vote's probability falls.
    """
    wins = np.zeros((systems, systems), dtype=np.bool_)
    wins[left[preference > 0], right[preference > 0]] = True
    wins[right[preference < 0], left[preference < 0]] = True
    ties = np.zeros_like(wins)
    if model != PreferenceModel.BRADLEY_TERRY_WITHOUT_TIES:
        ties[left[preference == 0], right[preference == 0]] = True
    steps = wins | ties | ties.T
    reach, met = closure(steps), closure(steps | steps.T)
    notes = tuple(
        note(above=bool(reach[one, baseline]), below=bool(reach[baseline, one]), met=bool(met[one, baseline]))
        for one in range(systems)
    )
    kept = np.array([one is None for one in notes])
    among = np.outer(kept, kept)
    apart = model.has_tie_parameter and bool((ties & among).any())
    return notes, not apart or bool((wins & closure(wins & among).T & among).any())


def note(*, above: bool, below: bool, met: bool) -> str | None:
    if above and below:
        return None
    if above:
        return "never beaten by the baseline, directly or through others: its rating has no upper bound"
    if below:
        return "never beat the baseline, directly or through others: its rating has no lower bound"
    if met:
        return "met the baseline only through systems that can't be rated themselves"
    return "no chain of votes links it to the baseline"


def closure(steps: Flags) -> Flags:
    """What can be reached in any number of steps, none included; shape (k, k)."""
    reach = steps | np.eye(len(steps), dtype=np.bool_)
    for _ in range(max(len(steps) - 1, 1).bit_length()):
        reach = reach @ reach
    return reach
