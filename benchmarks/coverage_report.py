"""The page of the coverage simulation. Knows what cells came to, not how they were run."""

import re
from collections.abc import Iterable, Sequence
from math import sqrt
from pathlib import Path

from benchmarks.coverage_grid import (
    FEW,
    GATE,
    GATE_FEW,
    LATENT_MEAN,
    LEVEL,
    METHODS,
    SEATS,
    TIE_BAND,
    Found,
    score_icc,
    tie_share,
    truth,
)

BEGIN, END = "<!-- begin: intervals -->", "<!-- end: intervals -->"
TITLE = "# Coverage, by simulation\n"
NAMES = {
    "moments": "default (moments)",
    "cluster_robust": "cluster-robust",
    "pigeonhole": "pigeonhole",
    "naive": "naive",
}


def section(found: Sequence[Found], *, seed: int, rounds: int) -> str:
    """What was simulated, the gates, and the tables, in markdown."""
    return "\n".join(
        [head(found, seed, rounds), verdict(found), ranges(found), lowest(found), "### Every cell\n", every_cell(found)]
    )


def head(found: Sequence[Found], seed: int, rounds: int) -> str:
    latent = sorted({icc for one in found for icc in (one.cell.prompt_icc, one.cell.rater_icc) if icc})
    scores = ", ".join(f"{icc:g} → {score_icc(icc):.3f}" for icc in latent)
    runs = min(one.runs for one in found)
    return f"""## Intervals for new prompts and new raters

`python -m benchmarks.coverage` wrote this part: seed {seed}, {runs:,} runs a cell, {len(found)} cells.

- **Votes.** Prompts cross raters. A vote is a latent normal score of mean {LATENT_MEAN} and variance 1, the sum of a
  prompt effect, a rater effect and a rest, cut at ±{TIE_BAND}: win 1, tie ½ ({100 * tie_share():.0f} %), loss 0.
  ICC is the share of an effect in the latent variance; the scores themselves correlate less
  ({scores}).
- **Seats.** {SEATS} different raters at each prompt. Equal: those with the fewest votes so far, at random among them.
  Skewed: rater k comes with odds 1/k, so a few raters do most of the work. “Effective” raters are N²/Σn².
- **True value.** {truth():.6f}, exact: the expected score of a new rater on a new prompt, from the normal law.
- **Intervals** at {100 * LEVEL:.0f} %, by the functions that the results use: prompt, rater and residual variances by
  moments with Satterthwaite's degrees of freedom (the default); cluster-robust (Cameron, Gelbach, Miller) with t on the
  smaller number of clusters less one; pigeonhole bootstrap of {rounds} rounds; naive, as if votes were independent.
- **Gates** on the default: {percent(GATE[0])}–{percent(GATE[1])} % with {FEW} raters or more, at least
  {percent(GATE_FEW[0])} % with 5–19. A true 95 % comes out within ±{200 * sqrt(LEVEL * (1 - LEVEL) / runs):.1f} points.
"""


def verdict(found: Sequence[Found]) -> str:
    missed = [one for one in found if not one.passes]
    if not missed:
        return f"**The default interval passes its gate in all {len(found)} cells.**\n"
    lines = (f"- {where(one)}: {percent(one.coverage['moments'])} %" for one in missed)
    return "\n".join(
        [f"**The default interval misses its gate in {len(missed)} of {len(found)} cells:**\n", *lines, ""]
    )


def where(one: Found) -> str:
    cell = one.cell
    return (
        f"{cell.load} loads, {cell.raters} raters ({one.effective_raters:.1f} effective), {cell.prompts} prompts, "
        f"ICC of prompts {cell.prompt_icc:g}, of raters {cell.rater_icc:g}"
    )


def ranges(found: Sequence[Found]) -> str:
    """Lowest and highest coverage by loads and raters, and width as a multiple of the default's."""
    groups: dict[tuple[str, int], list[Found]] = {}
    for one in found:
        groups.setdefault((one.cell.load, one.cell.raters), []).append(one)
    rows = [
        [load, str(raters), *(span(group, method) for method in METHODS)] for (load, raters), group in groups.items()
    ]
    caption = "Lowest to highest coverage in %, and in brackets the mean width as a multiple of the default's.\n"
    return caption + "\n" + table(["loads", "raters", *(NAMES[method] for method in METHODS)], rows)


def lowest(found: Sequence[Found]) -> str:
    """Where each method covers least."""
    lines = []
    for method in METHODS:
        worst = min(found, key=lambda one: one.coverage[method])
        lines.append(f"- {NAMES[method]}: {percent(worst.coverage[method])} %, {where(worst)}")
    return "\n".join(["Where each covers least:\n", *lines, ""])


def span(group: Sequence[Found], method: str) -> str:
    shares = [one.coverage[method] for one in group]
    wider = sum(one.width[method] / one.width["moments"] for one in group) / len(group)
    return f"{percent(min(shares))}–{percent(max(shares))} ({wider:.2f})"


def every_cell(found: Sequence[Found]) -> str:
    titles = ["loads", "raters", "effective", "prompts", "ICC raters", "ICC prompts"]
    rows = []
    for one in found:
        cell = one.cell
        place = [cell.load, cell.raters, f"{one.effective_raters:.1f}", cell.prompts, f"{cell.rater_icc:g}"]
        shown = [f"{percent(one.coverage[method])} ({100 * one.width[method]:.1f})" for method in METHODS]
        rows.append([*map(str, place), f"{cell.prompt_icc:g}", *shown, "pass" if one.passes else "**miss**"])
    caption = "Coverage in %, and in brackets the mean width in points.\n"
    return caption + "\n" + table([*titles, *(NAMES[method] for method in METHODS), "gate"], rows)


def percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0")


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def write(text: str, page: Path) -> None:
    """Puts the section between its marks, and leaves what else stands on the page."""
    old = page.read_text("utf-8") if page.exists() else f"{TITLE}\n{BEGIN}\n{END}\n"
    if BEGIN not in old:
        old = old.rstrip() + f"\n\n{BEGIN}\n{END}\n"
    marked = f"{BEGIN}\n{text}{END}"
    page.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: marked, old, flags=re.S), "utf-8")
