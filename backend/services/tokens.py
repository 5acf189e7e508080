"""Signed names for links and seats, so that an address can't be guessed. Knows no database and no HTTP."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeSerializer

from backend.errors import NotFound

NOT_COMPLETE = "This link is not complete. Please copy the whole address and try again."
LONGEST_SEALED, TAG = 32, 16


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
            raise NotFound(NOT_COMPLETE) from None
        if not isinstance(number, int):
            raise NotFound("This link is not one of ours.")
        return number

    def sign_fields(self, kind: str, fields: Mapping[str, str]) -> str:
        """A token that carries these fields, for everybody to read and nobody to change."""
        token = URLSafeSerializer(self.secret_key, salt=kind).dumps(dict(fields))
        return token if isinstance(token, str) else token.decode()

    def read_fields(self, kind: str, token: str) -> dict[str, str]:
        """The fields in a token of this kind; NotFound when it was not signed here."""
        try:
            fields = URLSafeSerializer(self.secret_key, salt=kind).loads(token)
        except BadSignature:
            raise NotFound(NOT_COMPLETE) from None
        if not isinstance(fields, dict):
            raise NotFound("This link is not one of ours.")
        return {str(name): str(value) for name, value in fields.items()}

    def seal(self, kind: str, secret: bytes) -> str:
        """A token that also hides what it holds, at most 32 bytes: two of one length look alike to everybody else.

        The same secret gives the same token. The tag, a keyed hash of the secret, is the nonce of the key stream and
        the signature at once (a synthetic initialisation vector, as in RFC 5297).
        """
        assert len(secret) <= LONGEST_SEALED
        tag = self.keyed(kind, b"tag", secret)[:TAG]
        return f"{in_base64(self.masked(kind, tag, secret))}.{in_base64(tag)}"

    def unseal(self, kind: str, token: str) -> bytes:
        """What a sealed token of this kind holds; NotFound when it was not sealed here."""
        hidden, tag = (from_base64(part) for part in token.partition(".")[::2])
        secret = self.masked(kind, tag, hidden[:LONGEST_SEALED])
        if not hmac.compare_digest(self.keyed(kind, b"tag", secret)[:TAG], tag):
            raise NotFound(NOT_COMPLETE)
        return secret

    def masked(self, kind: str, tag: bytes, text: bytes) -> bytes:
        return bytes(one ^ other for one, other in zip(text, self.keyed(kind, b"stream", tag), strict=False))

    def keyed(self, kind: str, use: bytes, text: bytes) -> bytes:
        return hmac.digest(self.secret_key.encode(), b"\0".join((b"sealed", kind.encode(), use, text)), "sha256")


def in_base64(text: bytes) -> str:
    return urlsafe_b64encode(text).rstrip(b"=").decode()


def from_base64(text: str) -> bytes:
    """The bytes of a text in base 64, none where it is no such text."""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
