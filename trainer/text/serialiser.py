"""What any way of writing a dialogue as tokens offers. Knows none of them."""

from collections.abc import Sequence
from typing import Protocol

from trainer.dialogues import Dialogue
from trainer.tokens import Tokens


class Serialiser(Protocol):
    """Writes dialogues as tokens, and says how a server has to write them so that it comes to the same."""

    @property
    def chat_template(self) -> str:
        """Jinja for the checkpoint's tokenizer: renders a prompt to the very tokens that an answer is taught after."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences on where a server will not render just what was taught."""

    @property
    def padding(self) -> int:
        """The token that fills rows: never seen by another and never taught, so any will do."""

    @property
    def end(self) -> int | None:
        """The token that ends an answer, at which a server has to stop; None where it is no special one."""

    @property
    def fingerprint(self) -> str:
        """The same text whenever the same dialogues become the same tokens."""

    def tokens(self, dialogue: Dialogue) -> Tokens:
        """A dialogue to its last answer. BadRun where it can't be written."""

    def many(self, dialogues: Sequence[Dialogue]) -> list[Tokens]:
        """The same for many at one time, on all cores."""

    def texts(self, texts: Sequence[str]) -> list[Tokens]:
        """Texts as the base model read them: BOS, text, EOS where they are two tokens; all of it taught."""
