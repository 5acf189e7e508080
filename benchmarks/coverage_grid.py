"""The grid of the coverage simulation: its cells, the true value in each, what a cell came to, and the gates."""

import itertools
from dataclasses import dataclass

from scipy import stats

SEATS, LEVEL, LATENT_MEAN, TIE_BAND = 3, 0.95, 0.2, 0.33
FEW = 20  # below this many raters the lower gate holds
GATE, GATE_FEW = (0.92, 0.98), (0.90, 1.0)
METHODS = ("moments", "cluster_robust", "pigeonhole", "naive")


@dataclass(frozen=True, order=True)
class Cell:
    """One point of the grid. Correlations are of the latent scale; load is equal or skewed."""

    load: str
    raters: int
    prompts: int
    rater_icc: float
    prompt_icc: float

    def seed(self, seed: int) -> list[int]:
        """What the cell's generator starts from: no other cell has it, whichever cells are run."""
        whole = [round(100 * icc) for icc in (self.prompt_icc, self.rater_icc)]
        return [seed, self.prompts, self.raters, *whole, int(self.load == "skewed")]


@dataclass(frozen=True)
class Found:
    """What the runs of a cell came to: for each method the share of intervals that hold the truth, and mean width."""

    cell: Cell
    runs: int
    effective_raters: float
    coverage: dict[str, float]
    width: dict[str, float]

    @property
    def gate(self) -> tuple[float, float]:
        return GATE_FEW if self.cell.raters < FEW else GATE

    @property
    def passes(self) -> bool:
        low, high = self.gate
        return low <= self.coverage["moments"] <= high


def grid() -> list[Cell]:
    axes = (("equal", "skewed"), (5, 10, 20, 70), (30, 100, 300), (0.0, 0.05, 0.15), (0.1, 0.3))
    return [Cell(*point) for point in itertools.product(*axes)]


def truth() -> float:
    """The mean score of a new rater on a new prompt, exactly: the latent score is normal with variance 1."""
    return float((stats.norm.sf(TIE_BAND, LATENT_MEAN) + stats.norm.sf(-TIE_BAND, LATENT_MEAN)) / 2)


def score_icc(latent: float) -> float:
    """The correlation of two scores whose latent scores correlate so much, by the bivariate normal distribution."""
    edges = [(-TIE_BAND) - LATENT_MEAN, TIE_BAND - LATENT_MEAN]

    def covariance(correlation: float) -> float:
        both = stats.multivariate_normal(cov=[[1.0, correlation], [correlation, 1.0]], allow_singular=True)
        return sum(float(both.cdf([a, b])) - float(stats.norm.cdf(a) * stats.norm.cdf(b)) for a in edges for b in edges)

    return covariance(latent) / covariance(1.0)


def tie_share() -> float:
    return float(stats.norm.cdf(TIE_BAND, LATENT_MEAN) - stats.norm.cdf(-TIE_BAND, LATENT_MEAN))
