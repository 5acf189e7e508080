"""Signed names for links and seats, so that an address can't be guessed. Knows no database and no HTTP."""

from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeSerializer

from backend.errors import NotFound


@dataclass(frozen=True)
class Tokens:
    """Signs ids with the server's key; a token of one kind never passes for another."""

    secret_key: str

    def sign(self, kind: str, number: int) -> str:
        """The token of this kind for this id."""
        token = URLSafeSerializer(self.secret_key, salt=kind).dumps(number)
        return token if isinstance(token, str) else token.decode()

    def read(self, kind: str, token: str) -> int:
        """The id in a token of this kind; NotFound when it was not signed here."""
        try:
            number = URLSafeSerializer(self.secret_key, salt=kind).loads(token)
        except BadSignature:
            raise NotFound("This link is not complete. Please copy the whole address and try again.") from None
        if not isinstance(number, int):
            raise NotFound("This link is not one of ours.")
        return number
