"""What `assay data diversity` and `leakage` print: tables for people, JSON for programs. Compares nothing."""

from collections.abc import Sequence
from dataclasses import asdict

from backend.cli.progress import many
from backend.domain.bleu import leakage as leaking
from backend.domain.bleu.diversity import BINS, Diversity
from backend.domain.bleu.leakage import Found, Leakage
from backend.domain.queries import Query
from backend.services.data import bleu_reports

WIDTH, BAR = 100, 40
PARAPHRASES = "BLEU sees words and not meaning: a paraphrase counts as different."
MISSED = "Neither signal sees a paraphrase: of 164 reworded programming problems they find about a third."


def diversity_json(found: Diversity, given: Sequence[Query]) -> dict[str, object]:
    """All of it; each query with its file, line and turn."""
    places = [{"file": query.file, "line": query.line, "turn": query.turn} for query in given]
    return {**asdict(found), "places": places, "warning": PARAPHRASES}


def diversity_shown(found: Diversity, given: Sequence[Query]) -> str:
    """The report for people: the mean, the histogram, the nearest pairs."""
    most = max(found.histogram)
    step = 100 // BINS
    rows = [
        f"  {step * place:>3}–{step * (place + 1):<3} {count:>9,}  {'█' * -(-count * BAR // most)}".rstrip()
        for place, count in enumerate(found.histogram)
    ]
    nearest = [
        line
        for pair in found.pairs
        for line in (
            f"  {pair.score:5.1f}  {bleu_reports.place(given[pair.query])}:  {start(given[pair.query].text)}",
            f"         {bleu_reports.place(given[pair.nearest])}:  {start(given[pair.nearest].text)}",
        )
    ]
    return "\n".join(
        [
            f"{many(len(given), 'query', 'queries')}: mean BLEU with the nearest other {found.mean:.2f}, "
            f"median {found.median:.2f}",
            f"{found.same:,} are the same as another, word for word",
            "",
            "   BLEU    queries",
            *rows,
            "",
            *(["The nearest that are not the same:", *nearest, ""] if nearest else []),
            f"{PARAPHRASES} ({found.signature}, {found.core})",
        ]
    )


def leakage_json(found: Leakage, prompts: Sequence[Query]) -> dict[str, object]:
    """Every prompt with what was found of it."""
    return {
        "prompts": len(prompts),
        "texts": found.texts,
        "threshold": found.threshold,
        "near": found.near,
        "contained": found.contained,
        "alike": found.alike,
        "meant": found.meant,
        "marked": found.marked,
        "warning": "" if found.alike is not None else MISSED,
        "found": [
            {
                "prompt": asdict(prompt),
                **asdict(one),
                "is_near": found.is_near(at),
                "is_contained": found.is_contained(at),
                "is_alike": found.is_alike(at),
            }
            for at, (prompt, one) in enumerate(zip(prompts, found.found, strict=True))
        ],
    }


def leakage_shown(found: Leakage, prompts: Sequence[Query], signature: str) -> str:
    """The report for people: how many are marked, and each of those with the text that it was marked for."""
    marked = [at for at in range(len(prompts)) if found.is_marked(at)]
    meant = (
        [] if found.alike is None else [f"  {found.meant:,} that mean the same, from a cosine of {found.alike:g} on"]
    )
    marked.sort(key=lambda at: (-found.found[at].bleu, at))
    return "\n".join(
        [
            f"{many(len(prompts), 'prompt')} against {many(found.texts, 'training text')}: {found.marked:,} marked",
            f"  {found.near:,} with a BLEU above {found.threshold:g}",
            f"  {found.contained:,} with a sequence of up to {leaking.LONGEST_SEQUENCE} words that stands in one",
            *meant,
            "",
            *(line for at in marked for line in marked_lines(prompts[at], found.found[at])),
            f"({signature})" if found.alike is not None else f"{MISSED} ({signature})",
        ]
    )


def marked_lines(prompt: Query, found: Found) -> list[str]:
    """A marked prompt, its nearest text, and the text that holds its words if that is another one."""
    lines = [f"  {bleu_reports.place(prompt)}:  {start(prompt.text)}"]
    if found.nearest:
        lines.append(f"    BLEU {found.bleu:5.1f}  {bleu_reports.place(found.nearest)}:  {start(found.nearest.text)}")
    if found.container:
        share = f"{100 * (found.contained or 0):.0f} % of its {found.sequence}-word sequences"
        lines.append(f"    {share}  {bleu_reports.place(found.container)}:  {start(found.container.text)}")
    if found.likest:
        near = found.likest
        lines.append(f"    cosine {near.cosine:.2f}  {bleu_reports.place(near.text)}:  {start(near.text.text)}")
    return [*lines, ""]


def start(text: str) -> str:
    """The start of a text on one line; half a surrogate pair as a question mark, since no terminal takes it."""
    line = " ".join(text[: 4 * WIDTH].split())
    line = line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"
    return line.encode("utf-8", "replace").decode()
