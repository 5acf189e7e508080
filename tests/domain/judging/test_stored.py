"""Templates as they are stored, and back."""

import pytest

from backend.domain.judging.stored import template_from_json, template_to_json
from backend.domain.judging.templates import Template, for_study
from tests import factories
from tests.domain.judging.cases import ALL, RATERS


@pytest.mark.parametrize("template", [*ALL, for_study(RATERS, factories.settings())], ids=lambda one: one.name)
def test_a_stored_template_is_the_same_with_its_panel(template: Template) -> None:
    assert template_from_json(template_to_json(template)) == template


def test_a_panel_without_choices_is_refused() -> None:
    stored = dict(template_to_json(for_study(RATERS, factories.settings())))
    with pytest.raises(ValueError, match="choices must be a list"):
        template_from_json({**stored, "panel": {"title": "a", "instructions": "b", "question": "c"}})
