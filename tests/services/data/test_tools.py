"""The real converter and the real identifier: what they make of pages and languages as dumps have them."""

import pytest

from backend.domain.data.languages import language_of
from backend.services.data.tools import identify, to_markdown

CODE = (
    '<pre><div class="bg-black"><div class="flex">python<button class="ml-auto">Copy code</button></div>'
    '<div class="p-4"><code class="!whitespace-pre hljs language-python"><span class="hljs-keyword">def</span> f(x):\n'
    "    return x &lt; 1\n</code></div></div></pre>"
)


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (
            '<div class="markdown prose"><p>A <strong>b</strong> c_d * e &lt; 1. [f]</p></div>',
            "A **b** c_d * e < 1. [f]",
        ),
        (f"<p>So:</p>{CODE}<p>Done.</p>", "So:\n\n```python\ndef f(x):\n    return x < 1\n```\n\nDone."),
        ("<pre>plain</pre>", "```\nplain\n```"),
        ("<pre><code class='hljs'>x</code></pre>", "```\nx\n```"),
        ("<ol><li>One</li><li>Two<ul><li>sub</li></ul></li></ol>", "1. One\n2. Two\n   - sub"),
        ("<table><tr><th>A</th></tr><tr><td>1</td></tr></table>", "| A |\n| --- |\n| 1 |"),
        ("<h2>Why</h2><p>$x_1$</p>", "## Why\n\n$x_1$"),
        ("<p>never <b>closed", "never **closed**"),
        ("<p>a < b</p></div></div>", "a < b"),
        ("<p>a<pre><code>unclosed", "a\n\n```\nunclosed\n```"),
        ("<p></p>", ""),
    ],
)
def test_a_page_becomes_the_markdown_it_was_made_from_however_broken(page: str, text: str) -> None:
    assert to_markdown(page).strip() == text


def test_hostile_nesting_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        to_markdown("<div>" * 5_000)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How can I learn to play the piano at home?", "en"),
        ("¿Cómo puedo aprender a tocar el piano?", "es"),
        ("Wie kann ich zu Hause Klavier spielen lernen?", "de"),
        ("请写一首关于大海的诗", "zh"),
        ("日本の首都はどこですか", "ja"),
        ("Спасибо большое, очень помогло", "ru"),
        ("thanks", None),
        ("```\nprint('Wie kann ich zu Hause Klavier spielen lernen?')\n```", None),
    ],
)
def test_languages_are_told_offline_and_short_texts_are_left_undecided(text: str, language: str | None) -> None:
    assert language_of(text, identify) == language
