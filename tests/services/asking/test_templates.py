"""The templates that come with Assay, by name."""

import pytest

from backend.errors import Invalid
from backend.services.asking import templates


def test_templates_are_found_by_name_and_an_unknown_one_names_those_there_are() -> None:
    assert list(templates.templates()) == ["alpaca", "koala-v1", "plain", "vicuna-v1"]
    assert templates.template("plain").last_only
    with pytest.raises(Invalid, match=r"no template 'vicuna'; there are: alpaca, koala-v1, plain, vicuna-v1\."):
        templates.template("vicuna")
