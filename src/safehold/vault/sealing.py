"""Sealing: anybody with the public key can lock bytes away, only the private key opens them again.

Every object gets its own fresh AES-256-GCM data key. The data key is wrapped to the public key by HPKE
(RFC 9180: X25519, HKDF-SHA256, AES-256-GCM) and handed back apart from the ciphertext, so destroying
the few bytes of the wrapped key destroys the object wherever its ciphertext was copied to.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from safehold.model.errors import TooLarge, VaultObjectDamaged
from safehold.model.ids import ObjectId

MAX_BYTES = 256 * 1024 * 1024
"""Largest object, in bytes. One GCM message, held in memory whole: larger media needs another format."""

_MAGIC = b"SHV1"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_DATA_KEY_BYTES = 32
_FINGERPRINT_BYTES = 8
_WRAP_VERSION = 1
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def _fingerprint(public: X25519PublicKey) -> bytes:
    return hashlib.sha256(public.public_bytes_raw()).digest()[:_FINGERPRINT_BYTES]


@dataclass(frozen=True, slots=True)
class SealingKey:
    """The public half: it seals and cannot open.

    fingerprint: eight bytes that name the key pair; they are no secret.
    """

    public: X25519PublicKey
    fingerprint: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fingerprint", _fingerprint(self.public))


@dataclass(frozen=True, slots=True)
class OpeningKey:
    """The private half: it opens what its sealing key sealed. Its repr shows no key material."""

    private: X25519PrivateKey = field(repr=False)
    fingerprint: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fingerprint", _fingerprint(self.private.public_key()))

    @staticmethod
    def generate() -> OpeningKey:
        """Return a fresh private key."""
        return OpeningKey(X25519PrivateKey.generate())

    @property
    def sealing_key(self) -> SealingKey:
        """The public half that belongs to this key."""
        return SealingKey(self.private.public_key())


@dataclass(frozen=True, slots=True)
class Sealed:
    """One sealed object: the ciphertext to store, and the wrapped data key to keep apart from it."""

    ciphertext: bytes = field(repr=False)
    wrapped_key: bytes = field(repr=False)


def _bound_to(purpose: bytes, object_id: ObjectId) -> bytes:
    # The purpose names the format version too, so bytes of one version never open as another.
    return b"safehold vault v1 " + purpose + b" " + object_id.bytes


def seal(data: bytes | memoryview, sealing_key: SealingKey, *, object_id: ObjectId) -> Sealed:
    """Encrypt `data` under a fresh data key that is bound to `object_id`, and wrap that key.

    Sealing the same bytes twice gives unrelated ciphertexts. Empty data is sealed like any other.
    Raises TooLarge above MAX_BYTES.
    """
    size = memoryview(data).nbytes
    if size > MAX_BYTES:
        raise TooLarge(f"{size} bytes; the vault seals at most {MAX_BYTES}.")
    data_key, nonce = os.urandom(_DATA_KEY_BYTES), os.urandom(_NONCE_BYTES)
    head = _MAGIC + nonce
    sealed = bytearray(len(head) + size + _TAG_BYTES)
    sealed[: len(head)] = head
    bound = _bound_to(b"object", object_id)
    AESGCM(data_key).encrypt_into(nonce, data, bound, memoryview(sealed)[len(head) :])
    return Sealed(bytes(sealed), _wrap(data_key, sealing_key, object_id))


def open_(
    ciphertext: bytes | memoryview, wrapped_key: bytes, opening_key: OpeningKey, *, object_id: ObjectId
) -> bytes:
    """Return the bytes that were sealed as `object_id`.

    Raises VaultObjectDamaged when the ciphertext, the wrapped key, the id or the key pair is not the one
    it was sealed with; nothing is returned then, not even in part.
    """
    data_key = _unwrap(wrapped_key, opening_key, object_id)
    head = len(_MAGIC) + _NONCE_BYTES
    if len(ciphertext) < head + _TAG_BYTES or bytes(ciphertext[: len(_MAGIC)]) != _MAGIC:
        raise VaultObjectDamaged(f"Object {object_id}: the stored bytes are not a sealed object.")
    nonce = bytes(ciphertext[len(_MAGIC) : head])
    try:
        return AESGCM(data_key).decrypt(nonce, memoryview(ciphertext)[head:], _bound_to(b"object", object_id))
    except InvalidTag:
        raise VaultObjectDamaged(f"Object {object_id}: the stored bytes are not what was sealed.") from None


def wrapped_to(wrapped_key: bytes, object_id: ObjectId) -> bytes:
    """Return the fingerprint of the key pair that a data key is wrapped to.

    Raises VaultObjectDamaged when the wrapped key has no form that we know.
    """
    if len(wrapped_key) <= 1 + _FINGERPRINT_BYTES or wrapped_key[0] != _WRAP_VERSION:
        raise VaultObjectDamaged(f"Object {object_id}: its wrapped key has no form that we know.")
    return wrapped_key[1 : 1 + _FINGERPRINT_BYTES]


def rewrap(wrapped_key: bytes, opening_key: OpeningKey, target: OpeningKey, *, object_id: ObjectId) -> bytes:
    """Return the same data key, wrapped to another key pair; it was unwrapped again and is the same.

    The object's ciphertext stays as it is. Raises VaultObjectDamaged as open_ does.
    """
    data_key = _unwrap(wrapped_key, opening_key, object_id)
    wrapped = _wrap(data_key, target.sealing_key, object_id)
    if _unwrap(wrapped, target, object_id) != data_key:
        raise VaultObjectDamaged(f"Object {object_id}: its key does not come back as it was wrapped.")
    return wrapped


def _wrap(data_key: bytes, sealing_key: SealingKey, object_id: ObjectId) -> bytes:
    wrapped = _SUITE.encrypt(data_key, sealing_key.public, info=_bound_to(b"data key", object_id))
    return bytes([_WRAP_VERSION]) + sealing_key.fingerprint + wrapped


def _unwrap(wrapped_key: bytes, opening_key: OpeningKey, object_id: ObjectId) -> bytes:
    if wrapped_to(wrapped_key, object_id) != opening_key.fingerprint:
        raise VaultObjectDamaged(f"Object {object_id}: it was sealed for another key pair.")
    wrapped = wrapped_key[1 + _FINGERPRINT_BYTES :]
    try:
        return _SUITE.decrypt(wrapped, opening_key.private, info=_bound_to(b"data key", object_id))
    except (InvalidTag, ValueError):
        raise VaultObjectDamaged(
            f"Object {object_id}: its wrapped key is not the one it was sealed with."
        ) from None
