"""What is asked about the files of a report before they are sent: whether they are held, and harmless."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from safehold.model.hash_list import Purpose
from safehold.model.ids import MediaId
from safehold.storage.database import Tx
from safehold.storage.evidence import ObjectRole, sealed_object
from safehold.storage.hash_lists import entry, hash_list
from safehold.storage.media import media

_SHA256 = "sha256"


def held(tx: Tx, media_ids: Collection[MediaId]) -> dict[MediaId, bool]:
    """Say of each of these media that was ever sealed whether its bytes are still there, as they came."""
    statement = (
        sa.select(
            sealed_object.c.media_id,
            sa.func.bool_or(sealed_object.c.destroyed_at.is_(None)).label("is_there"),
        )
        .where(sealed_object.c.media_id.in_(media_ids), sealed_object.c.role == ObjectRole.ORIGINAL.value)
        .group_by(sealed_object.c.media_id)
    )
    return {MediaId(row.media_id): bool(row.is_there) for row in tx.run(statement)}


def harmless_media(tx: Tx, media_ids: Collection[MediaId]) -> set[MediaId]:
    """Return which of these media are, by all their bytes, on a list for practice that is in use."""
    found = (
        sa.select(media.c.id)
        .join(entry, entry.c.value == media.c.sha256)
        .where(media.c.id.in_(media_ids), *_live())
    )
    return {MediaId(each) for each in tx.run(found).scalars()}


def harmless_digests(tx: Tx, digests: Collection[bytes]) -> set[bytes]:
    """Return which of these SHA-256 are on a list for practice that is in use."""
    found = sa.select(entry.c.value).where(entry.c.value.in_(digests), *_live())
    return {bytes(each) for each in tx.run(found).scalars()}


def _live() -> tuple[sa.ColumnElement[bool], ...]:
    lists = sa.select(hash_list.c.id).where(
        hash_list.c.purpose == Purpose.TEST.value, hash_list.c.withdrawn_at.is_(None)
    )
    return (entry.c.signal_type == _SHA256, entry.c.removed_seq.is_(None), entry.c.list_id.in_(lists))
