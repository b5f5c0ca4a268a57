"""What is known: lists and their entries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from safehold.model.ids import EntryId, ListId
from safehold.model.signal import PDQ, SignalTypeName

DEFAULT_MAX_DISTANCE = 31
"""Bits, inclusive: the distance up to which two pdq digests are taken for the same picture."""
DEFAULT_HOLD_MAX_DISTANCE = 15
"""Bits, inclusive: the smaller radius within which a list may hold by itself."""


class Purpose(StrEnum):
    """What a list is for. It decides who may see its cases and what may follow."""

    CSAM = "csam"
    INTIMATE_IMAGES = "intimate_images"
    OWN_TERMS = "own_terms"
    TEST = "test"


class ListKind(StrEnum):
    """What a list holds."""

    HASH = "hash"
    URL = "url"


class Origin(StrEnum):
    """Where an entry comes from."""

    FILE = "file"
    SOURCE = "source"
    OWN = "own"


HOLDING_PURPOSES = frozenset({Purpose.CSAM, Purpose.INTIMATE_IMAGES, Purpose.TEST})
"""Purposes whose lists may hold. A test list holds only on a surface that is declared a rehearsal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HashList:
    """A named, versioned set of signals with provenance and a purpose.

    max_distance, hold_max_distance: bits, inclusive, for perceptual signals; exact digests match at
    0 only. may_hold: whether a match within hold_max_distance holds by itself. vetted: a person
    here has checked the list's provenance. source: who stands behind its entries, "" where nobody said.
    needs_second_source: a match holds only where a list of another source confirms it.
    needs_exact: what is compared with it is fingerprinted exactly, never fast. match_turned: a picture that
    was rotated or mirrored matches too.
    stale_after_seconds: the age after which it no longer counts as current, None for lists that do not
    change by themselves. last_seq: the sequence number of its newest change, 0 when it never had an entry.
    withdrawn_at: since when it is used no more, for good.
    """

    id: ListId
    name: str
    purpose: Purpose
    kind: ListKind = ListKind.HASH
    max_distance: int = DEFAULT_MAX_DISTANCE
    hold_max_distance: int = DEFAULT_HOLD_MAX_DISTANCE
    may_hold: bool = False
    vetted: bool = False
    provenance: str = ""
    source: str = ""
    needs_second_source: bool = False
    needs_exact: bool = False
    match_turned: bool = False
    stale_after_seconds: int | None = None
    created_at: datetime
    refreshed_at: datetime | None = None
    last_seq: int = 0
    withdrawn_at: datetime | None = None

    def radius(self, signal_type: SignalTypeName, usual: int) -> int:
        """Return the largest distance, in bits, at which this list matches that signal type.

        usual: what the type itself says. max_distance was chosen for pdq and means nothing to another type.
        """
        return self.max_distance if signal_type == PDQ else usual

    def hold_radius(self, signal_type: SignalTypeName, usual: int) -> int:
        """Return the distance up to which it may hold: of a type other than pdq half of the usual radius."""
        return self.hold_max_distance if signal_type == PDQ else usual // 2

    def may_hold_at(self, distance: int, hold_radius: int | None = None) -> bool:
        """Say whether a match at this distance may hold by itself; the edge is inclusive.

        hold_radius: that of the signal type; None for pdq and for exact digests.
        """
        edge = self.hold_max_distance if hold_radius is None else hold_radius
        return self.may_hold and self.purpose in HOLDING_PURPOSES and distance <= edge

    def is_stale(self, now: datetime) -> bool:
        """Say whether the list is older than it may be to count as current.

        One that was refreshed as far in the future, by a host whose clock is wrong, is of unknown age: it
        does not pass for current until that day.
        """
        if self.stale_after_seconds is None:
            return False
        reference = self.refreshed_at or self.created_at
        return abs((now - reference).total_seconds()) > self.stale_after_seconds


class EntryDraft(NamedTuple):
    """What one line of a list says, checked: an entry without an id and without a list.

    value: the digest as bytes. A tuple, for a list may have ten million of them.
    """

    signal_type: SignalTypeName
    value: bytes
    category: str | None = None
    labels: tuple[str, ...] = ()
    source_id: str | None = None

    def __repr__(self) -> str:
        """Name the type only: a listed digest must not end up in a log."""
        return f"EntryDraft({self.signal_type})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One signal on one list, with its origin.

    value: the digest as bytes. category: the list's own label for severity, as it came. source_id:
    the list source's id for it.
    """

    id: EntryId
    list_id: ListId
    signal_type: SignalTypeName
    value: bytes
    category: str | None = None
    labels: tuple[str, ...] = ()
    source_id: str | None = None
    origin: Origin = Origin.FILE

    def __repr__(self) -> str:
        """Name the id only: an entry's value must not end up in a log or a traceback."""
        return f"Entry({self.id})"
