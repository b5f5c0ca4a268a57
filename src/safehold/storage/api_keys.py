"""Keys of platforms. The secret is kept as a digest only, and reading keys never reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from safehold.model.ids import KeyId
from safehold.model.permissions import Permission
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, TextArray, Uuid, metadata, owned_by, writes

api_key = sa.Table(
    "api_key",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("secret_digest", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("scopes", TextArray, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("last_used_at", Instant),
    sa.Column("revoked_at", Instant),
)

owned_by("app", api_key)

# The console may read these and no digest: see roles.py.
_SHOWN = [column for column in api_key.c if column is not api_key.c.secret_digest]


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A platform's key, without its secret."""

    id: KeyId
    name: str
    scopes: frozenset[Permission]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Say whether the key may be used at this instant; at expires_at it may no longer."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@writes(api_key)
def insert_key(
    tx: Tx,
    *,
    id: KeyId,
    name: str,
    secret_digest: bytes,
    scopes: frozenset[Permission],
    now: datetime,
    expires_at: datetime,
) -> None:
    """Add a platform's key."""
    tx.run(
        api_key.insert().values(
            id=id,
            name=name,
            secret_digest=secret_digest,
            scopes=sorted(scopes),
            created_at=now,
            expires_at=expires_at,
        )
    )


def keys_by_digest(tx: Tx, secret_digests: Sequence[bytes]) -> dict[bytes, StoredKey]:
    """Find keys by the digests of their secrets, in one query."""
    wanted = sa.any_(sa.bindparam("digests", list(secret_digests), sa.ARRAY(sa.LargeBinary)))
    found = tx.run(sa.select(*_SHOWN, api_key.c.secret_digest).where(api_key.c.secret_digest == wanted))
    return {bytes(row.secret_digest): _key(row) for row in found}


def all_keys(tx: Tx) -> list[StoredKey]:
    """Return every key, newest first."""
    return [_key(row) for row in tx.run(sa.select(*_SHOWN).order_by(api_key.c.created_at.desc()))]


def ending(tx: Tx, *, now: datetime, before: datetime, used_since: datetime) -> dict[UUID, datetime]:
    """Return when each key ends that is valid now, ends before an instant and was used since another."""
    its = api_key.c
    statement = sa.select(its.id, its.expires_at).where(
        its.revoked_at.is_(None),
        its.expires_at > now,
        its.expires_at < before,
        its.last_used_at >= used_since,
    )
    return {row.id: row.expires_at for row in tx.run(statement)}


@writes(api_key)
def note_key_use(tx: Tx, key_id: KeyId, now: datetime) -> None:
    """Note when a key was last used, to the minute: a write per request would cost more than it tells."""
    minute = _minute_of(now)
    stale = api_key.c.last_used_at.is_(None) | (api_key.c.last_used_at < minute)
    tx.run(api_key.update().where((api_key.c.id == key_id) & stale).values(last_used_at=minute))


def was_noted(key: StoredKey, now: datetime) -> bool:
    """Say whether the use of a key in this minute is on record already."""
    return key.last_used_at is not None and key.last_used_at >= _minute_of(now)


@writes(api_key)
def revoke_key(tx: Tx, key_id: KeyId, now: datetime) -> bool:
    """Take a key out of use. False when there is none or it was revoked before."""
    statement = api_key.update().where((api_key.c.id == key_id) & api_key.c.revoked_at.is_(None))
    return tx.run(statement.values(revoked_at=now)).rowcount == 1


def _minute_of(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


def _key(row: Any) -> StoredKey:
    return StoredKey(
        KeyId(row.id),
        row.name,
        frozenset(Permission(scope) for scope in row.scopes),
        row.created_at,
        row.expires_at,
        row.last_used_at,
        row.revoked_at,
    )
