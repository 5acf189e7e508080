"""How often raters are flagged rightly and wrongly, by simulation; writes docs/flag-rates.md.

    python -m benchmarks.flag_rates [studies]       200 a design, about a minute

Honest raters differ in skill, pace and, where it says so, a little in how they lean to a side. Planted ones are one
one-sided, two random clickers, one who copies another, and one too fast.
"""

import sys
from pathlib import Path

import click
import numpy as np

from backend.domain.statistics.flag_rates import Design, FlagRates, flag_rates
from backend.domain.statistics.flags import Kind

PAGE = Path(__file__).parents[1] / "docs" / "flag-rates.md"
SEED = 2023
HONEST = {
    "40 raters, 262 votes each": Design(),
    "the same, leaning a little (sd .02)": Design(lean=0.02),
    "40 raters, 750 votes each, leaning a little": Design(prompts=2_000, lean=0.02),
    "skills .45–.85": Design(skills=(0.45, 0.85)),
    "3 raters, 255 votes each": Design(crews=1, crew=3, prompts=255),
}
PLANTED = {
    "60/40 bias over about 720 decisive votes": (Design(prompts=2_400, planted=True), Kind.ONE_SIDED),
    "60/40 bias over about 80 decisive votes": (Design(prompts=260, planted=True), Kind.ONE_SIDED),
    "two random clickers, about 260 votes each": (Design(planted=True), Kind.RANDOM),
    "a copycat over about 64 shared prompts": (Design(prompts=600, planted=True), Kind.COPIED),
    "a copycat over about 32 shared prompts": (Design(prompts=300, planted=True), Kind.COPIED),
    "1,200 words a minute": (Design(planted=True), Kind.TOO_FAST),
}
HEAD = """# How often flags are right

Simulated with `python -m benchmarks.flag_rates {studies}` (seed {seed}, {studies} studies a row). A flag is a reason to
look at a rater, never an exclusion. Within each kind, one honest rater in twenty among those flagged is tolerated.
The thresholds were set with the same simulator, so real rates will be somewhat worse.

## Honest raters flagged

| study | of honest raters, % | one-sided | random | too fast | copied | studies with any, % |
|---|--:|--:|--:|--:|--:|--:|
"""
FOUND = """
## Planted raters found

| planted among 40 raters | found, % |
|---|--:|
"""
FOOT = """
Where a rater has many votes, honest leans are found too: they are real, and small, and the evidence shows their size.
Where a rater has few, a biased one can hardly be found: results then say that nothing can be said, and clear nobody.
"""


def main() -> None:
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rng = np.random.default_rng(SEED)
    rows, found = [], []
    with click.progressbar(length=len(HONEST) + len(PLANTED), label="Simulating", file=sys.stderr) as shown:
        for name, design in HONEST.items():
            rows.append(row(name, flag_rates(rng, design, studies=studies)))
            shown.update(1)
        for name, (design, kind) in PLANTED.items():
            found.append(f"| {name} | {100 * flag_rates(rng, design, studies=studies).found[kind]:.0f} |\n")
            shown.update(1)
    PAGE.write_text(
        HEAD.format(studies=studies, seed=SEED) + "".join(rows) + FOUND + "".join(found) + FOOT, encoding="utf-8"
    )
    print(f"{PAGE.name} is written.")


def row(name: str, rates: FlagRates) -> str:
    kinds = " | ".join(f"{100 * rates.false_by_kind[kind]:.2f}" for kind in Kind)
    return f"| {name} | {100 * rates.false_by_any:.2f} | {kinds} | {100 * rates.false_studies:.0f} |\n"


if __name__ == "__main__":
    main()
