"""Outputs are hostile text; this makes HTML of them that can do nothing but be read. Knows no page.

Markdown goes through cmark-gfm, then through an allow-list (nh3). Raw HTML in an output is never HTML: each “<” is
hidden from the parser and comes back as text, so that a rater sees what the system wrote. Nothing loads from anywhere.
"""

import re
from functools import lru_cache
from html import escape

import nh3
from cmarkgfm import github_flavored_markdown_to_html as cmark
from markupsafe import Markup

from backend.web import maths

FORMULA, LESS, AMPERSAND, STOP = "\ue000", "\ue001", "\ue002", "\ue003"
LONGEST_CACHED = 20_000
DEEPEST = 8

# Directional overrides and isolates can show a text in another order than it has; other controls do nothing good.
BIDI = "\u202a-\u202e\u2066-\u2069"
UNWANTED = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{BIDI}\ufeff{FORMULA}{LESS}{AMPERSAND}{STOP}]")
BULLET = r"(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]|$))"
RULE = r"[ \t]*(?P<dash>[-*])(?:[ \t]*(?P=dash))*[ \t]*$"
NESTED = re.compile(rf"^(?!{RULE})(?P<deepest>(?:[ \t]*{BULLET}){{{DEEPEST}}}[ \t]*)(?={BULLET})", re.M)
TAG = re.compile(r"<(?!https?://[^\s<>]+>)")
NUMBERED = re.compile(f"{FORMULA}(\\d{{1,4}}){FORMULA}")
IMAGE = re.compile(r'<img src="[^"]*" alt="([^"]*)"[^>]*/>')
CHECKBOX = re.compile(r'<input type="checkbox"( checked="")?[^>]*/>')
CODE = re.compile(r"<code>[^<]*</code>")
HEADING = re.compile(r"<(/?)h([1-6])>")

TAGS = {
    "p",
    "br",
    "hr",
    "strong",
    "em",
    "del",
    "code",
    "pre",
    "blockquote",
    "ul",
    "ol",
    "li",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "a",
    "h3",
    "h4",
    "h5",
    "h6",
}
CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes={"*": set(), "a": {"href"}, "ol": {"start"}, "th": {"align"}, "td": {"align"}},
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
)


def prepare() -> None:
    """To be called once, before there are threads: cmark registers its extensions at its first call, and two threads
    that do so at the same moment end the whole process.
    """
    cmark("")


def rendered(text: str) -> Markup:
    """The output as its writer meant it: Markdown, tables, code, maths."""
    return cached(text) if len(text) <= LONGEST_CACHED else made(text)


def plain(text: str) -> Markup:
    """The output as it was written, each invisible control shown by its code point."""
    shown = UNWANTED.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text.replace("\r\n", "\n"))
    return Markup(escape(whole(shown)))


def made(text: str) -> Markup:
    """Markdown to HTML, without a cache."""
    text = UNWANTED.sub("", whole(text.replace("\r\n", "\n").replace("\r", "\n")))
    text, formulas = maths.cut_out(text, FORMULA)
    text = TAG.sub(LESS, NESTED.sub(rf"\g<deepest>{STOP}", text)).replace("&#", f"{AMPERSAND}#")
    html = cmark(text)
    html = IMAGE.sub(r"[image: \1]", html)
    html = CHECKBOX.sub(lambda match: "☑" if match[1] else "☐", html)
    html = CLEANER.clean(lower_headings(html)).replace('<a href="" ', "<a ")
    html = html.replace(LESS, "&lt;").replace(AMPERSAND, "&amp;").replace(STOP, "")
    html = CODE.sub(lambda code: NUMBERED.sub(lambda match: shown(formulas, match).source, code[0]), html)
    return Markup(NUMBERED.sub(lambda match: shown(formulas, match).mathml, html))


@lru_cache(maxsize=1_000)
def cached(text: str) -> Markup:
    return made(text)


def whole(text: str) -> str:
    """The text without halves of characters, which UTF-8 can't hold."""
    return text.encode("utf-8", "replace").decode()


def lower_headings(html: str) -> str:
    """An output's headings stand below the page's “Output 1”, without gaps: its highest level becomes h3."""
    if "<h" not in html:
        return html
    levels = sorted({match[2] for match in HEADING.finditer(html)})
    to = {level: min(3 + rank, 6) for rank, level in enumerate(levels)}
    return HEADING.sub(lambda match: f"<{match[1]}h{to[match[2]]}>", html)


def shown(formulas: list[maths.Formula], match: re.Match[str]) -> maths.Formula:
    number = int(match[1])
    return formulas[number] if number < len(formulas) else maths.Formula("", "")
