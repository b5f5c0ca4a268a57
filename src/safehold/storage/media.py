"""Media: unique bytes by their SHA-256, and the signals made from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.ids import MediaId
from safehold.model.media import DecodeFailure, Examined, MediaKind
from safehold.model.signal import PDQ, Signal, SignalTypeName
from safehold.storage.database import Tx
from safehold.storage.items import item
from safehold.storage.tables import Instant, Uuid, metadata, one_of, owned_by, writes

media = sa.Table(
    "media",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("sha256", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("width", sa.Integer, nullable=False, server_default="0"),
    sa.Column("height", sa.Integer, nullable=False, server_default="0"),
    sa.Column("frames", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failure", sa.Text),
    sa.Column("first_seen_at", Instant, nullable=False),
    one_of("kind", MediaKind),
    one_of("failure", DecodeFailure),
    sa.CheckConstraint("length(sha256) = 32", name="sha256_length"),
)

media_signal = sa.Table(
    "media_signal",
    metadata,
    sa.Column("media_id", sa.ForeignKey("media.id", ondelete="cascade"), primary_key=True),
    sa.Column("signal_type", sa.Text, primary_key=True),
    sa.Column("frame", sa.Integer, primary_key=True),
    # A frame may be seen in more ways than one: in other colours, on black.
    sa.Column("value", sa.LargeBinary, primary_key=True),
    sa.Column("quality", sa.SmallInteger),
    sa.CheckConstraint("quality between 0 and 100", name="quality_range"),
)

owned_by("intake", media, media_signal)

DETAILED = 50
"""The quality from which a PDQ is worth comparing: below it plain pictures are alike without being so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFacts:
    """What is known of some bytes without looking at them. The digest is not among it.

    size_bytes: bytes. width, height: pixels as shown, 0 when unreadable. items: how many appearances
    of these bytes were kept.
    """

    id: MediaId
    media_type: str
    kind: MediaKind
    size_bytes: int
    width: int
    height: int
    frames: int
    failure: DecodeFailure | None
    first_seen_at: datetime
    items: int = 1


@writes(media)
def put(
    tx: Tx, *, media_id: MediaId, sha256: bytes, examined: Examined, size_bytes: int, at: datetime
) -> MediaId:
    """Record these bytes unless they are known, and return the id under which they are.

    sha256: 32 bytes. Of two transactions that put the same bytes at once, the second waits for the
    first. Facts that could not be read the first time are filled in when they can be read now.
    """
    read = _read_from(examined)
    inserted = (
        postgresql.insert(media)
        .values(id=media_id, sha256=sha256, size_bytes=size_bytes, first_seen_at=at, **read)
        .on_conflict_do_nothing(index_elements=["sha256"])
        .returning(media.c.id)
    )
    if tx.run(inserted).first():
        return media_id
    known = tx.run(sa.select(media.c.id, media.c.kind, media.c.failure).where(media.c.sha256 == sha256)).one()
    unread = known.kind == MediaKind.UNKNOWN.value or known.failure is not None
    if unread and examined.kind is not MediaKind.UNKNOWN and examined.failure is None:
        tx.run(media.update().where(media.c.id == known.id).values(**read))
    return MediaId(known.id)


def by_digest(tx: Tx, sha256: bytes) -> MediaId | None:
    """Return the id under which these bytes are known, None when they are not. sha256: 32 bytes."""
    found = tx.run(sa.select(media.c.id).where(media.c.sha256 == sha256)).scalar_one_or_none()
    return MediaId(found) if found is not None else None


@writes(media_signal)
def put_signals(tx: Tx, media_id: MediaId, signals: Sequence[Signal]) -> None:
    """Record the signals of these bytes; those that are known already stay as they are."""
    rows = [
        {
            "media_id": media_id,
            "signal_type": signal.signal_type,
            "frame": signal.frame,
            "value": signal.value,
            "quality": signal.quality,
        }
        for signal in signals
    ]
    if rows:
        tx.run(postgresql.insert(media_signal).on_conflict_do_nothing(), rows)


def signals_of(tx: Tx, media_id: MediaId) -> tuple[Signal, ...]:
    """Return the signals of these bytes, by type, frame and value."""
    statement = (
        sa.select(media_signal)
        .where(media_signal.c.media_id == media_id)
        .order_by(media_signal.c.signal_type, media_signal.c.frame, media_signal.c.value)
    )
    return tuple(
        Signal(SignalTypeName(row.signal_type), bytes(row.value), row.quality, row.frame)
        for row in tx.run(statement)
    )


def facts_of(tx: Tx, media_ids: Iterable[MediaId]) -> dict[MediaId, MediaFacts]:
    """Return what is known of these media; ids that do not exist are left out."""
    counted = (
        sa.select(item.c.media_id, sa.func.count().label("appearances"))
        .where(item.c.media_id.in_(list(media_ids)))
        .group_by(item.c.media_id)
        .subquery()
    )
    statement = (
        sa.select(media, sa.func.coalesce(counted.c.appearances, 0).label("appearances"))
        .outerjoin(counted, counted.c.media_id == media.c.id)
        .where(media.c.id.in_(list(media_ids)))
    )
    return {MediaId(row.id): _facts(row) for row in tx.run(statement)}


def bits_apart(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[int]:
    """Return by how many bits two rows of media_signal differ, for a statement: both are PDQ."""
    return sa.func.bit_count(_as_bits(one.c.value).op("#")(_as_bits(other.c.value)), type_=sa.Integer)


def nearly_the_same(
    one: sa.FromClause, other: sa.FromClause, *, bits: int | sa.ColumnElement[int]
) -> sa.ColumnElement[bool]:
    """Return the condition that two rows of media_signal are of pictures nearly the same, for a statement.

    That is, their PDQ are at most so many bits apart, either way round, and of at least quality DETAILED.
    Films are not compared so. The rows may be of the same media.
    """
    return sa.and_(_is_detailed(one), _is_detailed(other), bits_apart(one, other) <= bits)


def _is_detailed(signal: sa.FromClause) -> sa.ColumnElement[bool]:
    picture = sa.exists().where(media.c.id == signal.c.media_id, media.c.kind == MediaKind.IMAGE.value)
    return sa.and_(signal.c.signal_type == PDQ, signal.c.quality >= DETAILED, picture)


def _as_bits(value: sa.ColumnElement[bytes]) -> sa.ColumnElement[str]:
    return sa.cast(sa.func.concat("x", sa.func.encode(value, "hex")), postgresql.BIT(256))


def _facts(row: Any) -> MediaFacts:
    return MediaFacts(
        id=MediaId(row.id),
        media_type=row.media_type,
        kind=MediaKind(row.kind),
        size_bytes=row.size_bytes,
        width=row.width,
        height=row.height,
        frames=row.frames,
        failure=DecodeFailure(row.failure) if row.failure else None,
        first_seen_at=row.first_seen_at,
        items=row.appearances,
    )


def _read_from(examined: Examined) -> dict[str, Any]:
    return {
        "media_type": examined.media_type,
        "kind": examined.kind.value,
        "width": examined.width,
        "height": examined.height,
        "frames": examined.frames,
        "failure": examined.failure.value if examined.failure else None,
    }
