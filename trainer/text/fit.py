"""Whether a chat template makes a server's prompts the very tokens that answers were taught after. Trains nothing."""

from collections.abc import Callable, Sequence

import numpy as np
from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from trainer.dialogues import ASSISTANT, SYSTEM, USER, Dialogue, Turn
from trainer.tokens import Ids, Tokens

Write = Callable[[Dialogue], Tokens]


def talk(*texts: str, rules: str = "") -> Dialogue:
    """A dialogue in which user and assistant take turns."""
    said = [Turn((USER, ASSISTANT)[place % 2], text) for place, text in enumerate(texts)]
    return Dialogue("", (*([Turn(SYSTEM, rules)] if rules else []), *said))


PLAIN = (
    talk("Hi", "Hello there.", "Why is 7 odd?", "2 does not divide it.", "List two.", "3\n\n5", "Bye", "Bye."),
    talk("def f(x):\n    return x", "`f` is the identity…", "Täglich?", "日本 🙂", "ok", "Ok"),
)
WITH_RULES = talk("Hi", "Hello.", "And now?", "Now we go.", rules="Be brief.")
ODD = (
    talk("Hi ", " begins with a space", "and", "  with two", "?", "!"),
    talk(" Hi", "\nbegins with a line", "\n\n", "\n\nwith two\n", "?", "!"),
    talk("", "", "▁", "▁is no space", "?", "ends with one ", "?", "!"),
)


def messages(turns: Sequence[Turn]) -> list[dict[str, str]]:
    """Turns as chat templates and servers know them."""
    return [{"role": turn.role, "content": turn.text} for turn in turns]


def answers_at(tokens: Tokens) -> Ids:
    """Where answers begin: the first taught token after one that is not."""
    return (np.flatnonzero(np.diff(tokens.supervised.astype(np.int8)) == 1) + 1).astype(np.int32)


def differences(
    tokenizer: PreTrainedTokenizerBase, template: str, write: Write, dialogues: Sequence[Dialogue]
) -> list[str]:
    """One for each dialogue with a prompt that is not rendered as it is taught."""
    return [found for dialogue in dialogues if (found := differs(tokenizer, template, write, dialogue))]


def differs(tokenizer: PreTrainedTokenizerBase, template: str, write: Write, dialogue: Dialogue) -> str:
    """Empty where each prompt of a dialogue is rendered as it is taught; else how the first one that is not differs."""
    taught = write(dialogue)
    places = [place for place, turn in enumerate(dialogue.turns) if turn.role == ASSISTANT]
    for place, at in zip(places, answers_at(taught), strict=True):
        try:
            ids = rendered(tokenizer, template, dialogue.turns[:place])
        except TemplateError as error:
            return f"the template refuses it: {error}"
        if ids != (wanted := taught.ids[:at].tolist()):
            return f"{at_difference(tokenizer, ids, wanted)} before the answer {dialogue.turns[place].text!r}"
    return ""


def rendered(tokenizer: PreTrainedTokenizerBase, template: str, turns: Sequence[Turn]) -> list[int]:
    """What a server makes of a prompt."""
    ids: list[int] = tokenizer.apply_chat_template(
        messages(turns), chat_template=template, add_generation_prompt=True, tokenize=True, return_dict=False
    )
    return ids


def at_difference(tokenizer: PreTrainedTokenizerBase, served: list[int], taught: list[int]) -> str:
    pairs = zip(served, taught, strict=False)
    at = next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(served), len(taught)))
    near = slice(max(at - 2, 0), at + 3)
    served_as, taught_as = (tokenizer.convert_ids_to_tokens(ids[near]) for ids in (served, taught))
    return f"a server reads {served_as} where {taught_as} is taught"
