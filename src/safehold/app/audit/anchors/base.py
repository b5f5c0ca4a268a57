"""What every outside anchor is given and gives back: the head of the chain, and a receipt for it.

An anchor keeps a statement, one line of ASCII that anybody can make again from the chain:

    safehold audit head 1234 5f1c…

with the number of the link and its hash in hexadecimal, and a line feed at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from safehold.model.errors import AddressRefused


@dataclass(frozen=True, slots=True)
class Head:
    """One link of the chain: its number and its 32-byte hash."""

    seq: int
    hash: bytes

    def statement(self) -> bytes:
        """Return the line that anchors keep."""
        return f"safehold audit head {self.seq} {self.hash.hex()}\n".encode("ascii")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an anchor gave back. kept: the bytes to record. words: what a person is told."""

    kept: bytes
    words: str


@dataclass(frozen=True, slots=True)
class Anchored:
    """A head that was set down: at which instant by our clock, and what was given back for it."""

    head: Head
    at: datetime
    receipt: bytes


@contextmanager
def naming_networks(anchor: str) -> Iterator[None]:
    """Say which setting permits the network of an anchor that is refused."""
    try:
        yield
    except AddressRefused as error:
        raise AddressRefused(
            error.what,
            advice="If it is the right one, name its network and port in"
            f" audit.anchors.{anchor}.permitted_networks.",
        ) from error


class Anchor(Protocol):
    """One place that keeps heads. Made from settings, inert until it is asked for something.

    Every method may raise AnchorFailed, MailFailed, FetchFailed, VaultDown, AddressRefused or BadSettings
    when the place does not answer or does not do what it is for.
    """

    @property
    def name(self) -> str:
        """The name in the settings."""

    @property
    def kind(self) -> str:
        """The kind in the settings."""

    @property
    def answers(self) -> bool:
        """Whether a receipt can be checked from here; otherwise only whoever keeps the heads can do so."""

    def set_down(self, head: Head, *, now: datetime) -> Receipt:
        """Have the head kept, check what comes back, and return it. Doing so again does no harm."""

    def try_out(self, *, now: datetime) -> str:
        """Do everything short of anchoring, and say in words how far that went."""

    def what_differs(self, anchored: Anchored) -> str | None:
        """Say how the receipt, or what the place holds, is not what it was; None when it is."""

    def held(self) -> Iterator[tuple[int, bytes]]:
        """Yield what the place itself can list: link numbers and statements. Nothing where it cannot."""
