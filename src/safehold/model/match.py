"""A match is a measurement; a flag is a request: two types, so one cannot pass for the other."""

from __future__ import annotations

from dataclasses import dataclass

from safehold.model.hash_list import Purpose
from safehold.model.ids import EntryId, FlagId, ListId, MatchId
from safehold.model.signal import SignalTypeName, Turn

BY_LOT = "audit_sample"
"""The source of a flag that the lot raised: no suspicion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A signal of an item lies within max_distance of an entry.

    distance: whole bits, 0 is identical. may_hold: whether the list's own rules let this match hold
    by itself. turn: how the picture has to be turned to match. category, labels: the list's words, as they
    came.
    """

    id: MatchId
    list_id: ListId
    list_name: str
    purpose: Purpose
    entry_id: EntryId
    signal_type: SignalTypeName
    distance: int
    frame: int = 0
    may_hold: bool = False
    turn: Turn = Turn.NONE
    category: str | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A machine's, a rule's or a person's request that somebody look. It decides nothing.

    score: 0 to 1, uncalibrated. reason: why it asks, as a short code. against: what speaks against it.
    source: the classifier, rule or role that asks, as a short code.
    """

    id: FlagId
    source: str
    score: float
    reason: str
    against: str = ""
