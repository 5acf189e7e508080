"""Reads the settings of a study from its form, with the rules that a launch declares. Knows no database."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal, InvalidOperation

from starlette.datastructures import FormData

from backend.domain.journey import Exercise, Journey
from backend.domain.rules import Analysis, ExclusionKind
from backend.domain.settings import StudySettings
from backend.errors import Invalid
from backend.web.forms.fields import number, text

LABELS = {"tie": "About the same", "both_bad": "Both are bad"}
AMOUNT = "amount:"


def settings(
    form: FormData, before: StudySettings, *, ours: Sequence[Exercise] = (), test: Sequence[Exercise] | None = None
) -> StudySettings:
    """The settings with what the form says instead. Raises Invalid with a sentence.

    ours: the training that comes with Assay. test: from a file that came with the form; None keeps what there is.
    """
    try:
        return before.but(
            title=text(form, "title"),
            question=text(form, "question"),
            instructions=text(form, "instructions"),
            seats=number(form, "seats"),
            session_size=number(form, "session_size"),
            rater_cap=number(form, "rater_cap"),
            lease_minutes=number(form, "lease_minutes"),
            options=options(form, before),
            split_rule=text(form, "split_rule"),
            split_fallback=text(form, "split_fallback") or before.split_fallback,
            checks={kind: share(form, f"{kind}_checks", empty=0.0) for kind in ("gold", "attention", "repeat")},
            exclusions=exclusions(form, before),
            stopping=stopping(form),
            analysis=analysis(form, before.analysis),
            journey=journey(form, before.journey, ours, test),
        )
    except ValueError as error:
        raise Invalid(f"These settings can't be used: {error}.") from None


def options(form: FormData, before: StudySettings) -> list[dict[str, str]]:
    """First and second always; tie and both bad where they are ticked, under the words that they had."""
    labels = LABELS | {str(option.choice): option.label for option in before.options}
    chosen = ["first", "second", *(choice for choice in LABELS if text(form, choice))]
    return [{"choice": choice, "label": labels[choice]} for choice in chosen]


def exclusions(form: FormData, before: StudySettings) -> list[dict[str, object]]:
    """The rules that are ticked, in the order that they had: keeping a form as it was changes no hash."""
    kinds = dict.fromkeys([*(rule.kind for rule in before.exclusions), *ExclusionKind])
    return [exclusion(form, kind) for kind in kinds if text(form, kind)]


def exclusion(form: FormData, kind: ExclusionKind) -> dict[str, object]:
    read = real if kind == ExclusionKind.TOO_FAST else share
    return {"kind": kind, "limit": read(form, f"{kind}_limit"), "least": number(form, f"{kind}_least")}


def stopping(form: FormData) -> dict[str, object] | None:
    """The stop rule, where it is ticked."""
    if not text(form, "stopping"):
        return None
    return {"error": share(form, "stopping_error"), "least_prompts": number(form, "least_prompts")}


def analysis(form: FormData, before: Analysis) -> dict[str, object]:
    """What the results are asked; the ladder in the order that it had."""
    amounts = {key.removeprefix(AMOUNT): real(form, key) for key in form if key.startswith(AMOUNT) and text(form, key)}
    order = dict.fromkeys([*(rung.system for rung in before.ladder if rung.system in amounts), *amounts])
    return {
        "primary": text(form, "primary") or None,
        "margin": share(form, "margin", empty=Analysis().margin),
        "ladder": [{"system": system, "amount": amounts[system]} for system in order],
        "base": text(form, "base") or None,
        "sealed": bool(text(form, "sealed")),
    }


def journey(
    form: FormData, before: Journey, ours: Sequence[Exercise], test: Sequence[Exercise] | None
) -> dict[str, object]:
    """What comes before the task; a training or a test from a file stays until it is taken out."""
    trainings = {"": (), "ours": ours, "kept": before.training}
    training = trainings.get(text(form, "training"), before.training)
    kept = before.test if test is None and not text(form, "without_test") else test or ()
    return {
        "consent": text(form, "consent") or None,
        "training": [asdict(one) for one in training],
        "test": [asdict(one) for one in kept],
        "pass_mark": (number(form, "pass_mark") or 0) if kept else 0,
    }


def share(form: FormData, name: str, *, empty: float | None = None) -> float:
    """A share from its percent, exactly: “7” is 0.07. Empty where that may be; Invalid for anything but a number."""
    if not text(form, name) and empty is not None:
        return empty
    return real(form, name, exponent=-2)


def real(form: FormData, name: str, *, exponent: int = 0) -> float:
    """The number in a field, times a power of ten; Invalid where there is none."""
    given = text(form, name)
    try:
        # In binary, 7.1 / 100 would be another number than 0.071, and so another hash of the same settings.
        value = float(Decimal(given).scaleb(exponent))
    except (InvalidOperation, ValueError):
        value = math.nan
    if not math.isfinite(value):
        what = name.replace("_", " ").replace(AMOUNT, "amount of ")
        raise Invalid(f"{what} must be a number{f', not {given!r}' if given else ''}.")
    return value
