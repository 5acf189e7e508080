"""Which turns are HTML; what is made of them is the converter's, so a little one stands in for it here."""

import pytest

from backend.domain.data.markup import LONGEST, as_markdown, is_html
from tests.domain.data.talk import said, texts


def shout(page: str) -> str:
    """A converter that shows that it was asked."""
    if "too deep" in page:
        raise ValueError("nested too deeply")
    return page.upper()


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ('<div class="markdown prose"><p>Hi</p></div>', True),
        ("\n<p>Hi", True),
        ("<BR/>", True),
        ("Use <div> for that.", False),
        ("<T> is a type parameter", False),
        ("<preface>", False),
        ("```html\n<p>\n```", False),
        ("", False),
    ],
)
def test_text_that_begins_with_a_tag_of_a_page_is_html(text: str, html: bool) -> None:
    assert is_html(text) is html


def test_only_turns_of_these_roles_that_are_html_are_converted() -> None:
    outcome = as_markdown(said("<p>a", "<p>b", "c", "d"), shout, ("assistant",))
    assert texts(outcome.dialogues[0]) == ["<p>a", "<P>B", "c", "d"]
    assert [(note.why, note.what) for note in outcome.notes] == [("HTML", "<p>b")]


def test_a_page_that_cannot_be_converted_drops_its_dialogue_and_says_why() -> None:
    outcome = as_markdown(said("a", "<p>too deep"), shout, ("assistant",))
    assert (outcome.dialogues, outcome.notes[0].why) == ((), "HTML nested too deeply")


def test_a_page_of_megabytes_drops_its_dialogue_and_as_much_text_does_not() -> None:
    outcome = as_markdown(said("a", "<p>" + "b" * LONGEST), shout, ("assistant",))
    assert (outcome.dialogues, outcome.notes[0].why) == ((), "HTML longer than 1,000,000 characters")
    assert as_markdown(said("a", "b" * 10 * LONGEST), shout, ("assistant",)).notes == ()
