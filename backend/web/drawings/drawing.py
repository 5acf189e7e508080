"""Drawings of fixed size from lines, boxes, dots and words, and as files: SVG, PNG, PDF. Knows no result.

A file stands alone: its colours are in it, its ground is white. One font comes with the code, so that a PNG or PDF
looks the same on a machine without any.
"""

from dataclasses import dataclass
from html import escape
from pathlib import Path

from fpdf import FPDF
from resvg_py import svg_to_bytes

FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
FAMILY = "DejaVu Sans"
PIXELS = 3  # of a PNG for each unit of a drawing
# Okabe–Ito, as in app.css in light.
COLOURS = {
    "candidate": "#0072b2",
    "tie": "#8a9099",
    "baseline": "#d55e00",
    "text": "#1c1f23",
    "muted": "#5a626c",
    "line": "#d9dcdf",
    "white": "#ffffff",
}
ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}


@dataclass(frozen=True, slots=True)
class Line:
    """From (x1, y1) to (x2, y2)."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle from its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle around (x, y)."""

    x: float
    y: float
    radius: float
    colour: str


@dataclass(frozen=True, slots=True)
class Words:
    """A text whose baseline starts, has its middle or ends at (x, y)."""

    x: float
    y: float
    text: str
    colour: str = "text"
    size: float = 12.0
    anchor: str = "start"


Shape = Line | Box | Dot | Words


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes, the first one at the bottom. title: what is read out."""

    title: str
    width: float
    height: float
    shapes: tuple[Shape, ...]


def svg(drawing: Drawing) -> str:
    """The drawing as a file of its own."""
    size = f'width="{drawing.width:g}" height="{drawing.height:g}" viewBox="0 0 {drawing.width:g} {drawing.height:g}"'
    inside = "\n".join(element(shape) for shape in drawing.shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} font-family="{FAMILY}, sans-serif">\n'
        f'<title>{escape(drawing.title)}</title>\n<rect width="100%" height="100%" fill="#fff"/>\n{inside}\n</svg>\n'
    )


def element(shape: Shape) -> str:
    colour = COLOURS[shape.colour]
    if isinstance(shape, Line):
        ends = f'x1="{shape.x1:.2f}" y1="{shape.y1:.2f}" x2="{shape.x2:.2f}" y2="{shape.y2:.2f}"'
        return f'<line {ends} stroke="{colour}" stroke-width="{shape.width:g}"/>'
    if isinstance(shape, Box):
        corner = f'x="{shape.x:.2f}" y="{shape.y:.2f}" width="{shape.width:.2f}" height="{shape.height:.2f}"'
        return f'<rect {corner} fill="{colour}"/>'
    if isinstance(shape, Dot):
        return f'<circle cx="{shape.x:.2f}" cy="{shape.y:.2f}" r="{shape.radius:g}" fill="{colour}"/>'
    place = f'x="{shape.x:.2f}" y="{shape.y:.2f}" font-size="{shape.size:g}" text-anchor="{shape.anchor}"'
    return f'<text {place} fill="{colour}">{escape(shape.text)}</text>'


def png(drawing: Drawing) -> bytes:
    """The drawing as pixels, three for each unit."""
    return svg_to_bytes(svg_string=svg(drawing), zoom=PIXELS, font_files=[str(FONT)], sans_serif_family=FAMILY)


def pdf(drawing: Drawing) -> bytes:
    """The drawing as one page of its size, with the font in it."""
    made = FPDF(unit="pt", format=(drawing.width, drawing.height))
    made.set_title(drawing.title)
    made.set_auto_page_break(False)
    made.add_page()
    made.add_font(FAMILY, fname=FONT)
    for shape in drawing.shapes:
        put(made, shape)
    return bytes(made.output())


def put(page: FPDF, shape: Shape) -> None:
    colour = COLOURS[shape.colour]
    if isinstance(shape, Line):
        page.set_draw_color(colour)
        page.set_line_width(shape.width)
        page.line(shape.x1, shape.y1, shape.x2, shape.y2)
    elif isinstance(shape, Box):
        page.set_fill_color(colour)
        page.rect(shape.x, shape.y, shape.width, shape.height, style="F")
    elif isinstance(shape, Dot):
        page.set_fill_color(colour)
        page.circle(shape.x, shape.y, shape.radius, style="F")
    else:
        page.set_text_color(colour)
        page.set_font(FAMILY, size=shape.size)
        page.text(shape.x - ANCHORS[shape.anchor] * page.get_string_width(shape.text), shape.y, shape.text)
