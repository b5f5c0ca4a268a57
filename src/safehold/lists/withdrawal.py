"""Taking entries off a list, or the list itself out of use: on record, public, and for good."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from safehold.jobs.record import Record
from safehold.lists import ledger
from safehold.lists.formats.base import BadLine, SignalTypes
from safehold.lists.list_file import ListFile, as_entry, in_batches, nothing_in_it
from safehold.model.clock import Clock
from safehold.model.errors import BadForm, NotFound
from safehold.model.events import EntriesChanged
from safehold.model.hash_list import Origin
from safehold.model.ids import EntryId, ListId
from safehold.model.permissions import Actor
from safehold.storage import audit, list_changes
from safehold.storage import hash_lists as list_rows
from safehold.storage.database import Database, Tx
from safehold.storage.hash_lists import Removed
from safehold.storage.list_changes import ListChangeKind

BATCH_ENTRIES = 5000
"""Entries of a file that are taken off at once."""

_REASON = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class FileWithdrawn:
    """What became of a file. unknown: not on the list, or named twice. bad: lines without an entry."""

    removed: int
    unknown: int
    bad: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """In whose name something is withdrawn, why, and how that is told.

    reason: a short code for the audit log, without content. Raises BadForm for what is none.
    """

    reason: str
    actor: Actor
    record: Record
    clock: Clock

    def __post_init__(self) -> None:
        if not _REASON.fullmatch(self.reason):
            raise BadForm("reason: a short code of small letters, digits and underscores, as source_error.")

    def entries(self, tx: Tx, name: str, entry_ids: Sequence[EntryId]) -> Removed:
        """Take single entries off a list: all of them, or none where one is not on it.

        Raises NotFound for the list and, when the transaction has to be given up, for entries that are not on
        it; Refused where it was withdrawn.
        """
        wanted = set(entry_ids)
        removed = self._take_off(tx, ledger.in_use(tx, name).id, list(wanted))
        unknown = len(wanted) - removed.removed
        if unknown:
            raise NotFound(
                f"{unknown} of {len(wanted)} ids name nothing that is on this list now.",
                kept="Nothing was taken off.",
                advice="Ids are those in answers to scans. Leave out what was taken off before.",
            )
        return removed

    def whole_list(self, tx: Tx, name: str) -> Removed:
        """Take a list out of use with every entry: from its next scan on, no process matches it.

        Its name stays taken, and what it has matched stays on record. Holds stay until a person decides, or
        an outcome that nobody saw is reversed.
        Raises NotFound, and Refused where it was withdrawn before.
        """
        list_id, now = ledger.in_use(tx, name).id, self.clock()
        removed = list_rows.remove_entries(tx, list_id, None, now=now)
        list_rows.mark_withdrawn(tx, list_id, now)
        self._tell(tx, list_id, removed, "list.withdraw", ListChangeKind.LIST_WITHDRAWN, now)
        return removed

    def file(self, database: Database, kinds: SignalTypes, name: str, path: Path) -> FileWithdrawn:
        """Take off a list what a list file names, by signal type and value, batch by batch.

        Running it again takes off the rest. Raises NotFound, Refused, and BadListFile, also where not one
        line holds an entry.
        """
        done, bad = FileWithdrawn(0, 0, 0), list[BadLine]()
        with ListFile(path, kinds) as file:
            for drafts, bad, _ in in_batches(file, BATCH_ENTRIES):
                with database.begin() as tx:
                    list_id = ledger.in_use(tx, name).id
                    sent = [as_entry(draft, list_id, Origin.FILE) for draft in drafts]
                    removed = self._take_off(tx, list_id, list_rows.live_ids(tx, list_id, sent)).removed
                unknown = len(drafts) - removed
                done = FileWithdrawn(done.removed + removed, done.unknown + unknown, done.bad + len(bad))
        if not done.removed + done.unknown:
            raise nothing_in_it(bad)
        return done

    def _take_off(self, tx: Tx, list_id: ListId, entry_ids: Sequence[EntryId]) -> Removed:
        now = self.clock()
        removed = list_rows.remove_entries(tx, list_id, entry_ids, now=now)
        if removed.removed:
            self._tell(tx, list_id, removed, "list.withdraw_entries", ListChangeKind.WITHDRAWN, now)
        return removed

    def _tell(
        self, tx: Tx, list_id: ListId, removed: Removed, verb: str, kind: ListChangeKind, now: datetime
    ) -> None:
        changed = {"from_seq": removed.from_seq, "to_seq": removed.to_seq}
        audit.append(
            tx,
            at=now,
            actor=self.actor.label,
            verb=verb,
            object=f"list:{list_id}",
            detail=changed | {"reason": self.reason, "removed": removed.removed},
        )
        list_changes.append(tx, list_id, kind, at=now, removed=removed.removed)
        if removed.removed:
            self.record(tx, EntriesChanged(at=now, list_id=list_id, **changed))
