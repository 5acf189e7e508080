"""The words of judges and their verdicts. Knows no template and no reply: those are in backend.domain.judging."""

from enum import StrEnum


class Order(StrEnum):
    """Which outputs a judge sees first: each once, by default; or always the same, as the paper did."""

    BOTH = "both"
    CANDIDATE_FIRST = "candidate_first"
    BASELINE_FIRST = "baseline_first"


class Rule(StrEnum):
    """How the verdicts of both orders become one judgement of a pair."""

    AGREE_ELSE_TIE = "agree_else_tie"
    MEAN_SCORE = "mean_score"
    PROB_MEAN = "prob_mean"


class Verdicts(StrEnum):
    """What a judge said of the two outputs in the order it saw them; unparsed: its reply can't be read."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"
    UNPARSED = "unparsed"
