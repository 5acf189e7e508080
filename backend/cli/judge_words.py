"""What judges said, in sentences and as JSON: reports, readings, imports, two judges side by side, trust."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from backend.cli.progress import many
from backend.cli.results import shown
from backend.domain.judging.gold import Share, Trust
from backend.domain.judging.injection import Obedience
from backend.domain.judging.orders import Orders
from backend.domain.judging.pack import Change
from backend.domain.judging.parsing import Reading
from backend.domain.judging.summary import Summary, Unreadable
from backend.domain.judging.versus import PREFERENCES, Told
from backend.domain.statistics.agreement import Measure
from backend.services.judging.face_offs import FaceOff
from backend.services.judging.judge_reports import Doubt, Report
from backend.services.judging.published import Imported
from backend.web.render import percent

LISTED = 10
SAID = (*PREFERENCES, None)


def of_report(one: Report) -> str:
    """A judge and two systems, in a paragraph."""
    judge = one.judge
    whence = "imported" if judge.engine is None else judge.engine
    lines = [
        f"{judge.name}: {one.candidate} against {one.baseline} "
        f"({judge.model}, {whence}; asked {judge.template}; {judge.orders}, {judge.rule})",
        f"  {one.tally.verdicts} of {one.tally.wanted} verdicts",
        *of_models(judge.model, one.tally.other_models),
        *of_summary(one.tally.summary, one.candidate, one.baseline, both=judge.orders == Orders.BOTH),
        *of_doubts(one.doubts),
    ]
    return "\n".join(lines)


def of_summary(found: Summary, candidate: str, baseline: str, *, both: bool) -> list[str]:
    """Counts, win rate with bounds, habits, and what could not be read."""
    lines = [
        f"  {candidate} {found.candidate}, tie {found.tie}, {baseline} {found.baseline}, unparsed {found.unparsed}"
        + (f"; {many(found.waiting, 'prompt')} not judged in every order yet" if found.waiting else "")
    ]
    if found.scores is not None:
        scores = found.scores
        lines.append(f"  mean scores {scores.candidate:.3f} and {scores.baseline:.3f}")
    if found.rate is not None and found.rate.interval.mean is not None:
        lines.append(f"  win rate of {candidate} {shown(found.rate.interval)} over prompts, for this judge")
        if found.unparsed:
            bounds = found.rate.bounds
            lines.append(f"  with every unparsed one lost or won: {percent(bounds.worst)} to {percent(bounds.best)}")
    if both and found.order.consistent.mean is not None:
        lines.append(f"  prefers the same system in both orders: {shown(found.order.consistent)}")
        lines.append(f"  prefers what it is shown first, beyond one half: {shown(found.order.first_bias)}")
    elif found.rate is not None and not both:
        lines.append("  asked in one order, so what standing first does to its verdicts can't be told")
    return [*lines, *of_unread(found.unread)]


def of_models(asked: str, others: Mapping[str, int]) -> list[str]:
    """That another model answered than was asked, if one did."""
    told = ", ".join(f"{name} ({many(count, 'verdict')})" for name, count in others.items())
    return [f"  another model answered than {asked}: {told}"] if told else []


def of_unread(unread: Sequence[Unreadable]) -> list[str]:
    """Replies without a verdict, by why, with the prompts."""
    by_why = Counter(one.why for one in unread)
    return [
        f"  {many(count, 'reply', 'replies')} unread, {why}: prompt "
        + listed([one.key for one in unread if one.why == why])
        for why, count in sorted(by_why.items())
    ]


def of_doubts(doubts: Sequence[Doubt] | None) -> list[str]:
    """Verdicts that may follow what an output said to the judge."""
    if doubts is None:
        return ["  not looked through for injections: what the judge was asked is not known"]
    lines = []
    for kind in Obedience:
        found = [one for one in doubts if one.obedience == kind]
        if found:
            lines.append(f"  {kind}: {many(len(found), 'verdict')}, such as prompt {found[0].key}: {found[0].evidence}")
    return lines


def listed(keys: Sequence[str]) -> str:
    """The first few, each once."""
    once = list(dict.fromkeys(keys))
    return ", ".join(once[:LISTED]) + (f" and {len(once) - LISTED} more" if len(once) > LISTED else "")


def of_import(found: Imported) -> str:
    """What files were understood as, and what became of them."""
    judge = found.judge
    lines = [
        f"Read as {found.form}: {many(found.found, 'verdict')} of {judge.model}, asked {judge.template}, "
        f"{judge.orders}; what counts is what is {'stored' if found.read == 'stored' else 'read in the replies'}.",
        f"{many(found.added, 'verdict')} added to judge {judge.name}"
        + (f", {found.already} were there already" if found.already else "")
        + ".",
        *(f"  left out: {count} {why}" for why, count in found.left_out.items()),
        *(f"  note: {note}" for note in found.notes),
    ]
    if found.compared:
        alike = found.compared - len(found.disagreeing)
        lines.append(f"Stored and read in the replies: {alike} of {found.compared} say the same.")
    lines += [
        f"  prompt {one.key}: stored {of_reading(one.stored)}, in the reply {of_reading(one.reply)}"
        for one in found.disagreeing[:LISTED]
    ]
    if len(found.disagreeing) > LISTED:
        lines.append(f"  … and {len(found.disagreeing) - LISTED} more")
    return "\n".join(lines)


def of_reading(reading: Reading) -> str:
    """A reading in a few words."""
    if reading.choice is None:
        return f"unread ({reading.why})"
    scores = "" if reading.scores is None else f" ({reading.scores[0]:g} {reading.scores[1]:g})"
    return f"{reading.choice}{scores}"


def of_changes(changes: Sequence[Change]) -> list[str]:
    """Verdicts that read otherwise now."""
    lines = [
        f"  prompt {one.key}, candidate {'second' if one.flipped else 'first'}: stored {of_reading(one.stored)}, "
        f"now {of_reading(one.now)}"
        for one in changes[:LISTED]
    ]
    return [*lines, *([f"  … and {len(changes) - LISTED} more"] if len(changes) > LISTED else [])]


def of_face_off(found: FaceOff) -> str:
    """Two judges side by side."""
    versus, one, other = found.found, found.one, found.other
    lines = [
        f"{one.name} and {other.name}: {one.candidate} against {one.baseline}, {many(versus.shared, 'prompt')} that "
        f"both judged, {versus.parsed} without an unparsed one"
    ]
    if found.other_texts:
        lines.append(f"  left out: {many(found.other_texts, 'prompt')} at which they saw other texts of an output")
    for name, measure in (("agreement", "percent"), ("Cohen's κ", "kappa"), ("Gwet's AC1", "ac1")):
        lines.append(f"  {name:12} {of_measure(getattr(versus.agreement, measure), is_share=measure == 'percent')}")
    lines += ["", *of_table(versus.table, one.name, other.name)]
    lines += [f"  prompt {row.key}: {told(row.one)}, {told(row.other)}" for row in versus.differing[:LISTED]]
    if len(versus.differing) > LISTED:
        lines.append(f"  … and {len(versus.differing) - LISTED} more; --json lists all")
    return "\n".join(lines)


def of_measure(found: Measure, *, is_share: bool) -> str:
    """A measure with its interval."""
    if found.value is None:
        return f"– ({found.method})"
    values = (found.value, found.low, found.high)
    value, low, high = ((percent(one) if is_share else "–" if one is None else f"{one:.3f}") for one in values)
    return f"{value} [{low}, {high}]"


def of_table(table: Mapping[tuple[Told, Told], int], one: str, other: str) -> list[str]:
    """Prompts by what both said: a row for what the one said, a column for what the other did."""
    head = "".join(f"{told(column):>11}" for column in SAID)
    rows = [f"  {told(row):>11}" + "".join(f"{table.get((row, column), 0):>11}" for column in SAID) for row in SAID]
    return [f"  rows: {one}; columns: {other}", f"  {'':>11}{head}", *rows]


def told(said: Told) -> str:
    return said or "unparsed"


def of_trust(found: Trust) -> str:
    """How far a judge can be trusted, by gold pairs."""
    order = found.summary.order
    accuracy = None if found.summary.rate is None else found.summary.rate.interval
    lines = [f"{many(found.pairs, 'gold pair')} judged in both orders"]
    if accuracy is not None:
        lines.append(f"  accuracy over both orders {shown(accuracy)}")
    lines += [
        f"  right in both orders    {of_share(found.both)}; wrong in both {found.wrong}, tied in both {found.tied}, "
        f"decided by the order {found.torn}, unread {found.summary.unparsed}",
        f"  with the right one first  {of_share(found.right_first)}",
        f"  with the right one second {of_share(found.right_second)}",
        f"  the same in both orders   {shown(order.consistent)}",
        f"  prefers what it is shown first, beyond one half: {shown(order.first_bias)}",
        *of_unread(found.summary.unread),
    ]
    return "\n".join(lines)


def of_share(found: Share) -> str:
    return f"{percent(found.share)} [{percent(found.low)}, {percent(found.high)}] ({found.right} of {found.trials})"


def report_json(one: Report) -> dict[str, object]:
    """Every number of a report."""
    judge = one.judge
    named = {name: getattr(judge, name) for name in ("name", "model", "engine", "template", "orders", "rule")}
    return {
        "judge": named,
        "candidate": one.candidate,
        "baseline": one.baseline,
        "verdicts": one.tally.verdicts,
        "wanted": one.tally.wanted,
        "other_models": one.tally.other_models,
        "summary": asdict(one.tally.summary),
        "doubts": None if one.doubts is None else [asdict(doubt) for doubt in one.doubts],
    }


def face_off_json(found: FaceOff) -> dict[str, object]:
    """Every number of two judges side by side."""
    versus = found.found
    return {
        "judges": [found.one.name, found.other.name],
        "candidate": found.one.candidate,
        "baseline": found.one.baseline,
        "shared": versus.shared,
        "parsed": versus.parsed,
        "other_texts": found.other_texts,
        "agreement": asdict(versus.agreement),
        "table": {told(row): {told(column): versus.table.get((row, column), 0) for column in SAID} for row in SAID},
        "differing": [asdict(one) for one in versus.differing],
    }


def as_json(plain: object) -> str:
    """For scripts."""
    return json.dumps(plain, indent=2, ensure_ascii=False)
