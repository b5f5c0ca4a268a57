"""Entries on their way into the database: packed as rows of a binary COPY into a temporary table.

The rows lie in the order of their values, for the large unique index over entries is in that order too:
neighbours then meet the same pages of it, each page once a batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

from safehold.model.hash_list import Entry, EntryDraft, Origin
from safehold.model.ids import new_ids
from safehold.storage.database import Tx

# `place` counts from 1 in the order of the batch. It is made for each transaction, though a kept one would be
# quicker: what a session keeps hinders the database from freezing old rows, for as long as it is connected.
# `delete`, of nothing but for a second batch of a transaction, costs a tenth of `truncate`.
_TABLE = """
    create temporary table if not exists incoming_entry (
        place bigint, id uuid, signal_type text, value bytea, category text, labels text[], source_id text,
        origin text
    ) on commit drop;
    delete from incoming_entry
"""
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_ROW = (8).to_bytes(2, "big") + (8).to_bytes(4, "big")
_ID = (16).to_bytes(4, "big")
_NULL = b"\xff\xff\xff\xff"
_TEXT = 25  # the number that PostgreSQL has for the type
_SENT_AT_ONCE = 1 << 18  # bytes


@dataclass(frozen=True, slots=True, repr=False)
class Packed:
    """Some entries, ready to be sent. rows: those of a binary COPY, without its header and trailer."""

    rows: bytes
    count: int


def pack_drafts(drafts: Iterable[EntryDraft], origin: Origin) -> Packed:
    """Give what lines say ids of their own and pack it. All of it is in memory at once."""
    listed = list(drafts)
    from_origin = _field(origin.value.encode())
    return _pack(
        (draft.value, _row(draft, place, entry_id, from_origin))
        for place, (draft, entry_id) in enumerate(zip(listed, new_ids(len(listed)), strict=True), start=1)
    )


def pack_entries(entries: Iterable[Entry]) -> Packed:
    """Pack entries under the ids that they have. All of them are in memory at once."""
    return _pack(
        (entry.value, _row(entry, place, entry.id.bytes, _field(entry.origin.value.encode())))
        for place, entry in enumerate(entries, start=1)
    )


def copy_in(tx: Tx, pieces: Iterable[Packed]) -> None:
    """Put the entries into the temporary table `incoming_entry`, alone, until the transaction ends."""
    with tx.driver.cursor() as cursor:
        cursor.execute(_TABLE)
        with cursor.copy("copy incoming_entry from stdin (format binary)") as copy:
            copy.write(_HEADER)
            for packed in pieces:
                for begin in range(0, len(packed.rows), _SENT_AT_ONCE):
                    copy.write(packed.rows[begin : begin + _SENT_AT_ONCE])
            copy.write(_TRAILER)


def _pack(rows: Iterable[tuple[bytes, bytes]]) -> Packed:
    # Sorting is stable: of two entries with one value, the first stays the first.
    in_order = sorted(rows, key=itemgetter(0))
    return Packed(b"".join(row for _, row in in_order), len(in_order))


def _row(entry: Entry | EntryDraft, place: int, entry_id: bytes, origin: bytes) -> bytes:
    value, source_id = entry.value, entry.source_id
    return b"".join(
        (
            _ROW,
            place.to_bytes(8, "big"),
            _ID,
            entry_id,
            _before_value(entry.signal_type, len(value)),
            value,
            _behind_value(entry.category, entry.labels),
            _NULL if source_id is None else _field(source_id.encode()),
            origin,
        )
    )


@lru_cache(maxsize=256)
def _before_value(signal_type: str, length: int) -> bytes:
    """Pack the signal type, and how long the value is."""
    return _field(signal_type.encode()) + length.to_bytes(4, "big")


@lru_cache(maxsize=256)
def _behind_value(category: str | None, labels: tuple[str, ...]) -> bytes:
    """Pack what many entries share."""
    return (_NULL if category is None else _field(category.encode())) + _array(labels)


def _field(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _array(labels: tuple[str, ...]) -> bytes:
    """Pack a list of text: dimensions, no NULLs, the type; size and first index; then each one."""
    numbers = (1, 0, _TEXT, len(labels), 1) if labels else (0, 0, _TEXT)
    head = b"".join(number.to_bytes(4, "big") for number in numbers)
    return _field(head + b"".join(_field(label.encode()) for label in labels))
