"""Bundles: an anonymised copy of a batch that anybody can check without this server.

Raters appear under keyed pseudonyms: without the server's key nobody can tell whose they are, and the same rater has
the same one in every export of the batch. Comments stay out unless they are asked for.
"""

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState
from backend.db.comparisons import Comparison, Seat
from backend.db.outputs import Output, System
from backend.db.ratings import Rating
from backend.db.studies import Prompt, StudyVersion
from backend.domain.checks import FAILED, NOT_JUDGED, PASSED
from backend.domain.results import exclusions
from backend.domain.results.material import Material
from backend.errors import Conflict
from backend.services.exports import digest, write_json, write_lines, write_table
from backend.services.judging import said
from backend.services.pseudonyms import pseudonyms
from backend.services.rating import check_marks
from backend.services.results import results
from backend.services.results.material import gather
from backend.services.studies import batches, sealing

FORMAT = 5
RATING_COLUMNS = ("comparison", "seat", "rater", "state", "choice", "flipped", "active_ms", "answers")
CHECK_COLUMNS = ("rater", "kind", "passed", "active_ms")
CONFIRMED_COLUMNS = ("rater", "rated", "unconfirmed")
SAID = {PASSED: "true", FAILED: "false", NOT_JUDGED: ""}
README = """# An Assay bundle

Every rating of one batch, anonymised, with the outputs that were compared and the results that were computed.
`assay verify .` checks the files' hashes and recomputes every number from the ratings, without any server.

- `manifest.json`: hashes of the files, what the batch was, the seed, and the versions of what computed the results
- `settings.json`: what raters were asked, frozen at the launch and named by its hash
- `prompts.jsonl`, `outputs.jsonl`: what was compared; `shown` is what raters saw where self-identification was removed
- `comparisons.jsonl`: which candidate at which prompt, and what became of seats without a rating
- `ratings.csv`: one row a rating; `flipped` true: the candidate was shown second, empty: nobody knows; state `late`:
  kept but not counted; `answers`: to the further questions of the settings, where there are any
- `skips.csv`: one row each time a rater could not judge a comparison
- `results.json`: every number of the results page
"""
README_OF_CHECKS = """\
- `checks.csv`: one row a check that a rater finished; `passed` true: a gold or attention check was answered rightly, or
  a repeat as before; empty: the rater could not judge it. Checks are in no other file and in no result of a system
"""
README_OF_JUDGES = """\
- `judges.json`: the models that were asked the same, with their templates whole
- `verdicts.jsonl`: one row a verdict in one order, as it was read; `why`: of one that can't be read, which counts as
  neither won nor lost nor tied; `answered_by`: another model than was asked, where one answered. The replies themselves
  are in a replay pack: `assay judge export`
"""

README_OF_CONFIRMED = """\
- `confirmed.csv`: one row a rater who came through a vendor: their counted ratings, and those of them for which the
  vendor has listed no submission of theirs
"""


def export(session: Session, batch_id: int, folder: Path, *, key: str, comments: bool = False) -> list[Path]:
    """Write the bundle into an empty or new folder; the files written. Raises Conflict when the folder is in use."""
    batch = batches.get(session, batch_id)
    sealing.refuse_sealed(session, batch)
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"{folder} is not empty; give a new folder, so that nothing is overwritten.")
    folder.mkdir(parents=True, exist_ok=True)
    frozen = session.get_one(StudyVersion, batch.version_id)
    write_json(folder / "settings.json", frozen.settings)
    write_lines(folder / "prompts.jsonl", prompt_lines(session, batch_id))
    write_lines(folder / "outputs.jsonl", output_lines(session, batch_id))
    material = gather(session, batch, key=key)
    write_lines(folder / "comparisons.jsonl", comparison_lines(material))
    columns = (*RATING_COLUMNS, "comment") if comments else RATING_COLUMNS
    write_table(folder / "ratings.csv", columns, rating_rows(session, batch_id, pseudonyms(key, batch_id)))
    write_table(folder / "skips.csv", ("comparison", "rater", "reason"), skip_rows(session, batch_id, key))
    write_json(folder / "results.json", results.compute(material).to_json())
    about = README
    if material.settings.checks.any:
        write_table(folder / "checks.csv", CHECK_COLUMNS, check_rows(session, batch_id, key))
        about += README_OF_CHECKS
    if exclusions.asks_vendors(material.settings):
        write_table(folder / "confirmed.csv", CONFIRMED_COLUMNS, confirmed_rows(material))
        about += README_OF_CONFIRMED
    if material.judges:
        write_json(folder / "judges.json", said.judges_json(session, batch, material))
        write_lines(folder / "verdicts.jsonl", said.verdict_lines(material))
        about += README_OF_JUDGES
    (folder / "README.md").write_text(about, encoding="utf-8")
    files = sorted(folder.iterdir())
    write_json(folder / "manifest.json", manifest(material, frozen.settings_hash, files))
    return [*files, folder / "manifest.json"]


def manifest(material: Material, settings_hash: str, files: Sequence[Path]) -> dict[str, object]:
    """What the files are, what the batch was, and with what the results were computed."""
    return {
        "format": FORMAT,
        "settings_hash": settings_hash,
        "seed": material.seed,
        "batch": {
            "baseline": material.baseline,
            "candidates": list(material.candidates),
            "raters": list(material.raters),
            "channels": list(material.channels),
            "seats": material.seats,
            "opening": material.opening,
            "closed": material.is_closed,
            "unsealed": material.was_unsealed,
            "stopped": material.was_stopped,
        },
        "versions": {
            "assay": version("assay-eval"),
            "python": platform.python_version(),
            "numpy": version("numpy"),
            "scipy": version("scipy"),
        },
        "files": {file.name: digest(file) for file in files},
    }


def prompt_lines(session: Session, batch_id: int) -> Iterable[Mapping[str, object]]:
    """Each prompt of the batch, once."""
    launched = select(Comparison.prompt_id).where(Comparison.batch_id == batch_id)
    for prompt in session.scalars(select(Prompt).where(Prompt.id.in_(launched)).order_by(Prompt.id)):
        yield {"prompt": prompt.key, "dialogue": prompt.dialogue, "category": prompt.category}


def output_lines(session: Session, batch_id: int) -> Iterable[Mapping[str, object]]:
    """Each output that was compared, once."""
    compared = select(Comparison.candidate_output_id).where(Comparison.batch_id == batch_id)
    against = select(Comparison.baseline_output_id).where(Comparison.batch_id == batch_id)
    rows = session.execute(
        select(Prompt.key, System.name, Output.text, Output.shown)
        .join(Prompt, Prompt.id == Output.prompt_id)
        .join(System, System.id == Output.system_id)
        .where(Output.id.in_(compared.union(against)))
        .order_by(Output.id)
    )
    for prompt, system, text, shown in rows:
        yield {"prompt": prompt, "system": system, "output": text} | ({} if shown is None else {"shown": shown})


def comparison_lines(material: Material) -> Iterable[Mapping[str, object]]:
    """Each comparison in launch order; its number is its place."""
    launched = material.launched
    for place in range(len(launched)):
        yield {
            "comparison": place,
            "prompt": material.prompts[launched.prompt[place]],
            "candidate": material.candidates[launched.candidate[place]],
            "unjudgeable": bool(launched.unjudgeable[place]),
            "begun": bool(launched.begun[place]),
            "held": int(launched.held[place]),
            "skipped": int(launched.skipped[place]),
            "returned": int(launched.returned[place]),
        }


def rating_rows(session: Session, batch_id: int, names: Mapping[int, str]) -> Iterable[Mapping[str, object]]:
    """Each rating, by comparison and seat; never when it was given, which could tell who gave it."""
    rows = session.execute(
        select(Comparison.position, Assignment.seat, Rating, Seat.flipped)
        .join(Assignment, Assignment.id == Rating.assignment_id)
        .join(Seat, (Seat.comparison_id == Assignment.comparison_id) & (Seat.seat == Assignment.seat))
        .join(Comparison, Comparison.id == Assignment.comparison_id)
        .where(Comparison.batch_id == batch_id)
        .order_by(Comparison.position, Assignment.seat, Rating.state.desc(), Rating.assignment_id)
    )
    for position, seat, rating, flipped in rows:
        yield {
            "comparison": position,
            "seat": seat,
            "rater": names[rating.rater_id],
            "state": rating.state,
            "choice": rating.choice,
            "flipped": {True: "true", False: "false", None: ""}[flipped],
            "active_ms": rating.active_ms,
            "answers": json.dumps(rating.answers, ensure_ascii=False, sort_keys=True) if rating.answers else "",
            "comment": rating.comment,
        }


def skip_rows(session: Session, batch_id: int, key: str) -> Iterable[Mapping[str, object]]:
    """Each time somebody could not judge."""
    names = pseudonyms(key, batch_id)
    rows = session.execute(
        select(Comparison.position, Assignment.rater_id, Assignment.skip_reason)
        .join(Assignment, Assignment.comparison_id == Comparison.id)
        .where(Comparison.batch_id == batch_id, Assignment.state == AssignmentState.SKIPPED)
        .order_by(Comparison.position, Assignment.id)
    )
    for position, rater, reason in rows:
        yield {"comparison": position, "rater": names[rater], "reason": reason}


def check_rows(session: Session, batch_id: int, key: str) -> Iterable[Mapping[str, object]]:
    """Each finished check, by pseudonym, so that the order says nothing of when it was."""
    names = pseudonyms(key, batch_id)
    for one in sorted(check_marks.marked(session, batch_id), key=lambda one: (names[one.rater_id], one.kind, one.mark)):
        yield {"rater": names[one.rater_id], "kind": one.kind, "passed": SAID[one.mark], "active_ms": one.active_ms}


def confirmed_rows(material: Material) -> Iterable[Mapping[str, object]]:
    """What vendors confirmed of each rater who came through one."""
    counts = zip(material.raters, material.confirmations.rated, material.confirmations.unconfirmed, strict=True)
    for rater, rated, unconfirmed in counts:
        if rated:
            yield {"rater": rater, "rated": int(rated), "unconfirmed": int(unconfirmed)}
