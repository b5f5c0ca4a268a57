"""Reading the audit log: by time or by object, each reading itself on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from safehold.app.access.users import names
from safehold.app.audit import need_to_know, veil
from safehold.app.audit.veil import Unveiling
from safehold.app.audit.verify import Verdict, verify
from safehold.model.permissions import Actor, Permission
from safehold.storage import audit as rows
from safehold.storage.audit import StoredRecord
from safehold.storage.database import Database, Tx

PAGE = 50


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Records, where the next page begins (a sequence number, None on the last one), and who is who.

    veiled: by record, the pseudonym of whoever looked, see `veil`. asked: names that are asked for now.
    outside: records about cases of queues in which the reader does not work; of those neither object nor
    detail is here.
    """

    records: tuple[StoredRecord, ...]
    before: int | None
    people: Mapping[UUID, str]
    veiled: Mapping[UUID, str] = field(default_factory=dict)
    asked: tuple[Unveiling, ...] = ()
    outside: frozenset[UUID] = frozenset()


def newest(tx: Tx, *, key: bytes, actor: Actor, now: datetime, before: int | None = None) -> AuditPage:
    """Return records that are on the chain, newest first, those below the sequence number `before`.

    key: makes pseudonyms of people who looked. The reading is appended to the log. Raises NotAllowed.
    """
    actor.require(Permission.AUDIT_READ)
    _append(tx, actor, "audit.read", "audit", now)
    records = rows.newest(tx, limit=PAGE + 1, before=before)
    is_last = len(records) <= PAGE
    shown = tuple(records[:PAGE])
    return _page(tx, shown, None if is_last else shown[-1].seq, key=key, actor=actor, now=now)


def of_object(tx: Tx, object: str, *, key: bytes, actor: Actor, now: datetime) -> AuditPage:
    """Return every record about one object, such as "case:018f…", newest first, chained or not.

    Records of a person's looking are not found by that person: that would unveil them. Nor are those about a
    case of a queue in which the reader does not work. key: makes pseudonyms
    of people who looked. The reading is appended to the log. Raises NotAllowed.
    """
    actor.require(Permission.AUDIT_READ)
    records: Sequence[StoredRecord] = rows.of_object(tx, object)
    _append(tx, actor, "audit.read", "audit", now)
    outside = need_to_know.outside(tx, records, actor)
    known = (record for record in reversed(records) if record.id not in outside)
    shown = tuple(record for record in known if not veil.tells_who(record))
    return _page(tx, shown, None, key=key, actor=actor, now=now)


def object_of(tx: Tx, record_id: UUID, *, actor: Actor) -> str:
    """Return what a record is about where `of_object` finds it by that, else "". Raises NotAllowed."""
    actor.require(Permission.AUDIT_READ)
    record = rows.get(tx, record_id)
    return "" if record is None or veil.tells_who(record) else record.object


def verified(database: Database, *, actor: Actor, now: datetime) -> Verdict:
    """Recompute the whole chain, and put on record who asked. It reads every record. Raises NotAllowed."""
    actor.require(Permission.AUDIT_READ)
    verdict = verify(database)
    with database.begin() as tx:
        _append(tx, actor, "audit.verify", "audit", now)
    return verdict


def _page(
    tx: Tx,
    records: tuple[StoredRecord, ...],
    before: int | None,
    *,
    key: bytes,
    actor: Actor,
    now: datetime,
) -> AuditPage:
    behind = veil.veiled(tx, key, records, viewer=actor.user_id, now=now)
    outside = need_to_know.outside(tx, records, actor)
    shown = tuple(need_to_know.withheld(each) if each.id in outside else each for each in records)
    return AuditPage(shown, before, names(tx), behind, tuple(veil.recent(tx, now=now)), frozenset(outside))


def _append(tx: Tx, actor: Actor, verb: str, object: str, now: datetime) -> None:
    rows.append(tx, at=now, actor=actor.label, verb=verb, object=object)
