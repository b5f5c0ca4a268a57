"""Records of the audit log about cases of which their reader may not know: that they exist, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from uuid import UUID

from safehold.model.ids import CaseId, ItemId
from safehold.model.permissions import Actor
from safehold.review import admission
from safehold.storage.audit import StoredRecord
from safehold.storage.database import Tx

_CASES = frozenset({"case", "from", "to"})
_ITEMS = frozenset({"item"})


def outside(tx: Tx, records: Iterable[StoredRecord], reader: Actor) -> set[UUID]:
    """Return which of these records are about a case, or an item of one, that the reader may not know of."""
    if reader.user_id is None:
        return set()
    about = {record.id: dict(_about(record)) for record in records}
    cases = {CaseId(id) for named in about.values() for id, kind in named.items() if kind in _CASES}
    items = {ItemId(id) for named in about.values() for id, kind in named.items() if kind in _ITEMS}
    unknown: set[UUID] = {
        *admission.unknown_cases(tx, reader.user_id, cases),
        *admission.unknown_items(tx, reader.user_id, items),
    }
    return {record for record, named in about.items() if unknown & named.keys()}


def withheld(record: StoredRecord) -> StoredRecord:
    """Return a record without what it is about and without its detail."""
    return replace(record, object=record.object.partition(":")[0], detail={})


def _about(record: StoredRecord) -> Iterator[tuple[UUID, str]]:
    kind, _, id = record.object.partition(":")
    for name, said in ((kind, id), *_named(record)):
        if name in _CASES | _ITEMS:
            try:
                yield UUID(said), name
            except ValueError:
                continue


def _named(record: StoredRecord) -> Iterator[tuple[str, str]]:
    for name, value in record.detail.items():
        if name == "cases" and isinstance(value, list):
            # What a search led to.
            yield from (("case", str(each)) for each in value)
        else:
            yield name, str(value)
