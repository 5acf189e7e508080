"""Judge templates and canaries come with Assay, by name."""

import pytest

from backend.errors import Invalid
from backend.services.judging.judge_templates import canaries, template, templates


def test_every_template_is_found_by_its_name() -> None:
    assert [template(name).name for name in templates()] == sorted(templates())
    assert {"vicuna-general", "mtbench-pair-v2", "alpaca", "arena-hard", "rater-instructions"} <= set(templates())


def test_a_name_that_no_template_has_is_refused_with_those_there_are() -> None:
    with pytest.raises(Invalid, match="no judge template 'gpt-4'; there are: alpaca, arena-hard"):
        template("gpt-4")


def test_canaries_come_along() -> None:
    assert len(canaries()) >= 10
