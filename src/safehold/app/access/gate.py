"""What every part of the sign-in works with: the records, the settings, its own key, who is at the door."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from safehold.app.settings_sections import SignInSettings
from safehold.model.errors import BadSettings
from safehold.storage.database import Database

KEY_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is at the door.

    address: of the network that they come from. client: a coarse description of their program, in our own
    words. devices: tokens by which a browser says that somebody signed in there before.
    """

    address: str
    client: str
    devices: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Say nothing about them."""
        return "Visitor()"


class SignInKey:
    """The key of the sign-in: it seals what must be read again, and keys digests and successions of tokens.

    master: 32 bytes. Raises BadSettings for another length.
    """

    def __init__(self, master: bytes) -> None:
        if len(master) != KEY_BYTES:
            raise BadSettings(
                f"The sign-in key has {len(master)} bytes and not {KEY_BYTES}.",
                advice="Put back keys/sign-in.key from a backup. Without it authenticator apps are lost.",
            )
        self._sealing = AESGCM(_derived(master, b"seal"))
        self._digesting = _derived(master, b"digest")
        self._following = _derived(master, b"follow")
        self._proving = _derived(master, b"prove")

    def seal(self, secret: bytes, *, of: UUID) -> bytes:
        """Return the secret sealed with AES-256-GCM, bound to the person whose it is."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._sealing.encrypt(nonce, secret, of.bytes)

    def open(self, sealed: bytes, *, of: UUID) -> bytes | None:
        """Return what was sealed for this person, None when it is somebody else's or was changed."""
        try:
            return self._sealing.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], of.bytes)
        except InvalidTag:
            return None

    def digest(self, kind: str, text: str) -> bytes:
        """Return a keyed digest (32 bytes): without the key nobody can try what it is of."""
        said = f"{kind}:{text}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._digesting, said, "sha256")

    def counted_as(self, kind: str, text: str) -> UUID:
        """Return the id under which something is counted: the first 128 bits of its keyed digest."""
        return UUID(bytes=self.digest(kind, text)[:16])

    def following(self, token: str) -> str:
        """Return the token that follows one in its turn. Always the same: parallel requests agree on it."""
        return _made_of(token, self._following)

    def proven(self, token: str) -> str:
        """Return the token that follows one after a proof. Nobody can tell it from `following`'s."""
        return _made_of(token, self._proving)


class Gate:
    """The way in. key_source: returns the 32 bytes of the sign-in key; asked when they are first needed."""

    def __init__(self, database: Database, settings: SignInSettings, key_source: Callable[[], bytes]) -> None:
        self.database = database
        self.settings = settings
        self._key_source = key_source

    @cached_property
    def key(self) -> SignInKey:
        """The sign-in key. Raises BadSettings."""
        return SignInKey(self._key_source())


def new_token() -> str:
    """Return 256 random bits as text that a cookie can carry."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> bytes:
    """Return what is kept of a token. It has 256 random bits, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _made_of(token: str, key: bytes) -> str:
    made = hmac.digest(key, token.encode("utf-8", "surrogatepass"), "sha256")
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def _derived(master: bytes, use: bytes) -> bytes:
    made: bytes = HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"safehold sign-in " + use).derive(master)
    return made
