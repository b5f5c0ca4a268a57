"""What a whole list would have found among kept signals: in numbers, and never in few."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from safehold.detect.kept_days import Bytes, KeptDays
from safehold.detect.look_back import FEW, packed
from safehold.model.errors import Refused
from safehold.model.hash_list import HashList
from safehold.model.signal import PDQ
from safehold.storage import hash_lists as list_rows
from safehold.storage import lookback as rows
from safehold.storage.database import Tx

FEWEST_ENTRIES = 1000
"""A shorter list could be made of one person's pictures."""
MOST_A_DAY = 2
"""Rehearsals of one list within 24 hours."""


def take_up(tx: Tx, asked: HashList, *, now: datetime) -> Bytes:
    """Record that a list is rehearsed and return all its pdq entries, (count, 32).

    Two answers about nearly the same list would be an answer about their difference. So Refused is raised for
    fewer than 1,000 entries, for the third rehearsal within 24 hours, and where fewer than 1,000 changes lie
    between this one and the last.
    """
    tx.lock(f"rehearsal of list {asked.id}")
    before = rows.rehearsals(tx, asked.id)
    if sum(each.at > now - timedelta(days=1) for each in before) >= MOST_A_DAY:
        raise Refused(f"A list is rehearsed {MOST_A_DAY} times a day.", advice="Rehearse it tomorrow.")
    if before and 0 < asked.last_seq - before[0].last_seq < FEWEST_ENTRIES:
        raise Refused(
            f"Fewer than {FEWEST_ENTRIES} entries came and went since this list was rehearsed last: the"
            " difference would speak of them.",
            advice="Rehearse it when more of it has changed.",
        )
    changes = list_rows.changes(tx, asked.id, after_seq=0, up_to_seq=asked.last_seq, batch=5000)
    live = (each.entry for each in changes if each.entry is not None)
    entries = packed(entry.value for entry in live if entry.signal_type == PDQ)
    refuse_short(entries)
    rows.add_rehearsal(tx, asked.id, rows.Rehearsed(now, asked.last_seq))
    return entries


def refuse_short(entries: Bytes) -> None:
    """Raise Refused for fewer than 1,000 different entries."""
    if len({entry.tobytes() for entry in entries}) < FEWEST_ENTRIES:
        raise Refused(
            f"A list is rehearsed from {FEWEST_ENTRIES} different entries of pictures on.",
            advice="Rehearse it when it has grown, or together with the list that it belongs to.",
        )


def rehearse(
    kept: KeptDays, entries: Bytes, max_distance: int, *, today: date, terms: Mapping[str, int]
) -> dict[str, int | None]:
    """Return for each surface that keeps signals how many references lie within max_distance of the entries.

    entries: all of a list that is stored, (count, 32), whose order says nothing. terms: as
    `KeptDays.look_back` takes them. None stands for zero to four: it does not even say whether there is any.
    Raises Refused for fewer than 1,000 different entries, and SegmentDamaged where a day is not what was
    written.
    """
    refuse_short(entries)
    found: dict[str, set[str]] = defaultdict(set)
    for match in kept.look_back(entries, max_distance, today=today, terms=terms):
        found[match.surface].add(match.reference)
    return {surface: len(found[surface]) if len(found[surface]) >= FEW else None for surface in sorted(terms)}
