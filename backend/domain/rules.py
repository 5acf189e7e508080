"""Rules that are declared before a launch and can't be chosen after the votes are seen. Knows no vote and no table.

They are part of a study's settings, so the hash that freezes those freezes these too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from backend.domain.plain import flag, no_others, number, real, rows, table, text, word

MOST_CHECKS = 0.5


@dataclass(frozen=True, slots=True)
class CheckRates:
    """How often a rater meets a check, as shares of their own comparisons, each in [0, 0.5].

    gold: a comparison whose right choice is known. attention: one that says in its text what to press. repeat: a
    comparison of the rater's own, again, with sides reversed. Checks take no seat and count in no result but their own.
    """

    gold: float = 0.0
    attention: float = 0.0
    repeat: float = 0.0

    def __post_init__(self) -> None:
        if not all(0.0 <= rate <= MOST_CHECKS for rate in (self.gold, self.attention, self.repeat)):
            raise ValueError("the rates of checks must be between 0 and 0.5 of a rater's comparisons")
        if self.gold + self.attention + self.repeat > 1.0:
            raise ValueError("the rates of checks add up to more than 1, but no check ever follows another check")

    @property
    def any(self) -> bool:
        """Whether raters meet checks at all."""
        return self.gold + self.attention + self.repeat > 0


class ExclusionKind(StrEnum):
    """What a rater can be left out for. No rule looks at which system was chosen."""

    FAILED_CHECKS = "failed_checks"
    INCONSISTENT = "inconsistent"
    TOO_FAST = "too_fast"
    ONE_SIDED = "one_sided"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Leaves out all votes of a rater who is beyond `limit`, once there are `least` observations to judge by.

    failed_checks: share of gold and attention checks answered wrongly, above the limit. inconsistent: share of repeats
    answered otherwise than before, above the limit. too_fast: median words read a minute, above the limit. one_sided:
    share of the commoner place among decisive votes, above the limit. unconfirmed: share of ratings through a vendor
    for which it has listed no submission of theirs, above the limit. An excluded rater's seats are not filled again.
    """

    kind: ExclusionKind
    limit: float
    least: int

    def __post_init__(self) -> None:
        if self.least < 1:
            raise ValueError("an exclusion rule needs at least one observation to judge by")
        if self.kind == ExclusionKind.TOO_FAST:
            if self.limit <= 0:
                raise ValueError("too_fast needs a limit in words a minute")
        elif not 0.0 <= self.limit < 1.0:
            raise ValueError(f"the limit of {self.kind} is a share of at least 0 and less than 1")


@dataclass(frozen=True, slots=True)
class Stopping:
    """When a batch may stop before its end without spoiling its error rate, and until then results are sealed.

    error: chance, over all candidates, of ever excluding the truth. least_prompts: prompts that a verdict needs at
    least. Prompts enter in launch order, once all their seats are closed.
    """

    error: float = 0.05
    least_prompts: int = 30

    def __post_init__(self) -> None:
        if not 0.0 < self.error < 0.5:
            raise ValueError("the stop rule's error must be between 0 and 0.5")
        if self.least_prompts < 2:
            raise ValueError("the stop rule needs at least 2 prompts")


@dataclass(frozen=True, slots=True)
class Rung:
    """A system on a ladder, at an amount (of data, of parameters) above zero."""

    system: str
    amount: float

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise ValueError("an amount on the ladder must be above zero")


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the results are asked.

    primary: the candidate whose win rate is the study's question, None for the only or first one. margin: the largest
    difference in win rate that counts as none, in (0, 0.5). ladder: systems by amount, for a slope. base: the system
    that imitation started from, whose gain is split into style and the rest. sealed: results stay closed until the
    batch is complete or its stop rule triggers.
    """

    primary: str | None = None
    margin: float = 0.05
    ladder: tuple[Rung, ...] = ()
    base: str | None = None
    sealed: bool = False

    def __post_init__(self) -> None:
        if not 0.0 < self.margin < 0.5:
            raise ValueError("the margin must be between 0 and 0.5")
        if len({rung.system for rung in self.ladder}) < len(self.ladder):
            raise ValueError("a system stands on the ladder once")
        if len(self.ladder) > 1 and len({rung.amount for rung in self.ladder}) == 1:
            raise ValueError("the amounts on the ladder are all equal, so it has no slope; give each system its own")


def check_rates(plain: Mapping[str, object]) -> CheckRates:
    """Rates from plain data; what is left out is zero."""
    no_others(plain, {"gold", "attention", "repeat"}, "kind of check")
    return CheckRates(**{kind: real(plain, kind) for kind in plain})


def exclusion(plain: Mapping[str, object]) -> Exclusion:
    """One exclusion rule from plain data."""
    no_others(plain, {"kind", "limit", "least"}, "key of an exclusion rule")
    return Exclusion(word(plain, "kind", ExclusionKind), real(plain, "limit"), number(plain, "least"))


def stopping(plain: Mapping[str, object]) -> Stopping | None:
    """The stop rule from plain data; None from an empty table."""
    if not plain:
        return None
    no_others(plain, {"error", "least_prompts"}, "key of the stop rule")
    return Stopping(real(plain, "error"), number(plain, "least_prompts"))


def analysis(plain: Mapping[str, object]) -> Analysis:
    """What the results are asked, from plain data; what is left out stays as it is by default."""
    no_others(plain, {"primary", "margin", "ladder", "base", "sealed"}, "key of the analysis")
    return Analysis(
        primary=None if plain.get("primary") is None else text(plain, "primary"),
        margin=real(plain, "margin") if "margin" in plain else Analysis().margin,
        ladder=tuple(Rung(text(rung, "system"), real(rung, "amount")) for rung in rows(plain, "ladder")),
        base=None if plain.get("base") is None else text(plain, "base"),
        sealed=flag(plain, "sealed") if "sealed" in plain else False,
    )


def stop_rule(plain: Mapping[str, object], key: str) -> Stopping | None:
    """The stop rule under this key, which may be missing or null."""
    return None if plain.get(key) is None else stopping(table(plain, key))
