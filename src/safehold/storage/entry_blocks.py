"""What changed on a list, asked at once, in blocks of bytes: a million entries without a million objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

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


@dataclass(frozen=True, slots=True)
class News:
    """What a list went through. before, head: the entries of the changes from and up to which this is, as
    `hash_lists.changed_at` names them. removed: ids, 16 bytes each. types: of what came or went.
    """

    before: str
    head: str
    added: Sequence[Block] = field(repr=False)
    removed: bytes = field(repr=False)
    types: frozenset[SignalTypeName]


def by_index(tx: Tx) -> None:
    """Have what is asked in this transaction from now on found by indexes.

    For some minutes after a large import the database believes that the table is small, and reads all of it.
    """
    tx.run(sa.text("set local enable_seqscan = off"))


def since(tx: Tx, list_id: ListId, *, added_after: int, removed_after: int, up_to_seq: int) -> News:
    """Return what changed on a list up to one change, in one question, whatever it was.

    added: what came after added_after and was there at that change. removed: what went after removed_after,
    whenever it had come. `before` is of removed_after.
    """
    values = {"list_id": list_id, "added": added_after, "removed": removed_after, "up_to": up_to_seq}
    rows = list(tx.run(_SINCE, values))
    of = {what: [row for row in rows if row.what == what] for what in ("added", "removed", "before", "head")}
    named = {what: str(UUID(bytes=of[what][0].ids)) if of[what] else "" for what in ("before", "head")}
    changed = of["added"] + of["removed"]
    return News(
        named["before"],
        named["head"],
        [
            Block(SignalTypeName(row.signal_type), row.ids, row.values, (row.shortest, row.longest))
            for row in of["added"]
        ],
        b"".join(row.ids for row in of["removed"]),
        frozenset(SignalTypeName(row.signal_type) for row in changed),
    )


_SINCE = sa.text("""
    select 'added' as what, signal_type, string_agg(uuid_send(id), ''::bytea order by added_seq) as ids,
      string_agg(value, ''::bytea order by added_seq) as values,
      min(octet_length(value)) as shortest, max(octet_length(value)) as longest
    from entry
    where list_id = :list_id and added_seq > :added and added_seq <= :up_to
      and (removed_seq is null or removed_seq > :up_to)
    group by signal_type
    union all
    select 'removed', signal_type, string_agg(uuid_send(id), ''::bytea), null, null, null
    from entry
    where list_id = :list_id and removed_seq > :removed and removed_seq <= :up_to
    group by signal_type
    union all
    select 'before', null, uuid_send(id), null, null, null from entry
    where list_id = :list_id and (added_seq = :removed or removed_seq = :removed)
    union all
    select 'head', null, uuid_send(id), null, null, null from entry
    where list_id = :list_id and (added_seq = :up_to or removed_seq = :up_to)
""")
