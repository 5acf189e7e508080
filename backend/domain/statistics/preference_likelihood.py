"""How probable a win, a tie and a loss are at a difference d of two ratings, and the slopes that a fit needs.

Three models, all with a concave log-likelihood in (d, tie parameter):
    Bradley–Terry   P(win) = s(d); ties are half a win and half a loss, or are left out
    Davidson        P(win) : P(tie) : P(loss) = e^(d/2) : v : e^(-d/2),  tie parameter log v
    Rao–Kupper      P(win) = s(d - h), P(loss) = s(-d - h), the rest ties,  tie parameter h = log t > 0
with s(x) = 1 / (1 + e^-x). Sources: R. A. Bradley, M. E. Terry, Biometrika 39 (1952) 324-345; R. R. Davidson,
J. Am. Stat. Assoc. 65 (1970) 317-328; P. V. Rao, L. L. Kupper, J. Am. Stat. Assoc. 62 (1967) 194-204.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import exp, expm1, log, sinh

import numpy as np
from scipy.special import expit, log_expit

from backend.domain.statistics.votes import Floats


class PreferenceModel(StrEnum):
    """What is made of ties: half a win and half a loss, nothing, or an outcome of their own in one of two ways."""

    BRADLEY_TERRY = "Bradley–Terry, ties as half"
    BRADLEY_TERRY_WITHOUT_TIES = "Bradley–Terry, ties left out"
    DAVIDSON = "Davidson"
    RAO_KUPPER = "Rao–Kupper"

    @property
    def has_tie_parameter(self) -> bool:
        """Ties are an outcome of their own."""
        return self in (PreferenceModel.DAVIDSON, PreferenceModel.RAO_KUPPER)


@dataclass(frozen=True)
class Slopes:
    """The log-likelihood of r rows and its derivatives by d (shape (r,)) and by the tie parameter t (r,).

    dd, dt, tt: the second derivatives with the sign turned: information; each (r,).
    """

    log_likelihood: float
    d: Floats
    t: Floats
    dd: Floats
    dt: Floats
    tt: Floats


def slopes(model: PreferenceModel, difference: Floats, tie: float | None, counts: Floats) -> Slopes:
    """The slopes at differences (r,) for counts (r, 3) of losses, ties and wins; counts may be fractional.

    tie: the tie parameter; None stands for a model that never gives a tie, for votes without ties.
    """
    losses, ties, wins = counts.T
    if tie is None or not model.has_tie_parameter:
        half = ties / 2 if model == PreferenceModel.BRADLEY_TERRY else np.zeros_like(ties)
        return of_bradley_terry(difference, wins + half, losses + half)
    of_model = of_davidson if model == PreferenceModel.DAVIDSON else of_rao_kupper
    return of_model(difference, tie, losses, ties, wins)


def of_bradley_terry(difference: Floats, wins: Floats, losses: Floats) -> Slopes:
    win = expit(difference)
    value = float(wins @ log_expit(difference) + losses @ log_expit(-difference))
    nothing = np.zeros_like(win)
    information = (wins + losses) * win * (1 - win)
    return Slopes(value, wins * (1 - win) - losses * win, nothing, information, nothing, nothing)


def of_davidson(difference: Floats, tie: float, losses: Floats, ties: Floats, wins: Floats) -> Slopes:
    votes = losses + ties + wins
    total = log_total(difference, tie)
    loss, even, win = shared(difference, tie, total)
    contrast = win - loss
    return Slopes(
        float((wins - losses) @ difference) / 2 + tie * float(ties.sum()) - float(votes @ total),
        (wins - losses - votes * contrast) / 2,
        ties - votes * even,
        votes * (win + loss - contrast**2) / 4,
        -votes * contrast * even / 2,
        votes * even * (1 - even),
    )


def davidson_probabilities(difference: Floats, tie: float) -> tuple[Floats, Floats, Floats]:
    """(P(loss), P(tie), P(win)) at differences of any shape, each of that shape; tie is log v, -inf for no ties."""
    return shared(difference, tie, log_total(difference, tie))


def shared(difference: Floats, tie: float, total: Floats) -> tuple[Floats, Floats, Floats]:
    return np.exp(-difference / 2 - total), np.exp(tie - total), np.exp(difference / 2 - total)


def log_total(difference: Floats, tie: float) -> Floats:
    """log(e^(d/2) + v + e^(-d/2)), without overflow; written out, since logaddexp takes ten times as long."""
    half = np.abs(difference) / 2
    most = np.maximum(half, tie)
    return np.asarray(most + np.log(np.exp(half - most) + np.exp(tie - most) + np.exp(-half - most)))


def of_rao_kupper(difference: Floats, tie: float, losses: Floats, ties: Floats, wins: Floats) -> Slopes:
    """P(tie) = P(win) P(loss) (e^(2h) - 1) makes a tie a win, a loss and a constant. h has to be positive."""
    beyond, short = wins + ties, losses + ties
    win, loss = expit(difference - tie), expit(-difference - tie)
    value = float(beyond @ log_expit(difference - tie) + short @ log_expit(-difference - tie))
    of_win, of_loss = beyond * win * (1 - win), short * loss * (1 - loss)
    return Slopes(
        value + float(ties.sum()) * log(expm1(2 * tie)),
        beyond * (1 - win) - short * (1 - loss),
        -2 * ties / expm1(-2 * tie) - beyond * (1 - win) - short * (1 - loss),
        of_win + of_loss,
        of_loss - of_win,
        of_win + of_loss + ties / sinh(tie) ** 2,
    )


def first_tie_parameter(model: PreferenceModel, share: float) -> float:
    """The tie parameter at which equal systems tie with this share, 0 < share < 1: where a fit starts."""
    if model == PreferenceModel.DAVIDSON:
        return log(2 * share / (1 - share))
    return log((1 + share) / (1 - share))


def natural(model: PreferenceModel, tie: float | None) -> float:
    """v or t as papers give them, from the parameter of the fit; without ties 0 for Davidson and 1 for Rao–Kupper."""
    if tie is None:
        return 0.0 if model == PreferenceModel.DAVIDSON else 1.0
    return exp(tie)
