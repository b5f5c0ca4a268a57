"""Looking back: what new entries are near to among signals that were kept, told as opaque references.

The step that follows entries_changed notes for each host which entries it has to ask. Each host's worker asks
its own folder, a part at a time, tells what it found, and notes how far it has come: a death repeats a part,
and of that part a reference is told again only where it was not told before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import numpy as np

from safehold.detect.kept_days import Bytes, Gone, KeptDay, KeptDays
from safehold.jobs.record import Record
from safehold.model.clock import Clock
from safehold.model.events import EntriesChanged, LookbackMatched
from safehold.model.hash_list import HashList, ListKind, Purpose
from safehold.model.ids import ListId, LookbackId, StoreId, new_id
from safehold.model.permissions import system_actor
from safehold.model.signal import PDQ
from safehold.model.surface import LONGEST_TERM, Surface
from safehold.signals.reference_search import ROW_BYTES
from safehold.storage import audit
from safehold.storage import hash_lists as list_rows
from safehold.storage import lookback as rows
from safehold.storage.database import Database, Tx
from safehold.storage.lookback import Task

ENTRIES_AT_ONCE = 1000
"""Entries that are asked together."""
TOLD_AT_ONCE = 500
"""References that one transaction tells of."""
LONGEST_TURN = 5.0
"""Seconds after which a turn begins no further part: a worker that is to stop waits for it."""
FEW = 5
"""A smaller number of references is on record as few: it would say whether one picture was there."""

_ACTOR = system_actor("detect.look_back").label


def plan(tx: Tx, event: EntriesChanged) -> None:
    """Handle entries_changed: have every host that keeps signals ask what came. Again changes nothing."""
    rows.add_tasks(tx, event.list_id, event.from_seq, event.to_seq, at=event.at)


def open_store(tx: Tx, store_id: StoreId, *, now: datetime) -> None:
    """Record that a host is about to keep signals: from now on it is asked. Again changes nothing."""
    rows.open_store(tx, store_id, now=now)


def close_silent_stores(tx: Tx, *, now: datetime) -> int:
    """Forget hosts that have not swept for longer than anything may be kept; return how many."""
    return rows.close_stores(tx, silent_since=now - timedelta(days=LONGEST_TERM + 1))


def terms(surfaces: Mapping[str, Surface], now: datetime) -> dict[str, int]:
    """Return for how many days each surface keeps signals now; those that keep none are not in it."""
    found = ((name, surface.lookback_term(now)) for name, surface in surfaces.items())
    return {name: term for name, term in found if term is not None}


def terms_for(asked: HashList, surfaces: Mapping[str, Surface], now: datetime) -> dict[str, int]:
    """Return the terms of the surfaces on which a list counts: a test list does on rehearsals alone."""
    counts = {
        name: each for name, each in surfaces.items() if each.rehearsal or asked.purpose is not Purpose.TEST
    }
    return terms(counts, now)


def count_in_words(references: int) -> int | str:
    """Return a number as it may be on record: from FEW on, else "fewer than 5", none included."""
    return references if references >= FEW else f"fewer than {FEW}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookBack:
    """Asks what is kept on this host.

    settle: how long after it was committed an entry is asked: as long as a scan may take that began before,
    and writing down what it leaves. on_damaged: told of a day that cannot be read. entries_at_once: of a
    part. told_at_once: of a transaction.
    """

    database: Database
    kept: KeptDays
    store_id: StoreId
    surfaces: Mapping[str, Surface]
    record: Record
    clock: Clock
    settle: timedelta
    on_damaged: Callable[[KeptDay], None]
    entries_at_once: int = ENTRIES_AT_ONCE
    told_at_once: int = TOLD_AT_ONCE

    def run(self) -> int:
        """Ask what waits, part by part, for some seconds; return how many parts were asked."""
        begun, parts = time.monotonic(), 0
        while time.monotonic() - begun < LONGEST_TURN and self.run_part():
            parts += 1
        return parts

    def run_part(self) -> bool:
        """Ask the next part, tell what was found, note how far this has come. False where nothing waits."""
        with self.database.begin() as tx:
            tasks = rows.next_tasks(tx, self.store_id, settle=self.settle)
            if not tasks:
                return False
            asked = list_rows.by_id(tx, tasks[0].list_id)
            part = _part(tx, asked, tasks, limit=self.entries_at_once, nothing_kept=not self.kept.days())
        found = self._find(asked, part.values) if len(part.values) else []
        told = iter(found)
        while some := list(islice(told, self.told_at_once)):
            with self.database.begin() as tx:
                self._tell(tx, some)
        with self.database.begin() as tx:
            rows.advance(tx, self.store_id, tasks, part.reached)
            if len(part.values):
                self._audit(tx, asked.id, part, len(found))
        return True

    def _find(self, asked: HashList, values: Bytes) -> list[rows.Found]:
        now = self.clock()
        today, kept_for = now.date(), terms_for(asked, self.surfaces, now)
        matches = self.kept.look_back(
            values, asked.max_distance, today=today, terms=kept_for, on_damaged=self.on_damaged
        )
        found = {(match.surface, match.reference): match.day for match in matches}
        return [
            rows.Found(list_id=asked.id, surface=surface, reference=reference, day=day, found_on=today)
            for (surface, reference), day in found.items()
        ]

    def _tell(self, tx: Tx, found: Sequence[rows.Found]) -> None:
        """Record an event for each reference that this list has not told of today."""
        now, first = self.clock(), found[0]
        # Another host may have kept the same reference.
        tx.lock(f"look-back of list {first.list_id}")
        known = rows.known(tx, first.list_id, first.found_on)
        for each in found:
            if (each.surface, each.reference) not in known:
                lookback_id = LookbackId(new_id())
                event_id = self.record(tx, LookbackMatched(at=now, lookback_id=lookback_id))
                rows.add_match(tx, lookback_id, event_id, each)

    def _audit(self, tx: Tx, list_id: ListId, part: _Part, references: int) -> None:
        detail = {
            "store": str(self.store_id),
            "from_seq": part.begun,
            "to_seq": part.reached,
            "entries": len(part.values),
            "references": count_in_words(references),
        }
        audit.append(
            tx, at=self.clock(), actor=_ACTOR, verb="lookback.ask", object=f"list:{list_id}", detail=detail
        )

    def sweep(self) -> list[tuple[KeptDay, Gone]]:
        """Seal days that are over, destroy those that may not be kept any longer; return which and why.

        It is on record before a day goes. References that were found on such days are forgotten with them.
        """
        now = self.clock()
        today, kept_for = now.date(), terms(self.surfaces, now)
        self.kept.seal(today=today)
        gone = self.kept.due(today=today, terms=kept_for)
        for (surface, why), days in _grouped(gone).items():
            with self.database.begin() as tx:
                detail = {"days": len(days), "signals": sum(day.signals for day in days), "reason": why.value}
                audit.append(
                    tx,
                    at=now,
                    actor=_ACTOR,
                    verb="lookback.destroy",
                    object=f"surface:{surface}",
                    detail=detail | {"store": str(self.store_id)},
                )
            for day in days:
                day.destroy()
        with self.database.begin() as tx:
            rows.forget_matches(tx, today=today, terms=kept_for)
            rows.mark_swept(tx, self.store_id, now=now)
            if not kept_for and not self.kept.days():
                rows.close_store(tx, self.store_id)
        return gone


@dataclass(frozen=True, slots=True)
class _Part:
    """Entries that are asked together: values of the changes begun to reached, both inclusive."""

    begun: int
    reached: int
    values: Bytes


def _part(tx: Tx, asked: HashList, tasks: Sequence[Task], *, limit: int, nothing_kept: bool) -> _Part:
    """Return what is asked next of a list: at most `limit` entries that count and are still there."""
    begun, last = tasks[0].next_seq, tasks[-1].to_seq
    found: list[tuple[int, bytes]] = []
    if may_look_back(asked) and not nothing_kept:
        found = rows.additions(tx, asked.id, PDQ, begun, last, limit=limit)
    reached = found[-1][0] if len(found) == limit else last
    return _Part(begun, reached, packed(value for _, value in found))


def may_look_back(asked: HashList) -> bool:
    """Say whether entries of a list are asked: it is in use, of pictures, and one that may hold.

    A list that may not hold is one whose provenance nobody here has vetted, or whose purpose is no ground to
    keep and search what was harmless.
    """
    return asked.withdrawn_at is None and asked.kind is ListKind.HASH and asked.may_hold


def packed(values: Iterator[bytes]) -> Bytes:
    """Return digests as rows, (count, 32)."""
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, ROW_BYTES)


def _grouped(gone: Sequence[tuple[KeptDay, Gone]]) -> dict[tuple[str, Gone], list[KeptDay]]:
    found: dict[tuple[str, Gone], list[KeptDay]] = {}
    for day, why in gone:
        found.setdefault((day.surface, why), []).append(day)
    return found
