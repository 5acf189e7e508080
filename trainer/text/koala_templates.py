"""Koala's serialisation in Jinja, in the ways that tokenizers need it. Knows no tokenizer.

They differ in where a space has to be written so that a text in one piece comes to the tokens of its fields apart:
before a field that follows BOS or EOS, and before what is said. SentencePiece's dummy prefix is a space that some
tokenizers write after each special token, some at the beginning alone, and some not before a text that has one.
"""

from collections.abc import Iterator

from trainer.run import Markers

BEGINNING, USER_SAYS, GPT = MARKERS = ("BEGINNING OF CONVERSATION:", "USER:", "GPT:")
GAPS = (" ", "")  # before a field that follows BOS or EOS
# What is said, with the space before it.
SAID = (
    "('' if message['content'][:1] in ' ▁' else ' ') ~ message['content']",
    "('' if message['content'][:1] in ' ' else ' ') ~ message['content']",
    "(' ' if message['content'] else '') ~ message['content']",
    "message['content']",
)
TEXT = """\
{{- BOS ~ 'GAPBEGINNING OF CONVERSATION:' -}}
{%- set before = namespace(space=' ') -%}
{%- for message in messages -%}
{%- if message['role'] == 'assistant' -%}
{{- before.space ~ 'GPT:' ~ SAID ~ eos_token -}}
{%- set before.space = 'GAP' -%}
{%- elif message['role'] == 'system' -%}
{{- ' ' ~ message['content'] -}}
{%- else -%}
{{- before.space ~ 'USER: ' ~ message['content'] -}}
{%- set before.space = ' ' -%}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- before.space ~ 'GPT:' -}}{%- endif -%}
"""
TOKENS = """\
{{- BOS ~ 'BEGINNING OF CONVERSATION:' -}}
{%- for message in messages -%}
{%- if message['role'] == 'assistant' -%}
{{- 'GPT:' ~ SAID ~ eos_token -}}
{%- elif message['role'] == 'system' -%}
{{- SAID -}}
{%- else -%}
{{- 'USER:' ~ SAID -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- 'GPT:' -}}{%- endif -%}
"""


def templates(markers: Markers, *, begin: bool) -> Iterator[str]:
    """All of them, those of the common tokenizers first. begin: whether the tokenizer has a BOS."""
    for said in SAID:
        for gap in GAPS if markers is Markers.TEXT else GAPS[:1]:
            plain = TEXT if markers is Markers.TEXT else TOKENS
            yield plain.replace("BOS", "bos_token" if begin else "''").replace("GAP", gap).replace("SAID", said)
