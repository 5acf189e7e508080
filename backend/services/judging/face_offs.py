"""Two judges side by side, each from a study or from a replay pack: how far they agree, and where they don't.

Prompts are known by their text, so two studies may call them differently. Prompts at which the two saw different texts
of an output are counted and left out: those verdicts are on different things.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from backend.domain.choices import Preference
from backend.domain.judging.orders import Orders, Rule
from backend.domain.judging.pack import Pack, entries_of, said
from backend.domain.judging.summary import judgement_of
from backend.domain.judging.versus import Told, Versus, versus
from backend.domain.records import prompt_text, text_hash
from backend.errors import Invalid, NotFound
from backend.services.judging import judge_reports, judgements, judges, judgings

TURNED = {Preference.CANDIDATE: Preference.BASELINE, Preference.BASELINE: Preference.CANDIDATE}


@dataclass(frozen=True, slots=True)
class Side:
    """What one judge said of two systems, to be held against another: prompt's hash -> its judgement.

    keys: prompt's hash -> its key. texts: prompt's hash -> the hashes of the outputs, the candidate's first.
    """

    name: str
    candidate: str
    baseline: str
    told: Mapping[str, Told]
    keys: Mapping[str, str]
    texts: Mapping[str, tuple[str, str]]


def of_study(session: Session, study_id: int, name: str, pair: tuple[str, str] | None) -> Side:
    """By name. pair: (candidate, baseline), needed where a judge compared several."""
    judge = judges.by_name(session, study_id, name)
    known = {judge_reports.names_of(session, one): one for one in judge_reports.judgings_of(session, judge)}
    chosen = the_pair(name, list(known), pair)
    judging = known[chosen]
    found = {one.prompt_id: one for one in judgements.of(session, judge, judging) if judgements.is_whole(judge, one)}
    rows = session.execute(judgings.pairs(judging.candidate_id, judging.baseline_id)).all()
    pairs = {prompt.text_hash: judgings.pair_of(prompt, *outputs) for prompt, *outputs in rows if prompt.id in found}
    return Side(
        name=name,
        candidate=chosen[0],
        baseline=chosen[1],
        told={text: found[one.prompt_id].judgement.preference for text, one in pairs.items()},
        keys={text: one.key for text, one in pairs.items()},
        texts={text: (text_hash(one.first.text), text_hash(one.second.text)) for text, one in pairs.items()},
    )


def the_pair(name: str, known: Sequence[tuple[str, str]], pair: tuple[str, str] | None) -> tuple[str, str]:
    """The one that is meant."""
    if pair is not None and pair in known:
        return pair
    listed = "; ".join(f"{candidate} against {baseline}" for candidate, baseline in known) or "nothing"
    if pair is not None:
        raise NotFound(f"{name} did not compare {pair[0]} against {pair[1]}; it compared {listed}.")
    if len(known) != 1:
        raise Invalid(f"{name} compared {listed}; say which with --candidate and --baseline.")
    return known[0]


def of_pack(pack: Pack, pair: tuple[str, str] | None) -> Side:
    """As the pack's readings are stored."""
    candidate, baseline = the_pair(pack.judge.name, pack.comparisons, pair)
    found = entries_of(pack, candidate, baseline)
    keys = {text_hash(prompt_text(one.dialogue)): one.prompt for one, _ in found}
    texts = {}
    for one, flipped in found:
        first, second = text_hash(one.first.text), text_hash(one.second.text)
        texts[text_hash(prompt_text(one.dialogue))] = (second, first) if flipped else (first, second)
    rows = {one.key: one for one in said([(one.prompt, flipped, one.reading) for one, flipped in found])}
    orders, rule = Orders(pack.judge.orders), Rule(pack.judge.rule)
    whole = {text: rows[key] for text, key in keys.items() if rows[key].is_whole(orders)}
    told = {text: judgement_of(row, orders=orders, rule=rule).preference for text, row in whole.items()}
    return Side(pack.judge.name, candidate, baseline, told, keys, texts)


def turned(side: Side) -> Side:
    """With its systems exchanged."""
    return replace(
        side,
        candidate=side.baseline,
        baseline=side.candidate,
        told={key: None if one is None else TURNED.get(one, one) for key, one in side.told.items()},
        texts={key: (second, first) for key, (first, second) in side.texts.items()},
    )


@dataclass(frozen=True, slots=True)
class FaceOff:
    """found: keyed by the one's keys. other_texts: prompts at which they saw different texts."""

    one: Side
    other: Side
    found: Versus
    other_texts: int


def compare(one: Side, other: Side) -> FaceOff:
    """Invalid where they judged different systems."""
    if (other.candidate, other.baseline) == (one.baseline, one.candidate):
        other = turned(other)
    if (other.candidate, other.baseline) != (one.candidate, one.baseline):
        raise Invalid(
            f"{one.name} judged {one.candidate} against {one.baseline}, and {other.name} {other.candidate} against "
            f"{other.baseline}: they can't be compared."
        )
    shared = [text for text in one.told if text in other.told]
    alike = [text for text in shared if one.texts[text] == other.texts[text]]
    found = versus(
        {one.keys[text]: one.told[text] for text in alike}, {one.keys[text]: other.told[text] for text in alike}
    )
    return FaceOff(one, other, found, len(shared) - len(alike))
