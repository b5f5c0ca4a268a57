"""Loading a list file into a list: batch by batch, each with its entries, audit record and event."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from safehold.jobs.record import Record
from safehold.lists import ledger
from safehold.lists.doubts import GROWTH_WINDOW, Counted, Doubt, count, grows_too_fast, refusal
from safehold.lists.formats.base import BadLine, SignalTypes
from safehold.lists.list_file import Batch, ListFile, in_batches, named_lines, nothing_in_it
from safehold.model.clock import Clock
from safehold.model.errors import BadListFile, DatabaseDown
from safehold.model.events import EntriesChanged
from safehold.model.hash_list import HashList, Origin
from safehold.model.ids import ListId
from safehold.model.permissions import Actor
from safehold.storage import audit, list_changes
from safehold.storage import hash_lists as list_rows
from safehold.storage.database import Database, Tx
from safehold.storage.incoming_entries import Packed, pack_drafts
from safehold.storage.list_changes import ListChangeKind

BATCH_ENTRIES = 25_000
"""Entries committed at once: a crash loses at most as much, and readers catch up in small steps.

Others who change the list wait for a batch, about half a second. Smaller ones cost more: the entries of a
batch are written in the order of their values, and the more there are, the fewer pages each of them costs.
"""
T = TypeVar("T")

BAD_LINES_KEPT = 1000
"""Bad lines that a report names; the others are only counted."""
IMPORTED = "list.import"
"""On record when an import has come to its end."""

Progress = Callable[[int, int], None]
"""Told bytes read and bytes in all, after each batch."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    known: entries that were on the list already, or came twice in the file. withdrawn: entries that were
    taken off the list once, and stay off. bad: how many lines were left
    out; bad_lines: the first thousand of them. to_seq: the list's newest sequence number that it caused, or
    the one it began with.
    """

    added: int
    known: int
    withdrawn: int
    bad: int
    bad_lines: tuple[BadLine, ...]
    to_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileImport:
    """Where an import writes, in whose name, and how it tells of it.

    batch_entries: committed at once. many: so many new entries change how the database has to plan.
    """

    database: Database
    kinds: SignalTypes
    actor: Actor
    record: Record
    clock: Clock
    origin: Origin = Origin.FILE
    batch_entries: int = BATCH_ENTRIES
    many: int = 50_000

    def run(
        self,
        name: str,
        path: Path,
        *,
        strict: bool = False,
        accepted: frozenset[Doubt] = frozenset(),
        bring_back: bool = False,
        on_checked: Progress | None = None,
        on_progress: Progress | None = None,
    ) -> ImportReport:
        """Load the file into the list of this name and mark the list refreshed.

        The file is read twice: to see whether something speaks against it, told by on_checked, and to load
        it, told by on_progress once a batch is committed. Memory holds a few batches, however long it is.
        Each batch that adds something commits its entries, an audit record and one EntriesChanged together.
        Broken off, it has loaded whole batches; running it again loads the rest. Bad lines are left out and
        reported. strict: with a single bad line nothing is loaded.
        accepted: doubts that a person has looked into. bring_back: entries that were withdrawn go on again;
        else a source's next full file would undo every withdrawal.

        Raises NotFound for the list, Refused where it was withdrawn, DoubtfulImport where one of the other
        doubts applies, and BadListFile for the file: also where not one line holds an entry, for a list that
        was fetched in vain must not look fresh.
        """
        with self.database.begin() as tx:
            target = ledger.in_use(tx, name)
        with ListFile(path, self.kinds) as file, collector_at_rest():
            counted = self._survey(file, strict=strict, told=on_checked)
            doubts = self._doubts(target, file, counted, bring_back)
            if doubts - accepted:
                raise refusal(doubts - accepted, counted)
            report = ImportReport(0, 0, 0, 0, (), target.last_seq)
            with closing(one_ahead(self._packed(file))) as ready:
                for batch, packed in ready:
                    report = _and(report, self._commit(target.id, packed, bring_back), batch.bad)
                    if on_progress is not None:
                        on_progress(batch.read_bytes, file.size_bytes)
        self._finish(target.id, report, overruled=doubts)
        if report.added >= self.many:
            # All is loaded by now: where this fails, the database gathers them by itself later.
            with suppress(DatabaseDown), self.database.begin() as tx:
                list_rows.gather_statistics(tx)
        return report

    def _packed(self, file: ListFile) -> Iterator[tuple[Batch, Packed]]:
        for batch in in_batches(file, self.batch_entries):
            yield batch, pack_drafts(batch.drafts, self.origin)

    def _doubts(
        self, target: HashList, file: ListFile, counted: Counted, bring_back: bool
    ) -> frozenset[Doubt]:
        """Return what speaks against loading the file as it is."""
        with self.database.begin() as tx:
            grows = self._grows(tx, target, file, counted.entries, bring_back)
        return frozenset(
            doubt for doubt, applies in ((Doubt.GROWTH, grows), (Doubt.PLAIN, counted.plain > 0)) if applies
        )

    def _survey(self, file: ListFile, *, strict: bool, told: Progress | None) -> Counted:
        """Count what is in the file; raise BadListFile without an entry and, if strict, with a bad line."""
        counted, bad = Counted(0, 0), list[BadLine]()
        for batch in in_batches(file, self.batch_entries):
            found = count(batch.drafts)
            counted = Counted(counted.entries + found.entries, counted.plain + found.plain)
            bad += batch.bad[: BAD_LINES_KEPT - len(bad)]
            if told is not None:
                told(batch.read_bytes, file.size_bytes)
        if not counted.entries:
            raise nothing_in_it(bad)
        if strict and bad:
            raise BadListFile("The list file has bad lines. " + named_lines(bad))
        return counted

    def _grows(self, tx: Tx, target: HashList, file: ListFile, entries: int, bring_back: bool) -> bool:
        """Say whether a file of so many entries makes the list grow suddenly."""
        first = audit.oldest_of(tx, f"list:{target.id}", IMPORTED)
        if first is None:
            # Until one import has come to its end, the list is being loaded for the first time.
            return False
        live = ledger.show(tx, target.name).entries
        lately = list_rows.added_since(tx, target.id, self.clock() - GROWTH_WINDOW)
        if lately == live:
            lately = list_rows.added_since(tx, target.id, first)
        growth = partial(grows_too_fast, before=live - lately, lately=lately)
        # What is on the list already is no growth, nor is what stays off. It is asked where it matters.
        if not growth(coming=entries):
            return False
        coming = self._new_ones(tx, target.id, file, bring_back)
        return coming > 0 and growth(coming=coming)

    def _new_ones(self, tx: Tx, list_id: ListId, file: ListFile, bring_back: bool) -> int:
        """Return how many entries of the file would go on the list."""
        pieces = (packed for _, packed in self._packed(file))
        return list_rows.count_new(tx, list_id, pieces, bring_back=bring_back)

    def _commit(self, list_id: ListId, sent: Packed, bring_back: bool) -> list_rows.Added:
        now = self.clock()
        with self.database.begin() as tx:
            added = list_rows.add_packed(tx, list_id, sent, now=now, bring_back=bring_back)
            if added.added:
                changed = {"from_seq": added.from_seq, "to_seq": added.to_seq}
                audit.append(
                    tx,
                    at=now,
                    actor=self.actor.label,
                    verb="list.add_entries",
                    object=f"list:{list_id}",
                    detail=changed | {"added": added.added, "origin": self.origin.value},
                )
                list_changes.append(tx, list_id, ListChangeKind.IMPORTED, at=now, added=added.added)
                self.record(tx, EntriesChanged(at=now, list_id=list_id, **changed))
        return added

    def _finish(self, list_id: ListId, report: ImportReport, *, overruled: frozenset[Doubt]) -> None:
        now = self.clock()
        with self.database.begin() as tx:
            list_rows.mark_refreshed(tx, list_id, now)
            audit.append(
                tx,
                at=now,
                actor=self.actor.label,
                verb=IMPORTED,
                object=f"list:{list_id}",
                detail={
                    "added": report.added,
                    "known": report.known,
                    "withdrawn": report.withdrawn,
                    "bad_lines": report.bad,
                    "accepted": sorted(overruled),
                },
            )


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Spare the process the search for garbage in circles: lines make none, and many objects.

    It would walk through all modules again and again: a quarter of the time that reading takes.
    """
    was_at_work = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_at_work:
            gc.enable()


def one_ahead(things: Iterator[T]) -> Generator[T, None, None]:
    """Yield the things, each made in a thread of its own while the one before is in use."""
    with ThreadPoolExecutor(1, thread_name_prefix="reads ahead") as reader:
        coming = reader.submit(next, things, None)
        while (thing := coming.result()) is not None:
            coming = reader.submit(next, things, None)
            yield thing


def _and(report: ImportReport, added: list_rows.Added, bad: list[BadLine]) -> ImportReport:
    return ImportReport(
        added=report.added + added.added,
        known=report.known + added.known,
        withdrawn=report.withdrawn + added.withdrawn,
        bad=report.bad + len(bad),
        bad_lines=(*report.bad_lines, *bad)[:BAD_LINES_KEPT],
        to_seq=added.to_seq,
    )
