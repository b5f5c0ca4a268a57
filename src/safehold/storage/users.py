"""People, their sessions, and the keys of platforms. Secrets are kept as digests only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from safehold.model.ids import KeyId, UserId
from safehold.model.permissions import Permission, Role
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, TextArray, Uuid, metadata, owned_by, writes

app_user = sa.Table(
    "app_user",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("roles", TextArray, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("disabled_at", Instant),
    sa.Index("uq_app_user_name", sa.text("lower(name)"), unique=True),
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("token_digest", sa.LargeBinary, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("form_token", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("last_seen_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index("ix_session_user_id", "user_id"),
)

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

owned_by("app", app_user, session, api_key)


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A person who signs in."""

    id: UserId
    name: str
    password_hash: str
    roles: frozenset[Role]
    created_at: datetime
    disabled_at: datetime | None

    def __repr__(self) -> str:
        """Name the id only: names and password hashes do not belong in a log."""
        return f"StoredUser({self.id})"


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A sign-in that lasts. form_token: what every form of this session must carry."""

    user_id: UserId
    form_token: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


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


@writes(app_user)
def insert_user(
    tx: Tx, *, id: UserId, name: str, password_hash: str, roles: frozenset[Role], now: datetime
) -> bool:
    """Add a person. False when the name is taken, whatever its case."""
    values = {
        "id": id,
        "name": name,
        "password_hash": password_hash,
        "roles": sorted(roles),
        "created_at": now,
    }
    added = insert(app_user).values(values).on_conflict_do_nothing().returning(app_user.c.id)
    return tx.run(added).first() is not None


def user_by_name(tx: Tx, name: str) -> StoredUser | None:
    """Find a person by name, whatever its case."""
    row = tx.run(sa.select(app_user).where(sa.func.lower(app_user.c.name) == name.lower())).first()
    return _user(row) if row else None


def user_by_id(tx: Tx, user_id: UserId) -> StoredUser | None:
    """Find a person by id."""
    row = tx.run(sa.select(app_user).where(app_user.c.id == user_id)).first()
    return _user(row) if row else None


def all_users(tx: Tx) -> list[StoredUser]:
    """Return everybody, by name."""
    return [_user(row) for row in tx.run(sa.select(app_user).order_by(sa.func.lower(app_user.c.name)))]


@writes(app_user)
def set_password(tx: Tx, user_id: UserId, password_hash: str) -> None:
    """Replace a person's password hash."""
    tx.run(app_user.update().where(app_user.c.id == user_id).values(password_hash=password_hash))


@writes(app_user)
def set_disabled(tx: Tx, user_id: UserId, disabled_at: datetime | None) -> None:
    """Shut a person out from an instant on, or let them in again with None."""
    tx.run(app_user.update().where(app_user.c.id == user_id).values(disabled_at=disabled_at))


@writes(session)
def insert_session(tx: Tx, token_digest: bytes, opened: StoredSession) -> None:
    """Add a session."""
    tx.run(
        session.insert().values(
            token_digest=token_digest,
            user_id=opened.user_id,
            form_token=opened.form_token,
            created_at=opened.created_at,
            last_seen_at=opened.last_seen_at,
            expires_at=opened.expires_at,
        )
    )


def session_by_digest(tx: Tx, token_digest: bytes) -> StoredSession | None:
    """Find a session by the digest of its token."""
    row = tx.run(sa.select(session).where(session.c.token_digest == token_digest)).mappings().first()
    return StoredSession(**{k: v for k, v in row.items() if k != "token_digest"}) if row else None


@writes(session)
def touch_session(tx: Tx, token_digest: bytes, now: datetime) -> None:
    """Note that a session is in use."""
    tx.run(session.update().where(session.c.token_digest == token_digest).values(last_seen_at=now))


@writes(session)
def delete_session(tx: Tx, token_digest: bytes) -> None:
    """End one session."""
    tx.run(session.delete().where(session.c.token_digest == token_digest))


@writes(session)
def delete_sessions_of(tx: Tx, user_id: UserId) -> int:
    """End every session of a person and return how many there were."""
    return tx.run(session.delete().where(session.c.user_id == user_id)).rowcount


@writes(session)
def delete_ended_sessions(tx: Tx, *, now: datetime, idle_since: datetime) -> int:
    """Remove sessions that are over or were not used since an instant."""
    over = (session.c.expires_at <= now) | (session.c.last_seen_at <= idle_since)
    return tx.run(session.delete().where(over)).rowcount


@writes(api_key)
def insert_key(
    tx: Tx,
    *,
    id: KeyId,
    name: str,
    secret_digest: bytes,
    scopes: frozenset[Permission],
    now: datetime,
    expires_at: datetime | None,
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


def key_by_digest(tx: Tx, secret_digest: bytes) -> StoredKey | None:
    """Find a key by the digest of its secret."""
    row = tx.run(sa.select(api_key).where(api_key.c.secret_digest == secret_digest)).first()
    return _key(row) if row else None


def all_keys(tx: Tx) -> list[StoredKey]:
    """Return every key, newest first."""
    return [_key(row) for row in tx.run(sa.select(api_key).order_by(api_key.c.created_at.desc()))]


@writes(api_key)
def note_key_use(tx: Tx, key_id: KeyId, now: datetime) -> None:
    """Note when a key was last used, to the minute: a write per request would cost more than it tells."""
    minute = now.replace(second=0, microsecond=0)
    stale = api_key.c.last_used_at.is_(None) | (api_key.c.last_used_at < minute)
    tx.run(api_key.update().where((api_key.c.id == key_id) & stale).values(last_used_at=minute))


@writes(api_key)
def revoke_key(tx: Tx, key_id: KeyId, now: datetime) -> bool:
    """Take a key out of use. False when there is none or it was revoked before."""
    statement = api_key.update().where((api_key.c.id == key_id) & api_key.c.revoked_at.is_(None))
    return tx.run(statement.values(revoked_at=now)).rowcount == 1


def _user(row: Any) -> StoredUser:
    return StoredUser(
        UserId(row.id),
        row.name,
        row.password_hash,
        frozenset(Role(role) for role in row.roles),
        row.created_at,
        row.disabled_at,
    )


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
