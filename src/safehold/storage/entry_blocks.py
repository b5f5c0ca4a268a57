"""What changed on a list, in blocks of bytes: a million entries without a million objects."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from safehold.model.ids import ListId
from safehold.model.signal import SignalTypeName
from safehold.storage.database import Tx

ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Block:
    """Entries of one signal type: their ids, 16 bytes each, and values, in the order in which they came.

    widths: the lengths of the shortest and the longest value.
    """

    signal_type: SignalTypeName
    ids: bytes = field(repr=False)
    values: bytes = field(repr=False)
    widths: tuple[int, int]


def by_index(tx: Tx) -> None:
    """Have what is asked in this transaction from now on found by indexes.

    For some minutes after a large import the database believes that the table is small, and reads all of it.
    """
    tx.run(sa.text("set local enable_seqscan = off"))


def added(tx: Tx, list_id: ListId, *, after_seq: int, up_to_seq: int) -> list[Block]:
    """Return the entries that came after one change of a list and up to another, and were there then."""
    values = {"list_id": list_id, "after": after_seq, "up_to": up_to_seq}
    return [
        Block(SignalTypeName(row.signal_type), row.ids, row.values, (row.shortest, row.longest))
        for row in tx.run(_ADDED, values)
    ]


def removed(tx: Tx, list_id: ListId, *, after_seq: int, up_to_seq: int) -> bytes:
    """Return the ids, 16 bytes each, of entries that went after one change of a list and up to another."""
    values = {"list_id": list_id, "after": after_seq, "up_to": up_to_seq}
    return bytes(tx.run(_REMOVED, values).scalar_one() or b"")


_ADDED = sa.text("""
    select signal_type, string_agg(uuid_send(id), ''::bytea order by added_seq) as ids,
      string_agg(value, ''::bytea order by added_seq) as values,
      min(octet_length(value)) as shortest, max(octet_length(value)) as longest
    from entry
    where list_id = :list_id and added_seq > :after and added_seq <= :up_to
      and (removed_seq is null or removed_seq > :up_to)
    group by signal_type
""")

_REMOVED = sa.text("""
    select string_agg(uuid_send(id), ''::bytea) from entry
    where list_id = :list_id and removed_seq > :after and removed_seq <= :up_to
""")
