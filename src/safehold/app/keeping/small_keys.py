"""The keys of the data folder that are in no backup: whether those that lie here are those of a backup."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from safehold.app.home import REQUESTS_KEY, SIGN_IN_KEY, Home

SMALL_KEYS = (REQUESTS_KEY, SIGN_IN_KEY)


def prints_of(home: Home) -> dict[str, str]:
    """Return a digest of each of these keys that lies here and can be read, by the name of its file.

    None is made. They are random, so a digest says nothing of them.
    """
    found = {}
    for name in SMALL_KEYS:
        try:
            key = (home.folder / "keys" / name).read_bytes()
        except OSError:
            continue
        found[name] = hashlib.sha256(b"safehold small key " + key).hexdigest()
    return found


def others_than(home: Home, prints: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of those that had these digests and now do not: not here, unreadable, or another."""
    here = prints_of(home)
    return tuple(name for name, digest in sorted(prints.items()) if here.get(name) != digest)
