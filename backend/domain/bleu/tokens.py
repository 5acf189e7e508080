"""The words of a text as mteval-v13a has them: what sacrebleu's tokenizer `13a` gives. Knows no score.

A test holds this to sacrebleu on hostile text, so scores can be named by sacrebleu's signature.
"""

import re

ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
SIGNS = str.maketrans({sign: f" {sign} " for sign in '{|}~[\\]^_`!"#$%&()*+:;<=>?@/'})
SPLITS = (
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),  # a point or comma after anything but a digit
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),  # or before anything but a digit
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),  # a dash after a digit
)


def tokens(text: str, *, cased: bool = False) -> list[str]:
    """The words of a text, in lower case unless `cased`."""
    line = (text if cased else text.lower()).rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    if "&" in line:
        for entity, sign in ENTITIES:
            line = line.replace(entity, sign)
    line = f" {line} ".translate(SIGNS)
    for pattern, spaced in SPLITS:
        line = pattern.sub(spaced, line)
    return line.split()
