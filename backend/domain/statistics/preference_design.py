"""Votes on pairs of systems as the columns of a fit, and which systems those votes can rate at all."""

from dataclasses import dataclass

import numpy as np

from backend.domain.statistics.ids import dense
from backend.domain.statistics.preference_likelihood import PreferenceModel
from backend.domain.statistics.votes import Flags, Floats, Integers


@dataclass(frozen=True)
class Kinds:
    """The r distinct combinations in n votes, in ascending order; columns of shape (r,).

    left, right: systems. order: -1, 0, 1. preference: -1, 0, 1. votes: how many are of this kind. row: (n,), the kind
    of each vote.
    """

    left: Integers
    right: Integers
    order: Integers
    preference: Integers
    votes: Integers
    row: Integers

    def where(self, kept: Flags) -> "Kinds":
        """The kinds at which the mask of shape (r,) is true, and their votes."""
        row = (np.cumsum(kept) - 1)[self.row[kept[self.row]]]
        return Kinds(self.left[kept], self.right[kept], self.order[kept], self.preference[kept], self.votes[kept], row)


def kinds_of(left: Integers, right: Integers, order: Integers, preference: Integers) -> Kinds:
    """The kinds of n votes; left, right: any integers."""
    (lefts, of_left), (rights, of_right) = dense(left), dense(right)
    distinct, row = dense(((of_left * len(rights) + of_right) * 3 + order + 1) * 3 + preference + 1)
    pair, (shown, outcome) = distinct // 9, np.divmod(distinct % 9, 3)
    at_left, at_right = np.divmod(pair, max(len(rights), 1))
    return Kinds(lefts[at_left], rights[at_right], shown - 1, outcome - 1, np.bincount(row, minlength=len(pair)), row)


@dataclass(frozen=True)
class Design:
    """r distinct rows of n votes, over q pairs of systems.

    pair: shape (r,), codes 0..q-1. incidence: (q, s), +1 and -1 at the pair's two systems; the baseline has no column.
    covariates: (r, p). counts: (r, 3), losses, ties and wins of the row, weighted. votes: (r,), the row's number of
    votes, all of one outcome. row: (n,), the row of each vote; the whole slice where each vote is its own row.
    """

    pair: Integers
    incidence: Floats
    covariates: Floats
    counts: Floats
    votes: Integers
    row: Integers | slice

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
    # whatever is done goes column by column, so columns lie together
    counts = np.eye(3)[:, outcome] if weight is None else np.eye(3)[:, outcome] * weight
    ones = np.ones(len(outcome), dtype=np.int64)
    return Design(pair, incidence(key, systems), np.asfortranarray(covariates), counts.T, ones, slice(None))


def condensed(kinds: Kinds, *, systems: int, with_order: bool) -> Design:
    """The same of votes on systems coded 0..systems-1 with order or nothing beside them: at most 9 rows a pair."""
    key, pair = dense(kinds.left * systems + kinds.right)
    counts = np.eye(3)[kinds.preference + 1] * kinds.votes[:, None]
    orders = kinds.order.astype(np.float64)[:, None][:, : int(with_order)]
    return Design(pair, incidence(key, systems), orders, counts, kinds.votes, kinds.row)


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
