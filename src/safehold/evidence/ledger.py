"""The ledger: what is kept, why, until when, when it was destroyed; and what expires. It only reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from safehold.model.ids import ClockId, MediaId
from safehold.model.retention import Basis, Reach, RetentionClock, named
from safehold.storage import evidence as evidence_rows
from safehold.storage import evidence_ledger as rows
from safehold.storage import retention_clocks
from safehold.storage.database import Tx
from safehold.storage.evidence import Retention, Rule
from safehold.storage.evidence_ledger import Expiring, LedgerLine, Wanted

__all__ = [
    "REASONS",
    "Expiring",
    "Forecast",
    "Kept",
    "LedgerLine",
    "Wanted",
    "clocks_of",
    "forecast",
    "kept",
    "lines",
    "newest",
    "reasons",
    "untils",
]

REASONS = tuple(dict.fromkeys([*(each.value for each in Basis), *(each.value for each in Rule)]))
"""Why a line of the ledger can be there: the bases of clocks, then the rules that are no clock's."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Until when something is kept, and every clock that it has or had, the oldest first.

    what: media, or an item that came without bytes, with its kind. until: None where nothing of it is sealed.
    """

    what: str
    until: Retention | None
    clocks: Sequence[RetentionClock]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What ends until an instant: how much by basis or rule, and the first of it by id."""

    until: datetime
    counts: Mapping[str, int]
    first: Sequence[Expiring]


def kept(tx: Tx, reach: Reach) -> list[Kept]:
    """Return of all that this reaches until when it is kept and its clocks, media first, each by id."""
    clocks = clocks_of(tx, reach)
    of_media = [
        Kept(
            named(one, None, None),
            evidence_rows.retention_of(tx, one),
            [each for each in clocks if each.media_id == one],
        )
        for one in reach.media
    ]
    of_records = [
        Kept(named(None, one, None), None, [each for each in clocks if each.item_id == one])
        for one in reach.records
    ]
    return of_media + of_records


def clocks_of(tx: Tx, reach: Reach) -> list[RetentionClock]:
    """Return every clock of all this, open or not, of media first; without the words of any."""
    return [
        *retention_clocks.of_media(tx, reach.media),
        *retention_clocks.of_records(tx, reach.records),
    ]


def reasons(tx: Tx, clock_ids: Collection[ClockId]) -> dict[ClockId, str]:
    """Return why people set these clocks, in their words: for somebody who asks, never for a log."""
    return retention_clocks.reasons(tx, clock_ids)


def lines(tx: Tx, *, since: datetime | None = None) -> Iterator[LedgerLine]:
    """Yield the ledger, the oldest first; with `since`, what began, ended or was destroyed from then on.

    There is one line for each clock, for what is kept under no clock, and for what was destroyed under none.
    """
    return rows.lines(tx, since=since)


def newest(
    tx: Tx, wanted: Wanted, *, now: datetime, before: UUID | None = None, limit: int
) -> list[LedgerLine]:
    """Return lines of the ledger, the newest first. before: the id of the last line that was read already."""
    return rows.newest(tx, wanted, now=now, before=before, limit=limit)


def untils(tx: Tx, media_ids: Collection[MediaId]) -> Counter[tuple[Rule, datetime | None]]:
    """Return until when media is kept, under which rule, and how many of these are; sealed ones alone."""
    return Counter((each.rule, each.destroy_at) for each in evidence_rows.retentions_of(tx, media_ids))


def forecast(tx: Tx, *, now: datetime, days: int, limit: int = 1000) -> Forecast:
    """Return what ends within so many days, the last instant included, at most `limit` of it by id.

    Media counts once, by the date that it is destroyed at, which is that of its longest clock.
    """
    until = now + timedelta(days=days)
    return Forecast(
        until,
        rows.count_expiring(tx, now=now, until=until),
        rows.expiring(tx, now=now, until=until, limit=limit),
    )
