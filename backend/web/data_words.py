"""A report on training data in one sentence. Knows no page."""

from typing import assert_never

from backend.domain.data.reports import CleaningReport, DiversityReport, LeakageReport, MixtureReport
from backend.services.data.reports import Report


def sentence(report: Report) -> str:
    """What its reader wants to know first."""
    match report:
        case CleaningReport():
            share = f" ({100 * report.left / report.came:.1f} %)" if report.came else ""
            return f"{report.left:,} of {report.came:,} dialogues left{share}, by {report.preset}"
        case DiversityReport():
            return f"{report.queries:,} queries; mean BLEU of the nearest other one {report.mean:.1f}"
        case LeakageReport():
            marked = f"{len(report.marked):,} of {report.prompts:,} prompts marked"
            return f"{marked}, {report.near:,} above {report.threshold:g} BLEU"
        case MixtureReport():
            whole = max(report.files, key=lambda one: one.dialogues)
            tokens = whole.tokens[report.measure]
            return f"{len(report.files):,} files, the largest with {whole.dialogues:,} dialogues and {tokens:,} tokens"
        case _:
            assert_never(report)
