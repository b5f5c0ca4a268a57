"""Reading the audit log: by time or by object, each reading itself on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safehold.app.access.users import names
from safehold.app.audit.verify import Verdict, verify
from safehold.model.permissions import Actor, Permission
from safehold.storage import audit as rows
from safehold.storage.audit import StoredRecord
from safehold.storage.database import Database, Tx

PAGE = 50


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Records, where the next page begins (a sequence number, None on the last one), and who is who."""

    records: tuple[StoredRecord, ...]
    before: int | None
    people: Mapping[UUID, str]


def newest(tx: Tx, *, actor: Actor, now: datetime, before: int | None = None) -> AuditPage:
    """Return records that are on the chain, newest first, those below the sequence number `before`.

    The reading is appended to the log. Raises NotAllowed.
    """
    actor.require(Permission.AUDIT_READ)
    _append(tx, actor, "audit.read", "audit", now)
    records = rows.newest(tx, limit=PAGE + 1, before=before)
    is_last = len(records) <= PAGE
    shown = tuple(records[:PAGE])
    return AuditPage(shown, None if is_last else shown[-1].seq, names(tx))


def of_object(tx: Tx, object: str, *, actor: Actor, now: datetime) -> AuditPage:
    """Return every record about one object, such as "case:018f…", newest first, chained or not.

    The reading is appended to the log. Raises NotAllowed.
    """
    actor.require(Permission.AUDIT_READ)
    records: Sequence[StoredRecord] = rows.of_object(tx, object)
    _append(tx, actor, "audit.read", "audit", now)
    return AuditPage(tuple(reversed(records)), None, names(tx))


def verified(database: Database, *, actor: Actor, now: datetime) -> Verdict:
    """Recompute the whole chain, and put on record who asked. It reads every record. Raises NotAllowed."""
    actor.require(Permission.AUDIT_READ)
    verdict = verify(database)
    with database.begin() as tx:
        _append(tx, actor, "audit.verify", "audit", now)
    return verdict


def _append(tx: Tx, actor: Actor, verb: str, object: str, now: datetime) -> None:
    rows.append(tx, at=now, actor=actor.label, verb=verb, object=object)
