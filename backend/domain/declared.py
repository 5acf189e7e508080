"""Says in words which rules a study declares before its launch. Knows no page and no vote."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from backend.domain import qualifications
from backend.domain.choices import SplitRule
from backend.domain.journey import Journey
from backend.domain.rules import Analysis, CheckRates, Exclusion, ExclusionKind
from backend.domain.settings import StudySettings

SPLITS = {
    SplitRule.TIE: "as a tie",
    SplitRule.HALF: "as half a win",
    SplitRule.LOSS: "as a loss of the candidate",
    SplitRule.DROP: "not at all",
    SplitRule.EXTRA: "only after two more raters",
}
OFFENCES = {
    ExclusionKind.FAILED_CHECKS: "fail more than {limit} of their gold and attention checks ({least} or more)",
    ExclusionKind.INCONSISTENT: "answer more than {limit} of their repeats otherwise than before ({least} or more)",
    ExclusionKind.TOO_FAST: "read more than {limit} words a minute (median of {least} or more comparisons)",
    ExclusionKind.ONE_SIDED: "choose one place in more than {limit} of their decisive votes ({least} or more)",
    ExclusionKind.UNCONFIRMED: (
        "came by a vendor that confirmed no submission for more than {limit} of their ratings ({least} or more)"
    ),
}


def digits(value: float, times: int = 1) -> str:
    """The number in plain decimal digits, exactly: 0.07 times 100 is “7”, and reading that back gives 0.07 again."""
    written = f"{Decimal(repr(float(value))) * times:f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def grouped(value: float) -> str:
    """The number exactly, its thousands apart: 150000000 is “150,000,000”."""
    return f"{value:,.0f}" if value == round(value) else digits(value)


def split_in_words(settings: StudySettings) -> str:
    """How a comparison without majority counts; follows “a split counts”."""
    if settings.split_rule != SplitRule.EXTRA:
        return SPLITS[settings.split_rule]
    return f"{SPLITS[SplitRule.EXTRA]}, and what all five leave open counts {SPLITS[settings.split_fallback]}"


def sentences(settings: StudySettings) -> tuple[str, ...]:
    """A sentence for each declared rule that is on; the split rule, which is always there, is not among them."""
    return (
        *checks(settings.checks),
        *exclusions(settings.exclusions),
        *early_end(settings),
        *analysis(settings.analysis),
        *journey(settings.journey),
        *qualifications.sentences(settings.qualifying),
    )


def checks(rates: CheckRates) -> Iterator[str]:
    kinds = {"gold comparisons": rates.gold, "attention checks": rates.attention, "repeats": rates.repeat}
    on = [f"{digits(rate, 100)} % {kind}" for kind, rate in kinds.items() if rate]
    if on:
        yield f"Raters meet checks among their comparisons: {', '.join(on)}."


def exclusions(rules: Sequence[Exclusion]) -> Iterator[str]:
    if rules:
        yield (
            f"Raters are left out who {', or '.join(offence(rule) for rule in rules)}; "
            "their seats are not filled again."
        )


def offence(rule: Exclusion) -> str:
    limit = digits(rule.limit) if rule.kind == ExclusionKind.TOO_FAST else f"{digits(rule.limit, 100)} %"
    return OFFENCES[rule.kind].format(limit=limit, least=rule.least)


def early_end(settings: StudySettings) -> Iterator[str]:
    if rule := settings.stopping:
        yield (
            f"The batch may stop early, from {rule.least_prompts} prompts on, "
            f"with an error of {digits(rule.error, 100)} %."
        )
    if settings.stopping or settings.analysis.sealed:
        yield "The results are sealed until the batch has ended."


def analysis(asked: Analysis) -> Iterator[str]:
    if asked.margin != Analysis().margin:
        yield f"A difference of up to {digits(asked.margin, 100)} points counts as none."
    yield from systems(asked)


def systems(asked: Analysis) -> Iterator[str]:
    """Which systems play a part of their own in the results."""
    if asked.primary is not None:
        yield f"The primary candidate is {asked.primary}."
    if asked.ladder:
        yield f"The ladder is {', '.join(f'{rung.system} at {grouped(rung.amount)}' for rung in asked.ladder)}."
    if asked.base is not None:
        yield f"The system that imitation started from is {asked.base}."


def journey(before: Journey) -> Iterator[str]:
    """What raters do before the task."""
    if before.consent is not None:
        yield "Raters are asked for their consent first."
    if before.training:
        exercises = "1 exercise" if len(before.training) == 1 else f"{len(before.training)} exercises"
        yield f"Raters practise on {exercises} with feedback, which nobody fails."
    if before.test:
        yield (
            f"Raters take an entry test: {before.pass_mark} of {len(before.test)} exercises must be right; "
            "whoever fails is paid for it and does not go on."
        )
