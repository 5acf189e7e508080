"""Methods and seeds for tests. Knows no test."""

from backend.domain.synthesis.methods import Seed
from backend.domain.synthesis.nq import NaturalQuestions
from backend.domain.synthesis.self_instruct import SelfInstruct

TEMPLATE = "More:" + "".join(f"\nQ: {{question {place}}}\nA: {{answer {place}}}" for place in range(1, 6))
QUESTIONS = tuple(Seed(f"s{number}", f"who is number {number}", f"{{answer {number}}}") for number in range(1, 11))
TASKS = tuple(Seed(f"t{number}", f"Tell a story about the number {number}:") for number in range(1, 11))


def questions(seed: int = 0) -> NaturalQuestions:
    return NaturalQuestions(TEMPLATE, QUESTIONS, seed)


def tasks(seed: int = 0) -> SelfInstruct:
    return SelfInstruct("Come up with tasks:\n{tasks}", TASKS, seed)
