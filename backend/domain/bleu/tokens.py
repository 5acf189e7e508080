"""The words of a text as mteval-v13a has them: what sacrebleu's tokenizer `13a` gives. Knows no score.

A test holds this to sacrebleu on hostile text, so scores can be named by sacrebleu's signature.
"""

import re

ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
SIGNS = '{|}~[\\]^_`!"#$%&()*+:;<=>?@/'
AFTER = re.compile(r"([^0-9])([.,])")  # a point or comma after anything but a digit
BEFORE = re.compile(r"([.,])([^0-9])")  # or before anything but a digit
DASH = re.compile(r"(?<=[0-9])-")


def tokens(text: str, *, cased: bool = False) -> list[str]:
    """The words of a text, in lower case unless `cased`."""
    line = (text if cased else text.lower()).rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    if "&" in line:
        for entity, sign in ENTITIES:
            line = line.replace(entity, sign)
    line = f" {line} "
    for sign in SIGNS:
        if sign in line:
            line = line.replace(sign, f" {sign} ")
    if "." in line or "," in line:
        line = AFTER.sub(lambda found: f"{found[1]} {found[2]} ", line)
        line = BEFORE.sub(lambda found: f" {found[1]} {found[2]}", line)
    return DASH.sub(" - ", line).split()
