"""Why the next call is not made, as exceptions: each says what becomes of the filing."""

from __future__ import annotations

from typing import Any


class Halt(Exception):
    """The next call is not made; nothing was called. why: a code."""

    def __init__(self, why: str, **detail: Any) -> None:
        self.why, self.detail = why, detail
        super().__init__(why)


class NotWanted(Halt):
    """Nobody wants it sent any more."""


class MustLook(Halt):
    """A person must look first. detail: what the audit log says of it."""


class Without(Halt):
    """The next file cannot be had, and the report goes without it."""


class Waits(Halt):
    """It cannot go on now, and will be tried later."""
