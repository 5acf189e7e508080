"""Whether a prompt asks for a program or shows one: raters who read prose can't judge the answers.

Told by signs, in words that are looked for; a question about programming that prose answers is none.
"""

import re

SHOWN = {
    "a fenced block of code": re.compile(r"(?m)^[ \t]{0,3}(?:```|~~~)"),
    "a prompt of an interpreter": re.compile(r"(?m)^[ \t]*>>> \S|^\$ [a-z]"),
    "a line of code": re.compile(
        r"(?m)^[ \t]*(?:def \w{1,80}\(|class \w{1,80}[:({]|from [\w.]{1,80} import |#include\s{0,9}[<\"]"
        r"|import [\w.]{1,80}(?: as \w{1,40})?;?$|(?:public|private|static|final) [\w<>\[\] ]{1,80}\("
        r"|function \w{0,80}\(|<\?php|<!DOCTYPE|<html|using namespace "
        r"|(?:const|let|var) \w{1,80} = |SELECT [^\n]{1,200} FROM |CREATE TABLE |System\.out\."
        r"|console\.log\()"
    ),
}
LANGUAGES = (
    r"(?:python(?: ?[23])?|java|javascript|typescript|c\+\+|c#|golang|rust|ruby|php|perl|kotlin|swift|scala|haskell"
    r"|matlab|fortran|cobol|bash|powershell|sql|mysql|html5?|css|latex|assembly|pytorch|tensorflow|numpy|pandas|react"
    r"|django|node\.?js)"
)
ASKS = (
    r"(?:write|implement|develop|create|make|build|code|program|debug|fix|refactor|optimi[sz]e|compile|generate|design"
    r"|complete|convert|translate|rewrite|solve|give|show|provide|add|use)"
)
MADE = (
    r"(?:functions?|algorithms?|regex(?:es|p)?|regular expressions?|source code|code snippets?|data structures?"
    r"|unit tests?|(?:sql|database) quer(?:y|ies)|shell scripts?|bash scripts?|web ?pages?|stack trace|pseudo-?code)"
)
MAYBE_MADE = r"(?:programs?|scripts?|code|class(?:es)?|methods?|quer(?:y|ies)|modules?|apps?|applications?)"
COMPUTED = (
    r"(?:array|string|integer|fibonacci|linked list|binary|recursi(?:on|ve|vely)|dynamic programming|data structure"
    r"|boolean|hash ?map|command line|csv|json|xml|api|text file|prime number|palindrome|sorted|loop|database|compiler"
    r"|variable|stdin|stdout)s?"
)
GAP = r"\b[^.?!\n]{0,80}?\b"
REQUESTS = {
    "asks for code in a language": rf"\b{ASKS}{GAP}(?:in|using|with) {LANGUAGES}(?!\w)",
    "asks for something in a programming language": rf"\b{ASKS}{GAP}{LANGUAGES} (?:{MADE}|{MAYBE_MADE})\b",
    "asks for a program": rf"\b{ASKS} (?:me )?(?:an? |the |some |this |my |following )*(?:[\w\-]+ ){{0,3}}{MADE}\b",
    "asks for a program about data": rf"\b{ASKS}{GAP}{MAYBE_MADE}{GAP}{COMPUTED}\b",
}
COMPILED = {why: re.compile(pattern, re.IGNORECASE) for why, pattern in REQUESTS.items()}
LOOKED_AT = 20_000


def coding_sign(prompt: str) -> tuple[str, str] | None:
    """(why, the words) of the first sign that a prompt is about code; None without one."""
    text = prompt[:LOOKED_AT]
    for why, pattern in (*SHOWN.items(), *COMPILED.items()):
        if found := pattern.search(text):
            return why, found[0]
    return None
