"""Results as tables for spreadsheets. Knows no page and no terminal."""

import csv
import io

from backend.domain.results.candidates import CandidateResult
from backend.domain.results.summary import Results


def of_candidates(found: Results) -> str:
    """One row a candidate, for a spreadsheet."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(row(found.candidates[0], found)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(row(one, found) for one in found.candidates)
    return text.getvalue()


def row(one: CandidateResult, found: Results) -> dict[str, object]:
    """A candidate's main numbers under names that say what they are."""
    paper = one.majority
    style = found.style.candidates.get(one.name)
    styled = style.result.decomposition if style else None
    return {
        "candidate": one.name,
        "baseline": found.baseline,
        "votes_candidate": one.votes.candidate,
        "votes_tie": one.votes.tie,
        "votes_baseline": one.votes.baseline,
        "votes_both_bad": one.votes.both_bad,
        "majority_candidate": one.outcomes.candidate,
        "majority_tie": one.outcomes.tie,
        "majority_baseline": one.outcomes.baseline,
        "majority_split": one.outcomes.split,
        "unfinished": one.outcomes.unfinished,
        "unjudgeable": one.outcomes.unjudgeable,
        "win_rate": one.win_rate.mean,
        "win_rate_low": one.win_rate.low,
        "win_rate_high": one.win_rate.high,
        "equal_or_better": one.equal_or_better.mean,
        "equal_or_better_low": one.equal_or_better.low,
        "equal_or_better_high": one.equal_or_better.high,
        "interval": one.equal_or_better.method,
        "split_rule": found.split_rule,
        "majority_equal_or_better": paper.equal_or_better.mean,
        "majority_equal_or_better_sd": paper.equal_or_better.standard_deviation,
        "majority_win_rate": paper.win_rate.mean,
        "majority_win_rate_sd": paper.win_rate.standard_deviation,
        "win_rate_simultaneous_low": found.family.together[one.name].together.low,
        "win_rate_simultaneous_high": found.family.together[one.name].together.high,
        "win_rate_worst_case": one.missing.win_rate.worst,
        "win_rate_best_case": one.missing.win_rate.best,
        "style_raw_points": styled.raw_points.mean if styled else None,
        "style_adjusted_points": styled.adjusted_points.mean if styled else None,
        "style_associated_points": styled.associated_points.mean if styled else None,
        "position_excess_points": found.position.effect.excess_points.mean,
        "alpha": found.agreement.coefficients.alpha_nominal.value,
        "raters": one.raters,
        "median_seconds": one.median_seconds,
    }
