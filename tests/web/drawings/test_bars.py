"""Bars: their heights follow the counts, their names stand under them, and hostile words stay text."""

from xml.etree import ElementTree

from backend.web.drawings.bars import BASE, HEADROOM, Bar, bars


def test_bars_are_as_high_as_their_counts_and_nothing_stands_for_none() -> None:
    drawn = ElementTree.fromstring(bars([Bar("0", 4), Bar("10", 0), Bar("20", 2, is_marked=True)], label="l", end="30"))
    boxes = drawn.findall("rect")
    assert [float(box.attrib["height"]) for box in boxes] == [BASE - HEADROOM, (BASE - HEADROOM) / 2]
    assert [box.attrib["class"] for box in boxes] == ["bar", "bar marked"]
    assert [text.text for text in drawn.findall("text")] == ["4", "2", "0", "10", "20", "30"]


def test_many_bars_have_a_name_now_and_then() -> None:
    drawn = ElementTree.fromstring(bars([Bar(str(number), 0) for number in range(50)], label="l"))
    assert [text.text for text in drawn.findall("text")] == [str(number) for number in range(0, 50, 10)]


def test_no_bars_are_no_picture_and_words_stay_text() -> None:
    assert bars([], label="l") == ""
    assert "<b>" not in bars([Bar("<b>", 1)], label='"<b>', end="<b>")
