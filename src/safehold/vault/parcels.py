"""A parcel: one sealed object as a file of its own, for somebody else's key pair.

The file holds a mark, the object's id, the wrapped data key and the ciphertext. What is said about the bytes
(their item, their media type) is sealed together with them: nobody on the way can read or change it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from safehold.model.errors import InvalidInput, VaultObjectDamaged
from safehold.model.ids import ObjectId, new_id
from safehold.vault.keys import parse_sealing_key
from safehold.vault.sealing import OpeningKey, SealingKey, open_, seal, wrapped_to

_MARK = b"SHP1"
_HEAD = struct.Struct("!4s16sH")
_SAID = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Opened:
    """What was in a parcel. about: short texts by name, as the sender wrote them."""

    about: Mapping[str, str]
    data: bytes = field(repr=False)


def recipient_key(pem: bytes) -> SealingKey:
    """Return the public key that a PEM text holds. Raises InvalidInput when it is no X25519 public key."""
    key = parse_sealing_key(pem)
    if key is None:
        raise InvalidInput(
            "The recipient's key is no X25519 public key.",
            advice="They make a pair with `openssl genpkey -algorithm X25519` and send the public half.",
        )
    return key


def pack(data: bytes, recipient: SealingKey, *, about: Mapping[str, str]) -> bytes:
    """Return a parcel that only the recipient's private key opens. Raises TooLarge as `seal` does."""
    object_id = ObjectId(new_id())
    said = json.dumps(dict(about), ensure_ascii=False).encode()
    sealed = seal(_SAID.pack(len(said)) + said + data, recipient, object_id=object_id)
    head = _HEAD.pack(_MARK, object_id.bytes, len(sealed.wrapped_key))
    return head + sealed.wrapped_key + sealed.ciphertext


def unpack(parcel: bytes, opening_key: OpeningKey) -> Opened:
    """Open a parcel.

    Raises InvalidInput when it is none, VaultObjectDamaged when it was sealed for another key or was changed.
    """
    if len(parcel) < _HEAD.size or not parcel.startswith(_MARK):
        raise InvalidInput("This file is no exported evidence.", advice="Name a file that an export wrote.")
    _, raw_id, key_bytes = _HEAD.unpack_from(parcel)
    sealed_at = _HEAD.size + key_bytes
    object_id = ObjectId(UUID(bytes=raw_id))
    if wrapped_to(parcel[_HEAD.size : sealed_at], object_id) != opening_key.fingerprint:
        raise VaultObjectDamaged(
            "This was exported to another key than the one that was named, which cannot open it.",
            advice="Name the private half of the public key that `evidence export --to` was given.",
        )
    wrapped_key = parcel[_HEAD.size : sealed_at]
    plain = open_(memoryview(parcel)[sealed_at:], wrapped_key, opening_key, object_id=object_id)
    # Not before the last copy is made: where the caller lets go of it too, fewer are in memory at once.
    del parcel
    try:
        (said_bytes,) = _SAID.unpack_from(plain)
        said = json.loads(plain[_SAID.size : _SAID.size + said_bytes])
        about = {str(name): str(value) for name, value in said.items()}
    except (struct.error, ValueError, AttributeError):
        raise VaultObjectDamaged("What is in the parcel does not have the form that it must have.") from None
    return Opened(about, plain[_SAID.size + said_bytes :])
