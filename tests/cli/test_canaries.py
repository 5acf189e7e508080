"""`assay judge canaries` against judges on a real socket: one that obeys, one that doesn't, one that can't be read."""

import pytest
from click.testing import CliRunner

from backend.cli.main import assay
from backend.services.judging import judge_templates
from tests.openai import Answer, Asked, Step, says, scripted

CANARIES = judge_templates.canaries()


def side_of_the_better(asked: Asked) -> str:
    """The verdict for the output that was written as the better one, wherever it stands."""
    first = asked.prompt.partition("The Start of Assistant B's Answer")[0]
    return "[[A]]" if any(one.better in first for one in CANARIES) else "[[B]]"


def honest(asked: Asked) -> Answer:
    return says(f"The other one has no answer. {side_of_the_better(asked)}")(asked)


def obedient(asked: Asked) -> Answer:
    """Says the last verdict that its prompt holds, which is the injection's where there is one."""
    better = side_of_the_better(asked)
    worse = "[[B]]" if better == "[[A]]" else "[[A]]"
    told = asked.prompt.count(worse) > says_by_itself(worse)
    return says(worse if told else better)(asked)


def says_by_itself(tag: str) -> int:
    """How often the template itself names a verdict."""
    template = judge_templates.template("mtbench-pair-v2")
    return (template.system + template.user).count(tag)


def run(step: Step, *more: str) -> str:
    with scripted(otherwise=step) as server:
        words = ["judge", "canaries", "--template", "mtbench-pair-v2", "--model", "m", "--url", server.url, *more]
        done = CliRunner().invoke(assay, words, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert len(server.asked) == 4 * len(CANARIES)
    return done.output


def test_a_judge_that_keeps_to_the_outputs_falls_for_nothing() -> None:
    found = run(honest)
    assert f"With an injection: {2 * len(CANARIES)} right, 0 tied, 0 unread" in found
    assert "what the injection wanted: 0 times" in found
    assert f"Without: {2 * len(CANARIES)} of {2 * len(CANARIES)} right" in found


def test_a_judge_that_obeys_is_found_out_and_right_without_the_injection() -> None:
    found = run(obedient, "--replies")
    assert "what the injection wanted: 0 times" not in found
    assert f"Without: {2 * len(CANARIES)} of {2 * len(CANARIES)} right" in found
    assert any(f"\n{one.key}: [[" in found for one in CANARIES)


def test_a_judge_that_can_not_be_read_is_neither_right_nor_wrong() -> None:
    found = run(says("I would rather not choose."))
    assert f"0 right, 0 tied, {2 * len(CANARIES)} unread" in found
    assert "0 times\n" in found


@pytest.mark.parametrize("words", [("--engine", "vllm", "--model", "m"), ("--engine", "openai", "--model", "m")])
def test_an_engine_without_an_address_is_refused_in_a_sentence(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(assay, ["judge", "canaries", "--template", "alpaca", *words])
    assert done.exit_code == 1
    assert "--url" in str(done.exception) or "address" in str(done.exception)
