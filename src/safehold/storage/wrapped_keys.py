"""Wrapped data keys by the pair that they are wrapped to: what a rotation finds, changes and counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa

from safehold.model.ids import ObjectId
from safehold.storage.authority_papers import authority_paper
from safehold.storage.conversations import conversation_message
from safehold.storage.database import Tx
from safehold.storage.evidence import wrapped_key
from safehold.storage.inbound_reports import report_contact
from safehold.storage.tables import writes

_NONE = UUID(int=0)


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """One data key, wrapped. object_id: what it is bound to; of a contact its report, else itself."""

    object_id: ObjectId
    wrapped: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class WrappedKeys:
    """One table's wrapped keys, as a rotation needs them.

    others: those wrapped to another pair than that of the fingerprint, with an id above the last one given,
    in order, locked until the transaction ends; what others have locked is passed over. replace: puts
    another wrapping in place and says whether the old one was still there. counted: how many keys are
    wrapped to each pair.
    """

    others: Callable[[Tx, bytes, ObjectId | None, int], list[WrappedKey]]
    replace: Callable[[Tx, WrappedKey, bytes], bool]
    counted: Callable[[Tx], dict[bytes, int]]


def object_keys_of_others(tx: Tx, fingerprint: bytes, after: ObjectId | None, limit: int) -> list[WrappedKey]:
    """Return keys of sealed objects that are wrapped to another pair; see WrappedKeys."""
    return _others(tx, wrapped_key, wrapped_key.c.object_id, fingerprint, after, limit)


def contact_keys_of_others(
    tx: Tx, fingerprint: bytes, after: ObjectId | None, limit: int
) -> list[WrappedKey]:
    """Return keys of reporters' contacts that are wrapped to another pair; see WrappedKeys."""
    return _others(tx, report_contact, report_contact.c.report_id, fingerprint, after, limit)


def paper_keys_of_others(tx: Tx, fingerprint: bytes, after: ObjectId | None, limit: int) -> list[WrappedKey]:
    """Return keys of authority reports' papers that are wrapped to another pair; see WrappedKeys."""
    return _others(tx, authority_paper, authority_paper.c.id, fingerprint, after, limit)


def message_keys_of_others(
    tx: Tx, fingerprint: bytes, after: ObjectId | None, limit: int
) -> list[WrappedKey]:
    """Return keys of messages' texts that are wrapped to another pair; see WrappedKeys."""
    return _others(tx, conversation_message, conversation_message.c.sealed_as, fingerprint, after, limit)


def object_keys_by_pair(tx: Tx) -> dict[bytes, int]:
    """Return how many keys of sealed objects are wrapped to each pair, by its fingerprint."""
    return _by_pair(tx, wrapped_key)


def contact_keys_by_pair(tx: Tx) -> dict[bytes, int]:
    """Return how many keys of reporters' contacts are wrapped to each pair, by its fingerprint."""
    return _by_pair(tx, report_contact)


def paper_keys_by_pair(tx: Tx) -> dict[bytes, int]:
    """Return how many keys of authority reports' papers are wrapped to each pair, by its fingerprint."""
    return _by_pair(tx, authority_paper)


def message_keys_by_pair(tx: Tx) -> dict[bytes, int]:
    """Return how many keys of messages' texts are wrapped to each pair, by its fingerprint."""
    return _by_pair(tx, conversation_message)


@writes(wrapped_key)
def replace_object_key(tx: Tx, old: WrappedKey, new: bytes) -> bool:
    """Put another wrapping of the same data key in the place of `old`; False when that is not there now."""
    return _replace(tx, wrapped_key, wrapped_key.c.object_id, old, new)


@writes(report_contact)
def replace_contact_key(tx: Tx, old: WrappedKey, new: bytes) -> bool:
    """Do the same for the key of a reporter's contact."""
    return _replace(tx, report_contact, report_contact.c.report_id, old, new)


@writes(authority_paper)
def replace_paper_key(tx: Tx, old: WrappedKey, new: bytes) -> bool:
    """Do the same for the key of an authority report's paper."""
    return _replace(tx, authority_paper, authority_paper.c.id, old, new)


@writes(conversation_message)
def replace_message_key(tx: Tx, old: WrappedKey, new: bytes) -> bool:
    """Do the same for the key of a message's text."""
    return _replace(tx, conversation_message, conversation_message.c.sealed_as, old, new)


def may_count(tx: Tx) -> bool:
    """Say whether this role may read every wrapped key."""
    tables = (wrapped_key, report_contact, authority_paper, conversation_message)
    asked = [sa.func.has_table_privilege(table.name, "select") for table in tables]
    return all(tx.run(sa.select(*asked)).one())


def _pair(table: sa.Table) -> sa.Function[bytes]:
    # A version byte comes first; the fingerprint of the key pair follows.
    return sa.func.substring(table.c.wrapped, 2, 8)


def _others(
    tx: Tx,
    table: sa.Table,
    id_: sa.Column[UUID],
    fingerprint: bytes,
    after: ObjectId | None,
    limit: int,
) -> list[WrappedKey]:
    statement = (
        sa.select(id_.label("bound_to"), table.c.wrapped)
        .where(table.c.wrapped.is_not(None), _pair(table) != fingerprint, id_ > (after or _NONE))
        .order_by(id_)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [WrappedKey(ObjectId(row.bound_to), bytes(row.wrapped)) for row in tx.run(statement)]


def _by_pair(tx: Tx, table: sa.Table) -> dict[bytes, int]:
    pair, number = _pair(table).label("pair"), sa.func.count().label("number")
    # What left its window has no key any more.
    statement = sa.select(pair, number).where(table.c.wrapped.is_not(None)).group_by(pair)
    return {bytes(row.pair): int(row.number) for row in tx.run(statement)}


def _replace(tx: Tx, table: sa.Table, id_: sa.Column[UUID], old: WrappedKey, new: bytes) -> bool:
    same = (id_ == old.object_id, table.c.wrapped == old.wrapped)
    return tx.run(table.update().where(*same).values(wrapped=new)).rowcount == 1
