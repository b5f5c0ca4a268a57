"""What a reader is told when it starts: plain values alone, so that it need not load what reads settings."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from safehold.review.viewing import ViewLimits
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.key_ring import KeyRing
from safehold.vault.key_sources import KeySource
from safehold.vault.rotation import KeyPlaces

MOST_BYTES = 64 * 1024
"""How long a setup may be, in bytes of JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """database: its address, as the reader's role. vault: a folder or URL. The key is never part of it.

    limits: what one decoding may cost. must_be_confined: refuse to start where a wall around the decoder is
    missing. views: how much one person may be shown. client_purposes: what processes of the users
    in client_uids may ask for; filing_purposes, filing_uids, and packing_purposes, packing_uids:
    likewise. own_purposes: what those of the reader's own user, and of root, may.
    """

    database: str = field(repr=False)
    vault: str = field(repr=False)
    key_path: str | None
    key_variable: str | None
    key_command: tuple[str, ...]
    sealing_key: str
    other_keys: str
    session_idle_seconds: float
    limits: DecodeLimits
    must_be_confined: bool
    views: ViewLimits
    own_purposes: tuple[str, ...]
    client_purposes: tuple[str, ...] = ()
    client_uids: tuple[int, ...] = ()
    filing_purposes: tuple[str, ...] = ()
    filing_uids: tuple[int, ...] = ()
    packing_purposes: tuple[str, ...] = ()
    packing_uids: tuple[int, ...] = ()

    def to_line(self) -> bytes:
        """Write it as one line."""
        return json.dumps(asdict(self), separators=(",", ":")).encode() + b"\n"

    @staticmethod
    def from_line(line: bytes) -> Setup:
        """Read it from one line; whoever started us is trusted. Raises ValueError, KeyError, TypeError."""
        values: dict[str, Any] = json.loads(line)
        plain: dict[str, Any] = {
            each.name: tuple(value) if isinstance(value := values[each.name], list) else value
            for each in fields(Setup)
        }
        plain["limits"] = DecodeLimits(**values["limits"])
        plain["views"] = ViewLimits(**values["views"])
        return Setup(**plain)

    def keys(self) -> KeyRing:
        """Load the private keys. Raises BadSettings, Unavailable."""
        source = KeySource(
            Path(self.key_path) if self.key_path is not None else None, self.key_variable, self.key_command
        )
        return KeyRing(KeyPlaces(source, Path(self.sealing_key), Path(self.other_keys)).load_all)
