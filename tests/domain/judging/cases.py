"""What the tests of judging share: replies, and templates from their data files."""

from collections.abc import Mapping

from backend.domain.asking import Reply
from backend.domain.choices import Choice
from backend.domain.judging.parsing import Reading
from backend.domain.judging.templates import Template
from backend.services.judging.judge_templates import templates

VICUNA = templates()["vicuna-general"]
MTBENCH = templates()["mtbench-pair-v2"]
ARENA = templates()["arena-hard"]
ALPACA = templates()["alpaca"]
RATERS = templates()["rater-instructions"]
ALL: list[Template] = list(templates().values())


def reply(text: str, finish: str = "stop", *logprobs: Mapping[str, float]) -> Reply:
    return Reply(text, finish, "judge-1", 100, 10, logprobs)


def chosen(choice: Choice | None, *, probability: float | None = None) -> Reading:
    """A reading as a tag gives it."""
    return Reading(choice, strength=None if choice is None else 1, probability=probability)


def scored(first: float, second: float) -> Reading:
    """A reading as two scores give it."""
    choice = Choice.TIE if first == second else Choice.FIRST if first > second else Choice.SECOND
    return Reading(choice, scores=(first, second))
