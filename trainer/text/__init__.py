"""Dialogues as tokens, and which of them are taught. Knows no model and no block."""

from pathlib import Path

from transformers import PreTrainedTokenizerBase

from trainer.errors import BadRun
from trainer.run import Format, Text
from trainer.text.chat import Chat
from trainer.text.koala import Koala
from trainer.text.serialiser import Serialiser


def serialiser_of(text: Text, tokenizer: PreTrainedTokenizerBase) -> Serialiser:
    """How a run writes dialogues. With koala's markers as tokens the tokenizer grows by them, and the model has to.

    BadRun where the tokenizer or the template can't be used.
    """
    if text.format is Format.KOALA:
        return Koala(tokenizer, text.markers, extra_eos=text.extra_eos)
    if text.chat_template is None:
        return Chat(tokenizer)
    return Chat(tokenizer, template_in(text.chat_template), origin=str(text.chat_template))


def template_in(path: Path) -> str:
    try:
        template = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRun(f"{path} can't be read as a chat template: {error}.") from None
    if not template.strip():
        raise BadRun(f"{path} is empty: a chat template is Jinja.")
    return template
