"""What the commands on dialogues say: what was read, what each step took out and why, how well filters tell."""

from collections.abc import Iterator
from pathlib import Path

from backend.cli.progress import SHOWN, many
from backend.domain.data.dialogues import excerpt
from backend.domain.data.outcomes import Tally
from backend.domain.data.prompts import Measured, Share, Verdict
from backend.services.data.cleaning import Cleaned, report_of
from backend.services.data.prompts import Filtered, Missed
from backend.services.data.reading import Found


def of_import(cleaned: Cleaned, out: Path) -> Iterator[str]:
    """What was read, and where it is."""
    yield from of_files(cleaned)
    yield f"{many(cleaned.left, 'dialogue')} in {out.name}; next: assay data clean {out.name} --out clean.jsonl"


def of_cleaning(cleaned: Cleaned, out: Path) -> Iterator[str]:
    """What was read, what each step took out, and what is left."""
    yield from of_files(cleaned)
    for tally in cleaned.tallies:
        yield from of_step(tally)
    yield f"{many(cleaned.left, 'dialogue')} of {cleaned.came:,} in {out.name}; samples: {report_of(out).name}"


def of_files(cleaned: Cleaned) -> Iterator[str]:
    for found in cleaned.found:
        yield f"{found.source.label}, {found.kind}: {many(found.dialogues, 'dialogue')}"
        yield from of_problems(found)


def of_problems(found: Found) -> Iterator[str]:
    """The first rows that can't be used, each with its line, and how many there are."""
    if found.wrong:
        yield f"  {many(found.wrong, 'row')} can't be used:"
    for line, why in found.problems[:SHOWN]:
        yield f"      line {line}: {why}"


def of_step(tally: Tally) -> Iterator[str]:
    """One line a step, and one a reason, the commonest first."""
    gone, parts = sum(tally.dropped.values()), f", {tally.split:,} more by splitting" if tally.split else ""
    yield f"{tally.step}: {tally.came:,} came, {gone:,} went, {tally.left:,} left{parts}"
    for counts, word in ((tally.dropped, "went"), (tally.changed, "changed")):
        for why, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
            yield f"  {count:,} {word}: {why}"
            yield f"      {tally.samples[why][0].id}: {tally.samples[why][0].what}"


def of_filtering(found: Filtered, out: Path) -> Iterator[str]:
    """How many prompts stay, and of the others why."""
    total = sum(found.counts.values())
    yield f"{many(found.counts[Verdict.KEEP], 'prompt')} of {total:,} in {out.name}"
    for line, told in found.gone:
        yield f"  line {line} went as {told.verdict}: {told.why} ({told.what})"


def of_measuring(measured: list[Measured], missed: list[Missed]) -> Iterator[str]:
    """Precision and recall with 95 % intervals, and every prompt that was told otherwise."""
    for one in measured:
        yield f"{one.verdict}: precision {share(one.precision)}, recall {share(one.recall)}"
    yield f"{many(len(missed), 'prompt')} told otherwise than labelled{':' if missed else ''}"
    for prompt in missed:
        told = f"{prompt.told.verdict} ({prompt.told.why})" if prompt.told.why else str(prompt.told.verdict)
        yield f"  line {prompt.line}: labelled {prompt.labelled}, told {told}: {excerpt(prompt.prompt)}"


def share(found: Share) -> str:
    """“0.95 (0.80 to 0.99), 19 of 20”."""
    if found.value is None:
        return "unknown (of none)"
    low, high = found.interval
    return f"{found.value:.3f} ({low:.3f} to {high:.3f}), {found.right} of {found.of}"
