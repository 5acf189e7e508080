"""Reads a JSON text piece by piece, value by value, and knows the line that it has come to. Knows no rows."""

import io
import json

from backend.domain.records import Json
from backend.errors import Invalid

LONGEST_ROW = 16 * 2**20
TOO_LONG = f"longer than {LONGEST_ROW // 2**20} MB"
CUT_OFF = "the file ends before the closing “]”; it seems to be cut off, copy it again"
CHUNK = 2**16
DECODER = json.JSONDecoder()


def reason(error: ValueError | RecursionError) -> str:
    """Why a line is no JSON; with the column only, since the line is named by its number in the file."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.removesuffix(' at')} at column {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else "a number has too many digits"


class Window:
    """The part of a JSON text that is in memory, the place in it, and the line of that place."""

    def __init__(self, label: str, text: io.TextIOWrapper) -> None:
        self.label, self.text = label, text
        self.buffer, self.at, self.line, self.counted, self.ended = "", 0, 1, 0, False

    def more(self) -> bool:
        """Read on, dropping what has been used; as much again as is held, so that long rows stay cheap."""
        self.count_lines()
        self.buffer = self.buffer[self.at :]
        self.at = self.counted = 0
        piece = self.text.read(max(CHUNK, len(self.buffer)))
        self.buffer += piece
        self.ended = not piece
        return bool(piece)

    def count_lines(self) -> None:
        self.line += self.buffer.count("\n", self.counted, self.at)
        self.counted = self.at

    def next_character(self) -> str:
        """The next character that is no white space, not used up; nothing at the end."""
        while True:
            while self.at < len(self.buffer) and self.buffer[self.at].isspace():
                self.at += 1
            if self.at < len(self.buffer):
                return self.buffer[self.at]
            if not self.more():
                return ""

    def skip_space(self) -> int:
        """Go to the next value; the line it starts on."""
        self.next_character()
        self.count_lines()
        return self.line

    def expect(self, character: str) -> None:
        if self.next_character() != character:
            raise self.problem(f"expected “{character}”")
        self.at += 1

    def value(self) -> Json:
        """The value that starts here, reading on until it is whole."""
        while True:
            start = self.at
            try:
                value, end = DECODER.raw_decode(self.buffer, start)
            except json.JSONDecodeError as error:
                if len(self.buffer) - start > LONGEST_ROW or not self.more():
                    raise self.broken(error, error.pos - start) from None
            except (ValueError, RecursionError) as error:
                raise self.problem(f"not valid JSON ({reason(error)})") from None
            else:
                if end - start > LONGEST_ROW:
                    raise self.problem(TOO_LONG)
                self.at = end
                parsed: Json = value
                return parsed

    def broken(self, error: json.JSONDecodeError, offset: int) -> Invalid:
        """What is wrong so many characters on: the text is no JSON, or it stops before the value does."""
        unfinished = error.msg.startswith("Unterminated") or not self.buffer[self.at + offset :].strip()
        if unfinished:
            return self.problem(CUT_OFF if self.ended else TOO_LONG)
        self.at += offset
        return self.problem(f"not valid JSON ({error.msg.removesuffix(' at')})")

    def problem(self, what: str) -> Invalid:
        self.count_lines()
        return Invalid(f"{self.label}, line {self.line}: {what}.")
