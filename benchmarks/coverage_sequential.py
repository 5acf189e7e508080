"""How often always-valid intervals hold while somebody looks after every prompt; writes docs/coverage-sequential.md.

    python -m benchmarks.coverage_sequential [runs]        2,000 runs a cell by default, about a quarter of an hour

Votes come from a latent scale: a prompt's effect, a rater's effect and the rest, with variance 1 in all, cut into loss,
tie and win. A run counts as held only when every interval of its sequence holds the target.
"""

import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.random import Generator
from scipy import stats

from backend.domain.statistics.betting import ConfidenceSequence, hedged
from backend.domain.statistics.mixtures import normal_sequence
from backend.domain.statistics.votes import Floats, Integers

RUNS, PROMPTS, SEATS, SEED = 2_000, 300, 3, 2023
GOAL = 0.95
LEAN, TIE = 0.13, 0.319  # a win rate of about .55 and a quarter of ties
FIRST_LOOK = 30
PROMPT_ICCS, RATER_ICCS, PANELS = (0.1, 0.3), (0.0, 0.05, 0.15), (5, 20, 70)
PAGE = Path(__file__).parents[1] / "docs" / "coverage-sequential.md"


@dataclass(frozen=True)
class Cell:
    """One setting of the simulation: intraclass correlations on the latent scale, and how many raters are enrolled."""

    prompt_icc: float
    rater_icc: float
    raters: int

    def expected(self, lean: Floats | float, variance: float) -> Floats:
        """The mean score of votes whose latent values are normal around `lean`."""
        spread = variance**0.5
        won, not_lost = stats.norm.sf((TIE - lean) / spread), stats.norm.sf((-TIE - lean) / spread)
        return np.asarray((won + not_lost) / 2)

    def panel_target(self, raters: Floats) -> float:
        """The mean over all prompts and over these raters, whose effects have shape (raters,)."""
        return float(self.expected(LEAN + raters, 1 - self.rater_icc).mean())

    def population_target(self) -> float:
        """The mean over all prompts and all raters there could be."""
        return float(self.expected(LEAN, 1.0))

    def values(self, generator: Generator, raters: Floats, seated: Integers) -> Floats:
        """Each prompt's mean score, shape (prompts,); seated: who sits where, shape (prompts, seats)."""
        prompts = generator.normal(0, self.prompt_icc**0.5, (PROMPTS, 1))
        rest = generator.normal(0, (1 - self.prompt_icc - self.rater_icc) ** 0.5, (PROMPTS, SEATS))
        latent = LEAN + prompts + raters[seated] + rest
        scores = (np.sign(latent - TIE) + np.sign(latent + TIE) + 2) / 4
        return scores.mean(axis=1)


def at_random(generator: Generator, raters: int) -> Integers:
    """Every prompt is rated by three different raters drawn from the panel; shape (prompts, seats)."""
    return np.argsort(generator.random((PROMPTS, raters)), axis=1)[:, :SEATS]


def in_sessions(generator: Generator, raters: int) -> Integers:
    """Every rater rates neighbouring prompts in one sitting, all equally many; shape (prompts, seats)."""
    places = np.arange(SEATS)[np.newaxis, :] * PROMPTS + np.arange(PROMPTS)[:, np.newaxis]
    return generator.permutation(raters)[places * raters // (SEATS * PROMPTS)]


def held(found: ConfidenceSequence, target: float) -> bool:
    """Every interval so far holds the target: the last running intersection does, and none was empty."""
    return found.contradicted is None and bool(found.low[-1] <= target <= found.high[-1])


def naive_held(values: Floats, target: float) -> bool:
    """What happens to Student's interval that is looked at after every prompt from the 30th on."""
    seen = np.arange(1, len(values) + 1)[FIRST_LOOK - 1 :]
    means = np.cumsum(values)[FIRST_LOOK - 1 :] / seen
    squares = np.cumsum(values**2)[FIRST_LOOK - 1 :] / seen - means**2
    half = stats.t.ppf(0.975, seen - 1) * np.sqrt(squares / (seen - 1))
    return bool((np.abs(means - target) <= half).all())


def row(cell: Cell, runs: int, generator: Generator) -> list[float]:
    """The shares of runs that held, and widths after all prompts: the numbers of the table's columns in order."""
    seen = []
    for _ in range(runs):
        raters = generator.normal(0, cell.rater_icc**0.5, cell.raters)
        panel, population = cell.panel_target(raters), cell.population_target()
        values = cell.values(generator, raters, at_random(generator, cell.raters))
        sessions = cell.values(generator, raters, in_sessions(generator, cell.raters))
        betting, mixture = hedged(values), normal_sequence(values)
        seen.append(
            [
                held(betting, panel),
                held(mixture, panel),
                naive_held(values, panel),
                held(betting, population),
                held(hedged(sessions), panel),
                betting.high[-1] - betting.low[-1],
                mixture.high[-1] - mixture.low[-1],
            ]
        )
    return [float(share) for share in np.mean(seen, axis=0)]


HEAD = """# Coverage of the always-valid intervals

How often a 95 % sequence holds its target at **every one** of {prompts} looks, one after each prompt: {runs:,} runs
a cell, three seats a prompt, about a quarter ties, win rate about .55.
Made by `python -m benchmarks.coverage_sequential {runs}` (seed {seed}).

The promise is for the mean over prompts *for the enrolled panel*, with raters coming to seats at random:
{verdict} (the lowest cell of betting has {lowest:.1f} %; a share of 95 % is simulated to within ± {error:.1f} points).
The two columns on the right are promised by nobody, and show why a result names its target.

- **betting**: the default. **mixture**: the normal mixture, which doesn't learn the variance.
  Widths are those after {prompts} prompts.
- **naive**: Student's 95 % interval, looked at after every prompt from the {first}th on: what peeking costs.
- **all raters**: the betting interval, held against the mean over raters who were never asked.
- **in sessions**: the same panel, but each rater rates neighbouring prompts in one sitting, so that values drift.

All but ICC, raters and widths in per cent.

| prompt ICC | rater ICC | raters | betting | its width | mixture | its width | naive | all raters | in sessions |
|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
"""


def page(runs: int) -> str:
    """The document, with one row a cell."""
    generator = np.random.default_rng(SEED)
    lines, lowest = [], 1.0
    for prompt_icc, rater_icc, raters in product(PROMPT_ICCS, RATER_ICCS, PANELS):
        found = row(Cell(prompt_icc, rater_icc, raters), runs, generator)
        lowest = min(lowest, found[0])
        betting, mixture, naive, population, sessions = (f"{100 * share:.1f}" for share in found[:5])
        lines.append(
            f"| {prompt_icc} | {rater_icc} | {raters} | **{betting}** | {found[5]:.3f} | {mixture} | {found[6]:.3f} "
            f"| {naive} | {population} | {sessions} |"
        )
        print(lines[-1], flush=True)
    verdict = "it holds in at least 95 % of runs in every cell" if lowest >= GOAL else "**it is missed**"
    error = 100 * 1.96 * (GOAL * (1 - GOAL) / runs) ** 0.5
    head = HEAD.format(
        prompts=PROMPTS, runs=runs, seed=SEED, verdict=verdict, lowest=100 * lowest, error=error, first=FIRST_LOOK
    )
    return head + "\n".join(lines) + "\n"


def main() -> None:
    PAGE.write_text(page(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS), "utf-8")


if __name__ == "__main__":
    main()
