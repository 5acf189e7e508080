"""Scales and rows of plots: where things stand, and that hostile names stay text."""

from xml.etree import ElementTree

import pytest

from backend.domain.statistics.intervals import Interval
from backend.web.drawings import drawing, forest, ladder
from backend.web.drawings.drawing import Box, Dot, Drawing, Line, Words
from backend.web.drawings.ladder import Step


def spanned(low: float | None, high: float | None) -> Interval:
    return Interval(0.5, low, high, 0.95, "prompts × raters", 10, 20)


def test_a_scale_has_round_ends_around_every_interval_and_the_middle() -> None:
    on = forest.scale([spanned(0.52, 0.68), spanned(None, None)])
    assert (on.low, on.high) == pytest.approx((0.4, 0.7))
    assert [round(value, 6) for value in on.ticks] == [0.4, 0.5, 0.6, 0.7]
    assert on.at(0.55) == pytest.approx(50)
    assert (on.at(-1), on.at(2)) == (0, 100)


def test_a_wide_scale_has_fewer_ticks_and_always_the_middle() -> None:
    assert [round(value, 6) for value in forest.scale([spanned(0.0, 1.0)]).ticks] == [0.0, 0.5, 1.0]
    assert [round(value, 6) for value in forest.scale([spanned(0.2, 0.7)]).ticks] == [0.3, 0.5, 0.7]
    points = forest.scale([spanned(-0.1, 0.25)], middle=0)
    assert [forest.name(value, points=True) for value in points.ticks] == ["0", "+20"]


def test_a_row_has_its_estimate_interval_and_margin() -> None:
    on = forest.scale([spanned(0.4, 0.6)])
    root = ElementTree.fromstring(forest.row(0.45, 0.5, 0.55, on, 'a "name" <b>', margin=0.05))
    assert root.get("aria-label") == 'a "name" <b>'
    assert root.find("circle").get("cx") == "50.00%"
    assert root.find("rect[@class='band']").get("width") == "50.00%"
    assert root.find("line[@class='range']").get("x1") == "25.00%"
    assert len(ElementTree.fromstring(forest.axis(on))) == 3


def test_rungs_stand_by_the_logarithm_of_their_amounts() -> None:
    assert ladder.places([10, 100, 1000]) == pytest.approx([8, 50, 92])
    assert ladder.places([7]) == [8]
    steps = [Step("small", 10, 0.3, 0.4, 0.5), Step("<large>", 1000, 0.5, 0.6, 0.7)]
    root = ElementTree.fromstring(ladder.plot(steps, "label"))
    assert [one.get("cx") for one in root.findall("circle")] == ["8.00%", "92.00%"]
    assert [float(one.get("cy")) for one in root.findall("circle")] == pytest.approx([165, 55])


def test_labels_of_rungs_that_stand_close_together_take_two_lines() -> None:
    assert ladder.lines([8, 50, 92]) == [0, 0, 0]
    assert ladder.lines([8, 81, 92]) == [0, 0, 1]
    assert ladder.lines([8, 15, 22, 92]) == [0, 1, 0, 0]
    steps = [Step("base", 1, 0.3, 0.4, 0.5), Step("a", 5e6, 0.5, 0.6, 0.7), Step("b", 150e6, 0.6, 0.7, 0.8)]
    labels = ElementTree.fromstring(ladder.plot(steps, "label")).findall("text[@class='tick middle']")
    assert [(one.text, one.get("dy")) for one in labels] == [("1", "24"), ("5M", "24"), ("150M", "40")]


DRAWN = Drawing(
    "A <title>",
    120,
    60,
    (
        Line(0, 30, 120, 30, "line"),
        Box(10, 10, 20, 20, "candidate"),
        Dot(60, 30, 5, "baseline"),
        Words(60, 50, "naïve Ünïcode – Ωк <b>", anchor="middle"),
    ),
)


def test_a_drawing_as_svg_stands_alone() -> None:
    root = ElementTree.fromstring(drawing.svg(DRAWN))
    space = "{http://www.w3.org/2000/svg}"
    assert root.findtext(f"{space}title") == "A <title>"
    assert root.findtext(f"{space}text") == "naïve Ünïcode – Ωк <b>"
    assert [one.get("fill") for one in root.findall(f"{space}rect")] == ["#fff", "#0072b2"]
    assert "class" not in drawing.svg(DRAWN)


def test_a_drawing_as_png_has_three_pixels_a_unit() -> None:
    picture = drawing.png(DRAWN)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])) == (360, 180)
    wordless = drawing.png(Drawing("", 120, 60, DRAWN.shapes[:3]))
    assert len(picture) > len(wordless)


def test_a_drawing_as_pdf_is_one_page_of_its_size_with_the_font_in_it() -> None:
    made = drawing.pdf(DRAWN)
    assert made.startswith(b"%PDF")
    assert b"/MediaBox [0 0 120.00 60.00]" in made or b"/MediaBox [0 0 120 60]" in made
    assert b"DejaVuSans" in made
    assert b"/FontFile2" in made
