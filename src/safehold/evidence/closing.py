"""Keeping what was destroyed closed: the copy of the ledger outside the database, and what it is for.

A backup of the records brings wrapped keys back. The copy in the evidence store says which of them were
destroyed since; a line of it is written before the database destroys, so no kill opens a gap. Should the
store be down, destroying goes on without, and the line follows when the store answers again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import structlog

from safehold.evidence import clock_records, retention
from safehold.model.errors import Damaged, VaultDown
from safehold.model.ids import MediaId, ObjectId
from safehold.model.permissions import system_actor
from safehold.storage import audit, closings
from safehold.storage import evidence as evidence_rows
from safehold.storage.database import Database, Tx
from safehold.storage.evidence import EvidenceObject, Rule
from safehold.vault.ledger import Closed, LedgerCopy

_LEDGER = system_actor("evidence.ledger")
_ACTOR = _LEDGER.label
_log = structlog.get_logger()


def write_lines(copy: LedgerCopy, doomed: Iterable[tuple[ObjectId, Rule]], *, at: datetime) -> None:
    """Write a line for each object; a store that is down is told to the log and delays nothing."""
    for object_id, rule in doomed:
        try:
            copy.write(Closed(object_id, at, rule.value))
        except VaultDown:
            _log.warning("ledger_line_missing", object_id=str(object_id))


def take_back(tx: Tx, copy: LedgerCopy, media_id: MediaId, *, now: datetime) -> None:
    """Take back the lines of media that was about to be destroyed and is to be kept after all.

    The caller holds the media's lock. While the store is down the notes stay, for the next sweep.
    """
    noted = closings.closing_of(tx, media_id)
    try:
        for object_id in noted:
            if copy.read(object_id) is not None:
                copy.take_back(object_id, at=now)
    except VaultDown:
        _log.warning("ledger_line_left", media_id=str(media_id))
        return
    closings.end_closing(tx, noted)


def compare(database: Database, copy: LedgerCopy, *, now: datetime) -> int:
    """Bring the database and the copy outside to the same state; doing it again changes nothing.

    Return how many objects were closed again: the database held them to be live although they were destroyed.

    A line without a destruction on record: the records came from a backup, and the object is destroyed
    again. A destruction without a line: it is written now. Raises VaultDown, Damaged.
    """
    closed_again = 0
    with database.begin() as tx:
        missing = closings.destroyed_objects(tx)
    for batch in copy.objects():
        missing.difference_update(batch)
        with database.begin() as tx:
            reopened = closings.reopened_among(tx, batch)
        for one in reopened:
            closed_again += _close_again(database, copy, one, now=now)
    with database.begin() as tx:
        lines = evidence_rows.ledger(tx, objects=missing)
    for line in lines:
        copy.write(Closed(line.object_id, line.destroyed_at, line.rule.value))
    return closed_again


def _close_again(database: Database, copy: LedgerCopy, doomed: EvidenceObject, *, now: datetime) -> bool:
    line = copy.read(doomed.id)
    if line is None:
        return False
    try:
        rule = Rule(line.reason)
    except ValueError:
        raise Damaged(
            "The destruction ledger in the evidence store gives a reason that we do not know.",
            advice="Install the version of Safehold that wrote it, or a newer one.",
        ) from None
    with database.begin() as tx:
        retention.lock(tx, doomed.media_id)
        # Judged anew under the lock: a sweep may be at it in this moment.
        if not closings.reopened_among(tx, [doomed.id]):
            return False
        evidence_rows.destroy_object(tx, doomed, rule=rule, at=line.at)
        if not evidence_rows.live_objects(tx, doomed.media_id):
            evidence_rows.end_retention(tx, doomed.media_id)
            clock_records.end_with_the_bytes(tx, doomed.media_id, actor=_LEDGER, now=now)
        audit.append(
            tx,
            at=now,
            actor=_ACTOR,
            verb="evidence.closed_again",
            object=f"media:{doomed.media_id}",
            detail={"object": str(doomed.id), "role": doomed.role.value, "closed_at": line.at.isoformat()},
        )
    return True
