"""What the steps of cleaning need that is not pure: HTML to Markdown (markdownify), and languages (py3langid)."""

from functools import cache

from bs4 import BeautifulSoup, Tag
from markdownify import ATX, MarkdownConverter
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from backend.domain.data.cleaning import Tools

NAMED = "language-"


def tools() -> Tools:
    """Both of them."""
    return Tools(to_markdown, identify)


def to_markdown(page: str) -> str:
    """A page's HTML as Markdown, code as fences with their language. Raises ValueError where it nests too deeply."""
    try:
        soup = BeautifulSoup(page, "html.parser")
        for button in soup.find_all("button"):
            button.decompose()
        for block in soup.find_all("pre"):
            bare(block)
        return str(converter().convert_soup(soup))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def bare(block: Tag) -> None:
    """A block without what the page drew around its code: the language's name and a button."""
    code = block.find("code")
    if isinstance(code, Tag):
        inner = code.extract()
        block.clear()
        block.append(inner)


@cache
def converter() -> MarkdownConverter:
    """Markdown as models write it: texts are data here, so nothing in them is escaped."""
    return MarkdownConverter(
        heading_style=ATX,
        bullets="-",
        escape_asterisks=False,
        escape_underscores=False,
        escape_misc=False,
        code_language_callback=language_of_code,
    )


def language_of_code(block: Tag) -> str:
    """What a page says a block of code is written in, by the class of its code; nothing where it does not."""
    code = block.find("code")
    classes = code.get("class") if isinstance(code, Tag) else None
    named = [name for name in classes or [] if name.startswith(NAMED)]
    return named[0].removeprefix(NAMED) if named else ""


@cache
def identifier() -> LanguageIdentifier:
    """The model comes with the package: 0.1 seconds to load, and nothing is fetched."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def identify(text: str) -> tuple[str, float]:
    """(ISO code, how sure, 0 to 1), the same for the same text."""
    language, sure = identifier().classify(text)
    return str(language), float(sure)
