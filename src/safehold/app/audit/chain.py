"""How one link follows from the one before it: SHA-256 over a canonical form, documented for outsiders.

hash = SHA-256(previous hash ‖ canonical JSON of the record), where the canonical JSON has the keys actor,
at, detail, id, object, personal, seq, verb in this order (sorted), no spaces, UTF-8, `at` in UTC with six
digits of a second, and `personal` the hexadecimal digest of the erasable side row or null. The first link's
previous hash is 32 zero bytes.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC

from safehold.storage.audit import StoredRecord

FIRST = bytes(32)


def link_hash(record: StoredRecord, *, seq: int, previous: bytes) -> bytes:
    """Return the hash of the link that puts this record at this place of the chain."""
    return hashlib.sha256(previous + canonical(record, seq=seq)).digest()


def canonical(record: StoredRecord, *, seq: int) -> bytes:
    """Return the record's canonical JSON."""
    value = {
        "seq": seq,
        "id": str(record.id),
        "at": record.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "actor": record.actor,
        "verb": record.verb,
        "object": record.object,
        "detail": record.detail,
        "personal": record.personal_digest.hex() if record.personal_digest is not None else None,
    }
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
