"""Outputs are hostile text: nothing in them runs, loads, submits, hides or breaks out of its place."""

import subprocess
import sys
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.web import markdown
from backend.web.app import create_app
from backend.web.deps import House
from backend.web.markdown import plain, rendered

PLAIN_TAGS = """
    p br hr strong em del code pre blockquote ul li table thead tbody tr h3 h4 h5 h6
"""
MATHS_TAGS = """
    math mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mmultiscripts
    mprescripts mtable mtr mtd menclose mpadded mphantom mstyle merror
"""
MATHS_ATTRIBUTES = """
    display xmlns stretchy fence form separator accent lspace rspace minsize maxsize mathvariant linethickness width
    linebreak columnalign rowspacing columnspacing accentunder
"""
ALLOWED = {
    **{tag: frozenset[str]() for tag in PLAIN_TAGS.split()},
    **{tag: frozenset(MATHS_ATTRIBUTES.split()) for tag in MATHS_TAGS.split()},
    "a": frozenset({"href", "target", "rel"}),
    "ol": frozenset({"start"}),
    "th": frozenset({"align"}),
    "td": frozenset({"align"}),
}
VOID = {"br", "hr"}
SCHEMES = ("http://", "https://", "mailto:")
SIZE = 200_000


class Page(HTMLParser):
    """Walks HTML as a browser would and refuses whatever is not on the list."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(str(html))
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert tag in ALLOWED, f"<{tag}>"
        assert set(names) <= ALLOWED[tag], f"<{tag} {attrs}>"
        assert len(set(names)) == len(names), f"<{tag} {attrs}>"
        if href := dict(attrs).get("href"):
            assert href.startswith(SCHEMES), href
            self.links.append(href)
        if tag == "a":
            assert dict(attrs)["rel"] == "noopener noreferrer nofollow"
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes what the output did not open"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"declaration: {decl}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"instruction: {data}")


def page(text: str) -> Page:
    return Page(rendered(text))


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<iframe src=//evil.example></iframe>",
        "<b onclick=alert(1)>bold</b>",
        "<a href='javascript:alert(1)'>x</a>",
        "<img src=x onerror=alert(1)>",
        "<style>*{display:none}</style>",
        "<p style='position:fixed;inset:0'>x</p>",
        "</div></section></main></body>",
        "<a id=form name=rating class=button>x</a>",
        "<form action=/votes method=post><input name=choice><button>send</button></form>",
        "<meta http-equiv=refresh content='0;url=//evil.example'>",
        "<base href=//evil.example>",
        "<svg onload=alert(1)><use href=#x /></svg>",
        "<math href='javascript:alert(1)'><mtext>x</mtext></math>",
        "<!-- a comment -->",
        "<!DOCTYPE html>",
        "<![CDATA[x]]>",
        "<?php x ?>",
        "<details open ontoggle=alert(1)>",
        "<template><slot>",
        "<plaintext>",
        "<textarea>",
        "<object data=x><embed src=x><link rel=stylesheet href=//evil.example>",
    ],
)
def test_html_in_an_output_is_text_that_the_rater_can_read(text: str) -> None:
    assert page(text).text.strip() == text
    assert page(text).tags == ["p"]
    assert page(f"- a\n\n  {text}\n").text.count(text) == 1


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java&Tab;script:alert(1)",
        "java&#10;script:alert(1)",
        "&#106;avascript:alert(1)",
        "javascript&colon;alert(1)",
        "data:text/html,x",
        "data:image/svg+xml;base64,eA==",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:x",
        "about:blank",
        "/logout",
        "//evil.example",
        "?choice=first",
        "#form",
        "ftp://host.example/x",
    ],
)
def test_a_link_that_is_neither_web_nor_mail_leads_nowhere(address: str) -> None:
    for text in (f"[words]({address})", f"[words][r]\n\n[r]: {address}", f"<{address}>"):
        assert page(text).links == []
    assert page(f"[words]({address})").text.strip() == "words"


def test_a_web_link_opens_elsewhere_and_tells_nothing_of_the_page() -> None:
    html = rendered('[words](https://a.example/b?c=1&d=2 "title")')
    assert page('[words](https://a.example/b?c=1&d=2 "title")').links == ["https://a.example/b?c=1&d=2"]
    assert 'target="_blank"' in html
    assert "title" not in html


def test_addresses_in_the_text_and_in_angle_brackets_become_links() -> None:
    found = page("See <https://a.example/b>, https://c.example/d or e@f.example")
    assert found.links == ["https://a.example/b", "https://c.example/d", "mailto:e@f.example"]
    assert found.text.strip() == "See https://a.example/b, https://c.example/d or e@f.example"


@pytest.mark.parametrize(
    "text",
    [
        "![a cat](https://evil.example/pixel.png)",
        '![a cat](https://evil.example/pixel.png "t > u")',
        "![a cat][r]\n\n[r]: https://evil.example/pixel.png",
        "![a cat](data:image/png;base64,eA==)",
    ],
)
def test_an_image_is_never_loaded_and_shows_its_description(text: str) -> None:
    assert page(text).text.strip() == "[image: a cat]"
    assert "evil" not in rendered(text)


def test_an_image_s_description_cannot_smuggle_tags() -> None:
    assert page('![<b>"x" onload=y](z)').text.strip() == '[image: <b>"x" onload=y]'


@pytest.mark.parametrize("number", [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF, 0, 8, 0x1B, 0x7F, 0x85])
def test_overrides_and_controls_vanish_from_markdown_and_are_shown_in_plain_text(number: int) -> None:
    assert page(f"a{chr(number)}b").text.strip() == "ab"
    assert plain(f"a{chr(number)}b") == f"a⟨U+{number:04X}⟩b"


def test_an_override_written_as_a_character_reference_stays_letters() -> None:
    assert page("a&#8238;b &#x202E;").text.strip() == "a&#8238;b &#x202E;"


def test_a_writing_direction_mark_and_right_to_left_text_stay() -> None:
    assert page("שלום\u200f ab").text.strip() == "שלום\u200f ab"


def test_half_a_character_becomes_a_question_mark() -> None:
    assert page("a\ud800b\udfff").text.strip() == "a?b?"
    assert plain("a\ud800b") == "a?b"


def test_the_marks_used_inside_cannot_be_forged() -> None:
    assert page("$x$ \ue0000\ue000 \ue001script\ue002#\ue003").text.strip() == "x 0 script#"


def test_a_formula_in_a_link_s_title_or_a_fence_s_info_stays_out_of_attributes() -> None:
    assert page('[words](https://a.example "$x$")').tags == ["p", "a"]
    assert page('~~~ $x$" onclick="y\ncode\n~~~').tags == ["pre", "code"]


@pytest.mark.parametrize("text", ["$5 and $10", "It costs $5, not $ 6 $.", "US$1 to US$2", "$HOME$1", "5$"])
def test_money_is_no_maths(text: str) -> None:
    assert "math" not in page(text).tags
    assert page(text).text.strip() == text


@pytest.mark.parametrize(
    ("text", "display"),
    [
        ("$x+1$", "inline"),
        (r"\(x+1\)", "inline"),
        ("$$x+1$$", "block"),
        (r"\[x+1\]", "block"),
        ("$$\nx+1\n$$", "block"),
    ],
)
def test_maths_becomes_mathml(text: str, display: str) -> None:
    assert f'display="{display}"' in rendered(text)
    assert page(text).text.strip() == "x+1"


@pytest.mark.parametrize(
    "code",
    [
        "`$x$`",
        "``$x$ ` y``",
        "```\n$x$ \\(y<z\\)\n```",
        "~~~sh\necho $x$ \"$y\" '$z'\n~~~",
        "    a = $x$ $y$",
        "```\nleft open $x$",
        "the process $$ and `echo $$`",
    ],
)
def test_dollars_in_code_stay_dollars(code: str) -> None:
    found = page(code)
    assert "math" not in found.tags
    assert found.text.count("$") == code.count("$")


@pytest.mark.parametrize(
    "latex",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\url{javascript:alert(1)}",
        r"\style{position:fixed}{x}",
        r"\class{button}{x}",
        r"\cssId{form}{x}",
        r"\color{red}x",
        r"\text{<img src=x onerror=alert(1)>}",
        r"<script>alert(1)</script>",
        r"\text{</mtext></math><script>}",
        r"\includegraphics{https://evil.example/x.png}",
        r"\def\x{\x\x}\x",
        r"\begin{foo}",
        r"\left(x",
        r"\frac{1}",
        "{" * 500 + "}" * 500,
        r"\sqrt" * 300,
        "x^" * 900,
    ],
)
def test_hostile_or_broken_latex_is_harmless(latex: str) -> None:
    for text in (f"${latex}$", f"$${latex}$$", rf"\({latex}\)"):
        assert page(text).links == []


def test_words_in_a_formula_keep_their_angle_brackets() -> None:
    assert page(r"$\text{if a<b and c>d & e}$").text.replace("\xa0", " ").strip() == "if a<b and c>d & e"


def test_what_cannot_be_read_as_latex_stays_as_its_source() -> None:
    assert page(r"$\begin{foo}$").text.strip() == r"\begin{foo}"


@pytest.mark.parametrize("mark", ["> ", ">", "- ", "* ", "1. ", "> - "])
def test_ten_thousand_levels_become_a_few_and_the_rest_is_shown(mark: str) -> None:
    found = page(mark * 10_000 + "end")
    assert 4 <= sum(tag in ("blockquote", "ul", "ol") for tag in found.tags) <= 20
    assert len(found.text.replace(" ", "")) >= len(mark.replace(" ", "")) * 9_900
    assert found.text.strip().endswith("end")


def test_lists_nested_by_indentation_stay_balanced() -> None:
    assert "a599" in page("".join(f"{'  ' * level}- a{level}\n" for level in range(600))).text


@pytest.mark.parametrize(
    "line",
    [
        "+----------+-----+",
        "------------ x",
        ">>>>>>>>>>>>",
        "> > > > > > > > > > >",
        "- - - - - - - - - - x",
        "1)1)1)1)1)1)1)1)1)",
    ],
)
def test_code_keeps_every_character_however_much_it_looks_like_nesting(line: str) -> None:
    assert page(f"```\n{line}\n```").text.strip() == line


@pytest.mark.parametrize("line", ["---", "* * * * *", "- - - - - - - - - - - -", "-" * 50, "***"])
def test_a_line_of_dashes_or_stars_is_a_rule(line: str) -> None:
    assert page(line).tags == ["hr"]


def test_a_table_keeps_its_alignment() -> None:
    html = rendered("|a|b|\n|:-|-:|\n|1|2|")
    assert page("|a|b|\n|:-|-:|\n|1|2|").tags == ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]
    assert '<td align="right">2</td>' in html


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# a\n## b\n### c", ["h3", "h4", "h5"]),
        ("#### a\n###### b", ["h3", "h4"]),
        ("a\n===\n\nb\n---", ["h3", "h4"]),
        ("# a\n## b\n### c\n#### d\n##### e\n###### f", ["h3", "h4", "h5", "h6", "h6", "h6"]),
    ],
)
def test_headings_stand_below_those_of_the_page_without_gaps(text: str, expected: list[str]) -> None:
    assert [tag for tag in page(text).tags if tag[1:].isdigit()] == expected


def test_a_task_list_shows_boxes_that_cannot_be_clicked() -> None:
    assert page("- [ ] open\n- [x] done").text.split() == ["☐", "open", "☑", "done"]


def test_emphasis_lists_and_line_ends_of_every_kind_are_kept() -> None:
    assert page("**a** *b* ~~c~~\r\n\r\n3. d\r4. e").tags == ["p", "strong", "em", "del", "ol", "li", "li"]
    assert '<ol start="3">' in rendered("3. d")


# fmt: off
AWKWARD = [
    "> ", ">", ">\n", "- ", "1. ", "1)", "> > > > > > > > > > a\n", "- - - - - - - - - a\n", "- [ ] a\n", "# a\n",
    "=\n", "*", "_", "**a ", "*a_ ", "~", "~~a ", "[", "![", "[a](", "![a](b)", "[^1]: a\n", "[a]: b\n", "|",
    "|a|b\n|-|-\n", ":-", "<", "<a ", "<b>", "<!--", "<http://", "<http://a> ", "http://a ", "www.", "a@b.c ", "a@",
    "a:", "&", "&#", "`", "`a", "~~~\n$x$\n", "$", "$$", "$a", "$$a ", "\\(", "\\[", "$x$ ", "{", "\\sqrt{", "\\",
    "\n", "\r", " ", "\t", "\0", "\ud800", "\u202e", "\ue000", "\ue0001\ue000",
]
# fmt: on


def repeated(piece: str) -> str:
    return piece * (SIZE // len(piece))


def numbered(piece: Callable[[int], str]) -> str:
    """Formulas that all differ, so that no cache helps."""
    return "".join(piece(number) for number in range(SIZE // len(piece(0)) + 1))[:SIZE]


SPECIAL = {
    "spaces behind few marks": "> " * 7 + " " * SIZE + "a",
    "spaces behind many marks": "> " * 8 + " " * SIZE + "a",
    "digits": "123456789 " * (SIZE // 10),
    "growing runs of backticks": "a".join("`" * length for length in range(620, 0, -1)),
    "a wide table": "|" + "a|" * 20_000 + "\n|" + "-|" * 20_000 + "\n" + "|\n" * 20_000,
    "one reference used often": "[a]: " + "x" * 1_000 + "\n\n" + "[a]" * 60_000,
    "different matrices": numbered(lambda number: "$\\begin{matrix}" + "a&" * 900 + f"{number}\\end{{matrix}}$ "),
    "different scripts": numbered(lambda number: "$" + "x_1^2" * 390 + f"{number}$ "),
    "different roots": numbered(lambda number: "$" + "\\sqrt " * 330 + f"{number}$ "),
    "different words": numbered(lambda number: "$\\text{" + "a < b " * 300 + f"{number}}}$ "),
}


def seconds(text: str) -> float:
    start = perf_counter()
    rendered(text)
    return perf_counter() - start


@pytest.fixture(scope="module")
def plainly() -> float:
    """How long ordinary words take; anything quadratic takes ten thousand times as long."""
    return min(seconds(repeated("word and words. ")) for _ in range(5))


@pytest.mark.parametrize("piece", AWKWARD, ids=ascii)
def test_long_repetitions_take_no_longer_than_a_multiple_of_plain_words(piece: str, plainly: float) -> None:
    assert seconds(repeated(piece)) < 3_000 * plainly
    page(piece * 200)


@pytest.mark.parametrize("kind", SPECIAL)
def test_long_awkward_texts_take_no_longer_than_a_multiple_of_plain_words(kind: str, plainly: float) -> None:
    assert seconds(SPECIAL[kind]) < 3_000 * plainly


# fmt: off
FRAGMENTS = [
    *AWKWARD, "<script>", "</div>", "<img src=", "onclick=", "](javascript:a)", "](http://a.b \"", "\")", "](", ")",
    ">", "\n\n", "    ", "```\n", "```", "\\text{", "}", "\\frac", "\\href{", "\\begin{matrix}", "\\left(", "^",
    "&amp;", "&lt;", "&#60;", "\"", "'", "x", "1", "\u2067", "- [x] ", "|-|-|\n",
]
# fmt: on


@given(st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join)))
def test_any_text_gives_only_what_is_allowed_and_stays_balanced(text: str) -> None:
    page(text)


@given(st.one_of(st.text(st.characters()), st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join)))
def test_plain_text_loses_no_visible_character_and_has_no_tags(text: str) -> None:
    found = Page(plain(text))
    assert found.tags == []
    shown = iter(found.text)
    visible = [one for one in text if unicodedata.category(one)[0] in "LMNPSZ"]
    assert all(one in shown for one in visible)


AT_ONCE = """
import sys, threading
from backend.web import markdown
sys.setswitchinterval(1e-6)
{prepared}
barrier = threading.Barrier(16)
def render():
    barrier.wait()
    markdown.made("| a |\\n|---|\\n| b |")
threads = [threading.Thread(target=render) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_the_first_outputs_can_be_shown_by_many_threads_at_once() -> None:
    """Unprepared, cmark ends the process in some of such starts: its extensions are registered twice."""
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", AT_ONCE.format(prepared="markdown.prepare()")], check=False)
        assert done.returncode == 0


def test_an_app_prepares_before_it_has_threads(monkeypatch: pytest.MonkeyPatch, house: House) -> None:
    called: list[str] = []
    monkeypatch.setattr(markdown, "cmark", called.append)
    create_app(house.settings, house.database)
    assert called == [""]
