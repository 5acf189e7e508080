"""What was found of diversity and of leakage, as reports that can be kept. Computes no BLEU."""

from collections.abc import Sequence

import numpy as np

from backend.domain.bleu.diversity import BINS, Diversity
from backend.domain.bleu.leakage import Found, Leakage
from backend.domain.data.reports import DiversityReport, Leak, LeakageReport, NearPair
from backend.domain.queries import Query


def diversity_report(found: Diversity, given: Sequence[Query], files: Sequence[str]) -> DiversityReport:
    """given: the queries, in the order in which they were compared."""
    return DiversityReport(
        files=tuple(files),
        queries=found.queries,
        signature=found.signature,
        mean=found.mean,
        median=found.median,
        same=found.same,
        histogram=found.histogram,
        pairs=tuple(
            NearPair(
                score=pair.score,
                text=given[pair.query].text,
                place=place(given[pair.query]),
                nearest=given[pair.nearest].text,
                nearest_place=place(given[pair.nearest]),
            )
            for pair in found.pairs
        ),
    )


def leakage_report(
    found: Leakage,
    prompts: Sequence[Query],
    *,
    evaluation: Sequence[str],
    files: Sequence[str],
    signature: str,
    only_above: bool = False,
    embedding: str = "",
) -> LeakageReport:
    """The marked prompts, the nearest first."""
    marked = [at for at in range(len(prompts)) if found.is_marked(at)]
    scores = [min(one.bleu, 100) for one in found.found]
    counts, _ = np.histogram(scores, bins=BINS, range=(0, 100))
    return LeakageReport(
        evaluation=tuple(evaluation),
        files=tuple(files),
        prompts=len(prompts),
        texts=found.texts,
        signature=signature,
        threshold=found.threshold,
        near=found.near,
        contained=found.contained,
        histogram=() if only_above else tuple(counts.tolist()),
        marked=tuple(leak(prompts[at], found.found[at]) for at in sorted(marked, key=lambda at: -scores[at])),
        embedding=embedding,
        alike=found.alike,
        meant=found.meant,
    )


def leak(prompt: Query, found: Found) -> Leak:
    """One marked prompt with the texts that it was marked for."""
    return Leak(
        text=prompt.text,
        place=place(prompt),
        bleu=found.bleu,
        nearest=found.nearest.text if found.nearest else "",
        nearest_place=place(found.nearest) if found.nearest else "",
        sequence=found.sequence,
        contained=found.contained,
        container=found.container.text if found.container else "",
        container_place=place(found.container) if found.container else "",
        cosine=found.likest.cosine if found.likest else None,
        likest=found.likest.text.text if found.likest else "",
        likest_place=place(found.likest.text) if found.likest else "",
    )


def place(query: Query) -> str:
    """Where a text stands."""
    turn = f", turn {query.turn}" if query.turn > 1 else ""
    return f"{query.file}, line {query.line}{turn}"
