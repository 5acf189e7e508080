"""Numbers as words: a verdict, what an interval holds for, the evidence behind a flag, a rate. Knows no page."""

from collections.abc import Mapping

from backend.domain.choices import Preference, SplitRule
from backend.domain.judging.orders import Orders, Rule
from backend.domain.judging.parsing import Unread
from backend.domain.results.candidates import CandidateResult
from backend.domain.results.exclusions import ExcludedRater
from backend.domain.results.family import NamedDifference
from backend.domain.rules import ExclusionKind
from backend.domain.statistics.flags import Flag, Kind
from backend.domain.statistics.intervals import FEWEST_RATERS, Interval
from backend.domain.statistics.ladder import Slope

POINTS = 100.0
TIED = "\N{NO-BREAK SPACE}"  # between what a line's end must not part
RULES = {
    SplitRule.TIE: "as a tie",
    SplitRule.HALF: "as half a win",
    SplitRule.LOSS: "as a loss",
    SplitRule.DROP: "not at all",
    SplitRule.EXTRA: "after two more raters",
}
METHODS = {
    "moments": ("Default", "prompts, raters and the rest by moments"),
    "cluster_robust": ("Cluster-robust", "no model of the variances; wants more raters"),
    "pigeonhole": ("Pigeonhole bootstrap", "conservative: too wide with few seats"),
    "naive": ("Naive", "ignores prompts and raters; for comparison only"),
}
KINDS = {
    Kind.ONE_SIDED: "one-sided",
    Kind.RANDOM: "looks random",
    Kind.TOO_FAST: "too fast",
    Kind.COPIED: "copied",
}
ORDERS = {
    Orders.BOTH: "in both orders",
    Orders.CANDIDATE_FIRST: "the candidate always first",
    Orders.BASELINE_FIRST: "the baseline always first",
}
JUDGE_RULES = {
    Rule.AGREE_ELSE_TIE: "a win needs every order, all else is a tie",
    Rule.MEAN_SCORE: "the higher mean score wins",
    Rule.PROB_MEAN: "the mean chance of preferring it",
}
UNREAD = {
    Unread.EMPTY: "empty",
    Unread.REFUSED: "refused",
    Unread.CUT_OFF: "cut off before a verdict",
    Unread.ELSEWHERE: "with scores where none belong",
    Unread.QUOTED: "with verdicts that only quote an output",
    Unread.CONFLICTING: "with two verdicts, one of them asked for by an output",
    Unread.FORMAT: "in no known form",
}
STYLES = {"length": "Length", "lists": "Lists", "bold": "Bold", "headers": "Headers"}


def signed(value: float | None, digits: int = 1) -> str:
    """3.14 → “+3.1”, -3.14 → “−3.1”; a dash where there is nothing to say."""
    if value is None:
        return "–"
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def decimal(value: float | None, digits: int = 2) -> str:
    """0.2134 → “0.21”, with a true minus; a dash where there is nothing to say."""
    if value is None:
        return "–"
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def count(value: float) -> str:
    """50000 → “50,000”; 0.5 → “0.5”."""
    return f"{value:,.0f}" if value == round(value) else f"{value:g}"


def amount(value: float) -> str:
    """5000 → “5,000”, 150000000 → “150M”, 13000000000 → “13B”: short enough to stand under an axis."""
    for size, letter in ((1e9, "B"), (1e6, "M")):
        if value >= size:
            return f"{value / size:.4g}{letter}"
    return count(value)


def whole(share: float) -> str:
    """0.976 → “98 %”; the sign never begins a line."""
    return f"{POINTS * share:.0f}{TIED}%"


def lasting(seconds: float) -> str:
    """7500 s → “2 h 5 min”, 40 s → “40 s”; nobody waits for the seconds of an hour."""
    whole_seconds = round(seconds)
    if whole_seconds < 60:
        return f"{whole_seconds}{TIED}s"
    all_minutes = round(seconds / 60)
    hours, rest = divmod(all_minutes, 60)
    if not hours:
        return f"{rest}{TIED}min"
    if hours >= 48:
        return f"{hours // 24}{TIED}days"
    return f"{hours}{TIED}h {rest}{TIED}min" if rest else f"{hours}{TIED}h"


def rate(a_minute: float) -> str:
    """1200 → “20 a second”, 34.2 → “34 a minute”, 0.5 → “30 an hour”."""
    for number, unit in ((a_minute / 60, "a second"), (a_minute, "a minute")):
        if number >= 2:
            return f"{number:,.1f} {unit}" if number < 10 else f"{number:,.0f} {unit}"
    return f"{60 * a_minute:,.0f} an hour"


def dollars(millionths: int) -> str:
    """2500000 → “$2.50”, 3400 → “$0.0034”: as many digits as tell it from nothing, up to four."""
    if 0 < millionths < 100:
        return "<$0.0001"
    return f"${millionths / 1e6:,.2f}" if not millionths or millionths >= 1_000_000 else f"${millionths / 1e6:.4f}"


def verdict(one: CandidateResult, baseline: str) -> str:
    """Whom raters prefer, or that these votes do not tell."""
    if one.preferred is None:
        return "These votes do not tell which one raters prefer."
    winner = one.name if one.preferred == Preference.CANDIDATE else baseline
    return f"{panel(one.win_rate)} {winner}."


def panel(interval: Interval) -> str:
    """Of whom the interval speaks."""
    if not is_panel(interval):
        return "Raters prefer"
    return "This one rater prefers" if interval.raters == 1 else f"These {interval.raters} raters prefer"


def is_panel(interval: Interval) -> bool:
    """Whether there are too few raters to stand for others, also where their votes are all alike."""
    return interval.method == "fixed panel" or 0 < (interval.raters or 0) < FEWEST_RATERS


def label(interval: Interval) -> str:
    """A word of warning about the raters behind an interval, empty where there is none."""
    if is_panel(interval):
        return "fixed panel"
    return "few raters" if interval.method.endswith("few raters") else ""


def holds_for(interval: Interval) -> str:
    """What the default intervals may be taken to say, as a sentence."""
    if interval.method == "fixed panel":
        who = "this one rater" if interval.raters == 1 else f"these {interval.raters} raters"
        return f"They hold for new prompts, but for {who} only: fewer than five can’t stand for others."
    if interval.prompts == 1:
        return "They hold for nothing beyond this one prompt."
    if interval.method == "Wilson on prompts":
        alone = ", and fewer than five raters can’t stand for others" if is_panel(interval) else ""
        return f"All votes are alike, so only the number of prompts is in them{alone}."
    if label(interval):
        return f"They hold for new prompts and new raters; with {interval.raters} raters their width is known roughly."
    return "They hold for new prompts and new raters."


def exclusion(one: ExcludedRater) -> str:
    """Why a declared rule left somebody out."""
    kind = ExclusionKind(one.kind)
    if kind == ExclusionKind.TOO_FAST:
        return f"read {one.found:,.0f} words a minute in the median of {one.observations} votes; limit {one.limit:,.0f}"
    share, limit = whole(one.found), whole(one.limit)
    rated = "1 rating" if one.observations == 1 else f"{one.observations} ratings"
    said = {
        ExclusionKind.FAILED_CHECKS: f"failed {share} of {one.observations} gold and attention checks",
        ExclusionKind.INCONSISTENT: f"answered {share} of {one.observations} repeats otherwise than before",
        ExclusionKind.ONE_SIDED: f"took one place in {share} of {one.observations} decisive votes",
        ExclusionKind.UNCONFIRMED: f"had no submission that the vendor confirmed for {share} of {rated}",
    }[kind]
    return f"{said}; limit {limit}"


def evidence(flag: Flag, names: Mapping[int, str]) -> str:
    """What a flag rests on, as a sentence. names: of raters by number."""
    if flag.kind == Kind.ONE_SIDED:
        side, share = ("first", flag.statistic) if flag.statistic >= flag.expected else ("second", 1 - flag.statistic)
        return f"Chose the {side} output in {whole(share)} of {flag.n} decisive votes{chance(flag)}."
    if flag.kind == Kind.TOO_FAST:
        return f"Faster than both outputs can be read in {whole(flag.statistic)} of {flag.n} votes{chance(flag)}."
    if flag.kind == Kind.RANDOM:
        beyond = f"{decimal(flag.statistic)} beyond chance, where the median rater has {decimal(flag.expected)}"
        return f"Agrees with others {beyond}, over {flag.n} comparisons{chance(flag)}."
    other = names.get(flag.other if flag.other is not None else -1, "somebody")
    return f"Voted like {other} on {whole(flag.statistic)} of {flag.n} shared prompts{chance(flag)}."


def chance(flag: Flag) -> str:
    """How often honest raters are found among those who look like this."""
    return f" (q{TIED}{f'<{TIED}0.001' if flag.q_value < 0.001 else f'={TIED}{flag.q_value:.3f}'})"


def same_or_not(one: NamedDifference, margin: float) -> str:
    """The equivalence test's answer in words."""
    within = f"within {POINTS * margin:g} points"
    return {
        "equivalent": f"the same {within}",
        "different": "different",
        "undecided": "undecided",
    }[one.equivalence.verdict]


def trend(slope: Slope) -> str:
    """What the ladder shows."""
    within = f"{POINTS * slope.margin:g} points"
    return {
        "flat": f"Flat: from the first rung to the last, and between any two, nothing beyond {within}.",
        "changes": "The win rate changes along the ladder.",
        "undecided": f"Undecided: neither flat within {within} nor a slope that leaves out 0.",
    }[slope.verdict]


def too_few(kinds: tuple[Kind, ...]) -> str:
    """Of what nothing can be said."""
    return ", ".join(KINDS[kind] for kind in kinds)
