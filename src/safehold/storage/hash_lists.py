"""Hash lists and their entries. Sequence numbers rise by one per change of a list, in commit order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.errors import NotFound, Refused
from safehold.model.hash_list import Entry, HashList, ListKind, Origin, Purpose
from safehold.model.ids import EntryId, ListId
from safehold.model.signal import SignalTypeName
from safehold.storage.database import Tx
from safehold.storage.incoming_entries import Packed, copy_in, pack_entries
from safehold.storage.tables import Instant, TextArray, Uuid, metadata, one_of, owned_by, writes

hash_list = sa.Table(
    "hash_list",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("max_distance", sa.SmallInteger, nullable=False),
    sa.Column("hold_max_distance", sa.SmallInteger, nullable=False),
    sa.Column("may_hold", sa.Boolean, nullable=False),
    sa.Column("vetted", sa.Boolean, nullable=False),
    sa.Column("provenance", sa.Text, nullable=False),
    # Who stands behind the entries: two lists of one source never confirm each other.
    sa.Column("source", sa.Text, nullable=False, server_default=""),
    sa.Column("needs_second_source", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("needs_exact", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("match_turned", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("stale_after_seconds", sa.Integer),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("refreshed_at", Instant),
    sa.Column("last_seq", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("withdrawn_at", Instant),
    one_of("purpose", Purpose),
    one_of("kind", ListKind),
    sa.CheckConstraint("max_distance between 0 and 256", name="max_distance_range"),
    sa.CheckConstraint("hold_max_distance between 0 and max_distance", name="hold_within_match"),
    sa.CheckConstraint(
        "not may_hold or purpose in ('csam', 'intimate_images', 'test')", name="purpose_may_hold"
    ),
)

entry = sa.Table(
    "entry",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("list_id", sa.ForeignKey("hash_list.id"), nullable=False),
    sa.Column("signal_type", sa.Text, nullable=False),
    sa.Column("value", sa.LargeBinary, nullable=False),
    sa.Column("category", sa.Text),
    sa.Column("labels", TextArray, nullable=False, server_default="{}"),
    sa.Column("source_id", sa.Text),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("added_at", Instant, nullable=False),
    sa.Column("added_seq", sa.BigInteger, nullable=False),
    sa.Column("removed_at", Instant),
    sa.Column("removed_seq", sa.BigInteger),
    one_of("origin", Origin),
    sa.CheckConstraint("(removed_at is null) = (removed_seq is null)", name="removed_together"),
    sa.Index("ix_entry_added", "list_id", "added_seq"),
    sa.Index(
        "ix_entry_removed", "list_id", "removed_seq", postgresql_where=sa.text("removed_seq is not null")
    ),
    sa.Index(
        "ix_entry_withdrawn",
        "list_id",
        "signal_type",
        "value",
        postgresql_where=sa.text("removed_seq is not null"),
    ),
    sa.Index(
        "uq_entry_live",
        "list_id",
        "signal_type",
        "value",
        unique=True,
        postgresql_where=sa.text("removed_seq is null"),
    ),
)

owned_by("lists", hash_list, entry)


@dataclass(frozen=True, slots=True)
class Added:
    """What adding changed. from_seq, to_seq: inclusive; to_seq is from_seq - 1 where nothing was added.

    known: entries that were on the list already, or came twice in what was added. withdrawn: entries that
    stay off because they were taken off once.
    """

    from_seq: int
    to_seq: int
    added: int
    known: int
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class Removed:
    """What removing changed. from_seq, to_seq: inclusive; to_seq is from_seq - 1 where nothing went."""

    from_seq: int
    to_seq: int
    removed: int


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a list: the entry that was added, or None where the one of this id was removed."""

    seq: int
    entry_id: EntryId
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many live entries of a list are of this signal type, category and origin."""

    signal_type: SignalTypeName
    category: str | None
    origin: Origin
    entries: int


@writes(hash_list)
def insert(tx: Tx, new: HashList) -> bool:
    """Insert a list, without entries. Says False, and changes nothing, where the name is taken."""
    values = {column: getattr(new, column) for column in _LIST_FIELDS} | {"last_seq": 0}
    statement = postgresql.insert(hash_list).values(values).on_conflict_do_nothing(index_elements=["name"])
    return tx.run(statement.returning(hash_list.c.id)).first() is not None


def by_name(tx: Tx, name: str) -> HashList | None:
    """Return the list of this name, None where there is none."""
    row = tx.run(sa.select(hash_list).where(hash_list.c.name == name)).mappings().first()
    return _hash_list(row) if row else None


def by_id(tx: Tx, list_id: ListId) -> HashList:
    """Return a list, withdrawn or not. Raises NotFound."""
    row = tx.run(sa.select(hash_list).where(hash_list.c.id == list_id)).mappings().first()
    if row is None:
        raise NotFound("There is no such list.")
    return _hash_list(row)


def in_use(tx: Tx) -> list[HashList]:
    """Return every list that was not withdrawn, by name, in one query: a scan asks it each time."""
    statement = sa.select(hash_list).where(hash_list.c.withdrawn_at.is_(None)).order_by(hash_list.c.name)
    return [_hash_list(row) for row in tx.run(statement).mappings()]


@writes(hash_list)
def mark_refreshed(tx: Tx, list_id: ListId, now: datetime) -> None:
    """Record that the list is as its origin has it at this instant."""
    tx.run(hash_list.update().where(hash_list.c.id == list_id).values(refreshed_at=now))


def gather_statistics(tx: Tx) -> None:
    """Have the database count the entries anew, and plan for as many as there are.

    It would by itself, a minute or more after much has changed. A role that does not own the table changes
    nothing.
    """
    tx.run(sa.text("analyze entry"))


@writes(hash_list)
def set_changeable(tx: Tx, changed: HashList) -> None:
    """Record of a list what may change: who stands behind it, and how it is compared and holds."""
    values = {name: getattr(changed, name) for name in CHANGEABLE}
    tx.run(hash_list.update().where(hash_list.c.id == changed.id).values(values))


@writes(hash_list)
def mark_withdrawn(tx: Tx, list_id: ListId, now: datetime) -> None:
    """Record that the list is used no more; nothing can go on it or off it from then on."""
    tx.run(hash_list.update().where(hash_list.c.id == list_id).values(withdrawn_at=now))


@writes(hash_list, entry)
def add_entries(
    tx: Tx, list_id: ListId, entries: Iterable[Entry], *, now: datetime, bring_back: bool = False
) -> Added:
    """Add entries as `add_packed` does. Their own list_id is not looked at; all are in memory at once."""
    return add_packed(tx, list_id, pack_entries(entries), now=now, bring_back=bring_back)


@writes(hash_list, entry)
def add_packed(tx: Tx, list_id: ListId, sent: Packed, *, now: datetime, bring_back: bool) -> Added:
    """Add the entries that are not on the list yet, in their order, each with a sequence number of its own.

    An entry is on the list when a live one has its signal type and value; the first one stays as it is.
    Other changes of the list wait until this transaction ends, so numbers have no gaps and rise in the
    order of commits. bring_back: whether an entry that was taken off goes on again.

    Raises NotFound where there is no such list, Refused where it was withdrawn.
    """
    last = _lock(tx, list_id)
    copy_in(tx, [sent])
    withdrawn = 0 if bring_back else _leave_out_withdrawn(tx, list_id)
    added = tx.run(_ADD_NEW, {"list_id": list_id, "last": last, "now": now}).rowcount
    if 0 < added < sent.count:
        tx.run(_CLOSE_GAPS, {"last": last})
    _advance(tx, list_id, last + added)
    return Added(last + 1, last + added, added, sent.count - added - withdrawn, withdrawn)


@writes(entry)
def count_new(tx: Tx, list_id: ListId, pieces: Iterable[Packed], *, bring_back: bool) -> int:
    """Return how many of these entries would be added now; nothing is. One piece is in memory at a time.

    However many they are, the list is read once at most.
    """
    copy_in(tx, pieces)
    if not bring_back:
        _leave_out_withdrawn(tx, list_id)
    tx.run(_NO_LOOPS)
    found = int(tx.run(_COUNT_NEW, {"list_id": list_id}).scalar_one())
    tx.run(_LOOPS)
    return found


@writes(hash_list, entry)
def remove_entries(tx: Tx, list_id: ListId, entry_ids: Sequence[EntryId] | None, *, now: datetime) -> Removed:
    """Take entries off the list, all of them where none are named, each under a sequence number of its own.

    Their rows stay, for matches refer to them. Ids that are not live on this list are passed over: removing
    twice is harmless. Raises NotFound where there is no such list, Refused where it was withdrawn.
    """
    last = _lock(tx, list_id)
    ids = None if entry_ids is None else list(entry_ids)
    values = {"list_id": list_id, "last": last, "now": now, "ids": ids}
    removed = tx.run(_REMOVE, values).rowcount
    _advance(tx, list_id, last + removed)
    return Removed(last + 1, last + removed, removed)


@writes(entry)
def live_ids(tx: Tx, list_id: ListId, entries: Iterable[Entry]) -> list[EntryId]:
    """Return the ids of the list's live entries that have the signal type and value of one of these."""
    copy_in(tx, [pack_entries(entries)])
    return [EntryId(row.id) for row in tx.run(_LIVE_IDS, {"list_id": list_id})]


def changes(
    tx: Tx,
    list_id: ListId,
    *,
    after_seq: int,
    up_to_seq: int | None = None,
    removals_after: int | None = None,
    batch: int = 5000,
) -> Iterator[Change]:
    """Yield what turns the list as of after_seq into the list as of up_to_seq (inclusive), in order.

    up_to_seq None: as of the newest committed change. An entry that was both added and removed in between
    does not appear, so fewer changes than sequence numbers may come. removals_after: yield every removal
    after this number, for who may know of entries that came after after_seq; then the last change that is
    yielded is that of up_to_seq. At most `batch` rows are held in memory. Read it to its end, or in a
    transaction that ends soon: it keeps a cursor open.
    """
    if up_to_seq is None:
        statement = sa.select(hash_list.c.last_seq).where(hash_list.c.id == list_id)
        up_to_seq = tx.run(statement).scalar_one_or_none() or 0
    statement = _net_changes(list_id, after_seq, up_to_seq, removals_after)
    rows = tx.run(statement.execution_options(yield_per=batch))
    for row in rows:
        kept = None if row.gone else _entry(row)
        yield Change(row.seq, EntryId(row.id), kept)


def changed_at(tx: Tx, list_id: ListId, seq: int) -> str:
    """Return the id of the entry that came or went as this change of a list; "" where there is no such."""
    statement = sa.select(entry.c.id).where(
        entry.c.list_id == list_id, sa.or_(entry.c.added_seq == seq, entry.c.removed_seq == seq)
    )
    return str(tx.run(statement).scalar_one_or_none() or "")


def words_of(tx: Tx, ids: Sequence[EntryId]) -> dict[EntryId, tuple[str | None, tuple[str, ...]]]:
    """Return category and labels of those of these entries that are on their lists now, by id."""
    wanted = sa.bindparam("ids", type_=postgresql.ARRAY(Uuid))
    statement = sa.select(entry.c.id, entry.c.category, entry.c.labels).where(
        entry.c.id == sa.any_(wanted), entry.c.removed_seq.is_(None)
    )
    rows = tx.run(statement, {"ids": list(ids)})
    return {EntryId(row.id): (row.category, tuple(row.labels)) for row in rows}


def counts_of_other_types(
    tx: Tx, list_id: ListId, known: Collection[SignalTypeName]
) -> dict[SignalTypeName, int]:
    """Return how many live entries a list has of each signal type but these, of those types that have any."""
    types = {SignalTypeName(row.signal_type) for row in tx.run(_TYPES, {"list_id": list_id})}
    if not (others := types - set(known)):
        return {}
    live = sa.and_(entry.c.list_id == list_id, entry.c.removed_seq.is_(None))
    statement = (
        sa.select(entry.c.signal_type, sa.func.count().label("entries"))
        .where(live, entry.c.signal_type.in_(others))
        .group_by(entry.c.signal_type)
    )
    return {SignalTypeName(row.signal_type): row.entries for row in tx.run(statement)}


def added_since(tx: Tx, list_id: ListId, since: datetime) -> int:
    """Return how many of the live entries came after an instant."""
    live = sa.and_(entry.c.list_id == list_id, entry.c.removed_seq.is_(None), entry.c.added_at > since)
    return int(tx.run(sa.select(sa.func.count()).where(live)).scalar_one())


def counts(tx: Tx, list_id: ListId) -> list[Count]:
    """Return how many live entries there are of each signal type, category and origin, in this order."""
    parts = (entry.c.signal_type, entry.c.category, entry.c.origin)
    statement = (
        sa.select(*parts, sa.func.count().label("entries"))
        .where(entry.c.list_id == list_id, entry.c.removed_seq.is_(None))
        .group_by(*parts)
        .order_by(*parts)
    )
    return [
        Count(SignalTypeName(row.signal_type), row.category, Origin(row.origin), row.entries)
        for row in tx.run(statement)
    ]


CHANGEABLE = ("source", "needs_second_source", "needs_exact", "match_turned")
"""What of a list may change after it was declared."""

_LIST_FIELDS = tuple(field.name for field in fields(HashList))

# The list's row is locked: what is not there now cannot appear before these rows are committed. The conflict
# asks the one index by name. A join would leave the choice to the planner, who knows nothing yet of a list
# that is being loaded, and has been seen to read the whole list once for each new entry.
_ADD_NEW = sa.text("""
    insert into entry (id, list_id, signal_type, value, category, labels, source_id, origin,
                       added_at, added_seq)
    select id, :list_id, signal_type, value, category, labels, source_id, origin, :now, :last + place
    from incoming_entry
    on conflict (list_id, signal_type, value) where removed_seq is null do nothing
""").execution_options(preserve_rowcount=True)

# Numbers that were meant for entries that are on the list already go to those behind them.
_CLOSE_GAPS = sa.text("""
    update entry set added_seq = :last + kept.place
    from (
        select live.id, row_number() over (order by live.added_seq) as place
        from entry as live join incoming_entry as sent on sent.id = live.id
    ) as kept
    where entry.id = kept.id and entry.added_seq <> :last + kept.place
""")

# Whatever the planner believes, one pass over each side at most.
_NO_LOOPS = sa.text("set local enable_nestloop = off")
_LOOPS = sa.text("set local enable_nestloop = on")

# `offset 0`: looked up for those few alone that were withdrawn once, never joined with the whole list.
_LEAVE_OUT_WITHDRAWN = sa.text("""
    delete from incoming_entry as sent
    where exists (
        select 1 from entry as gone
        where gone.list_id = :list_id and gone.signal_type = sent.signal_type
          and gone.value = sent.value and gone.removed_seq is not null
    )
    and not exists (
        select 1 from entry as live
        where live.list_id = :list_id and live.signal_type = sent.signal_type
          and live.value = sent.value and live.removed_seq is null
        offset 0
    )
""").execution_options(preserve_rowcount=True)

_COUNT_NEW = sa.text("""
    select count(*) from (select distinct signal_type, value from incoming_entry) as sent
    where not exists (
        select 1 from entry as live
        where live.list_id = :list_id and live.signal_type = sent.signal_type
          and live.value = sent.value and live.removed_seq is null
    )
""")

# From one type to the next by the index: as many steps as there are types, not as there are entries.
_TYPES = sa.text("""
    with recursive found(signal_type) as (
        select min(signal_type) from entry where list_id = :list_id and removed_seq is null
        union all
        select (
            select min(signal_type) from entry
            where list_id = :list_id and removed_seq is null and signal_type > found.signal_type
        )
        from found where found.signal_type is not null
    )
    select signal_type from found where signal_type is not null
""")

_LIVE_IDS = sa.text("""
    select live.id from entry as live
    where live.list_id = :list_id and live.removed_seq is null and exists (
        select 1 from incoming_entry as sent
        where sent.signal_type = live.signal_type and sent.value = live.value
    )
    order by live.added_seq
""")

_REMOVE = sa.text("""
    update entry set removed_at = :now, removed_seq = :last + gone.place
    from (
        select id, row_number() over (order by added_seq) as place
        from entry
        where list_id = :list_id and (:ids is null or id = any(:ids)) and removed_seq is null
    ) as gone
    where entry.id = gone.id
""").bindparams(sa.bindparam("ids", type_=postgresql.ARRAY(Uuid)))


def withdrawn() -> Refused:
    """Return the error for a list that is used no more."""
    return Refused("This list was withdrawn.", advice="Declare another one with `safehold lists add`.")


def _lock(tx: Tx, list_id: ListId) -> int:
    """Wait until no other transaction changes the list; return its newest sequence number."""
    statement = sa.select(hash_list.c.last_seq, hash_list.c.withdrawn_at).where(hash_list.c.id == list_id)
    row = tx.run(statement.with_for_update()).one_or_none()
    if row is None:
        raise NotFound("There is no such list.", advice="`safehold lists show` names the lists there are.")
    if row.withdrawn_at is not None:
        raise withdrawn()
    return int(row.last_seq)


def _leave_out_withdrawn(tx: Tx, list_id: ListId) -> int:
    """Drop what was taken off the list once and return how many entries that were."""
    tx.run(_NO_LOOPS)
    dropped = tx.run(_LEAVE_OUT_WITHDRAWN, {"list_id": list_id}).rowcount
    tx.run(_LOOPS)
    return int(dropped)


def _advance(tx: Tx, list_id: ListId, last: int) -> None:
    tx.run(hash_list.update().where(hash_list.c.id == list_id).values(last_seq=last))


def _net_changes(list_id: ListId, after: int, up_to: int, removals_after: int | None) -> sa.Select[Any]:
    of_list = entry.c.list_id == list_id
    added = sa.select(entry, entry.c.added_seq.label("seq"), sa.false().label("gone")).where(
        of_list,
        entry.c.added_seq.between(after + 1, up_to),
        sa.or_(entry.c.removed_seq.is_(None), entry.c.removed_seq > up_to),
    )
    every = removals_after is not None
    since = removals_after if removals_after is not None else after
    removed = sa.select(entry, entry.c.removed_seq.label("seq"), sa.true().label("gone")).where(
        of_list,
        entry.c.removed_seq.between(since + 1, up_to),
        sa.or_(sa.literal(every), entry.c.added_seq <= after),
    )
    both = sa.union_all(added, removed).subquery()
    return sa.select(both).order_by(both.c.seq)


def _hash_list(row: sa.RowMapping) -> HashList:
    values = {name: row[name] for name in _LIST_FIELDS}
    return HashList(**values | {"purpose": Purpose(row["purpose"]), "kind": ListKind(row["kind"])})


def _entry(row: sa.Row[Any]) -> Entry:
    return Entry(
        id=EntryId(row.id),
        list_id=ListId(row.list_id),
        signal_type=SignalTypeName(row.signal_type),
        value=row.value,
        category=row.category,
        labels=tuple(row.labels),
        source_id=row.source_id,
        origin=Origin(row.origin),
    )
