"""What a sign-in leaves behind before it is one: passwords that were right, challenges, failures, devices."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from safehold.model.ids import DeviceId, UserId, new_id
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

pending_sign_in = sa.Table(
    "pending_sign_in",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("token_digest", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("user_id", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index("ix_pending_sign_in_user_id", "user_id"),
)

# holder: a session or a pending sign-in. One challenge of a kind at a time, and each is used once.
passkey_challenge = sa.Table(
    "passkey_challenge",
    metadata,
    sa.Column("holder", Uuid, primary_key=True),
    sa.Column("purpose", sa.Text, primary_key=True),
    sa.Column("challenge", sa.LargeBinary, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
)

# id: the first 128 bits of a keyed digest of what is counted, so that no name or address stands here.
sign_in_failure = sa.Table(
    "sign_in_failure",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", Instant, nullable=False),
    sa.Column("blocked_until", Instant),
    sa.CheckConstraint("failures >= 0", name="failures_not_negative"),
)

known_device = sa.Table(
    "known_device",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("token_digest", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("last_used_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index("ix_known_device_user_id", "user_id"),
)

owned_by("app", pending_sign_in, passkey_challenge, sign_in_failure, known_device)


@dataclass(frozen=True, slots=True)
class StoredPending:
    """A sign-in whose password was right and whose second factor is due."""

    id: UUID
    user_id: UserId
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StoredFailures:
    """How often somebody failed at one thing, and until when no further try is taken."""

    failures: int
    last_at: datetime
    blocked_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDevice:
    """A browser in which this person signed in before. client: a coarse description of it."""

    id: DeviceId
    user_id: UserId
    client: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


@writes(pending_sign_in)
def insert_pending(tx: Tx, *, id: UUID, token_digest: bytes, user_id: UserId, expires_at: datetime) -> None:
    """Note that somebody's password was right."""
    values = {"id": id, "token_digest": token_digest, "user_id": user_id, "tries": 0}
    tx.run(pending_sign_in.insert().values(**values, expires_at=expires_at))


def pending_by_digest(tx: Tx, token_digest: bytes) -> StoredPending | None:
    """Find a pending sign-in by the digest of its token."""
    its = pending_sign_in.c
    statement = sa.select(its.id, its.user_id, its.expires_at)
    row = tx.run(statement.where(its.token_digest == token_digest)).mappings().first()
    return StoredPending(**row) if row else None


@writes(pending_sign_in)
def count_try(tx: Tx, pending_id: UUID) -> int:
    """Count a try of a second factor and return which it is; 0 when the pending sign-in is gone."""
    its = pending_sign_in.update().where(pending_sign_in.c.id == pending_id)
    done = its.values(tries=pending_sign_in.c.tries + 1).returning(pending_sign_in.c.tries)
    return int(tx.run(done).scalar_one_or_none() or 0)


@writes(pending_sign_in, passkey_challenge)
def delete_pending(tx: Tx, pending_id: UUID) -> bool:
    """End a pending sign-in. False when it is gone already, so that it opens one session at most."""
    tx.run(passkey_challenge.delete().where(passkey_challenge.c.holder == pending_id))
    return tx.run(pending_sign_in.delete().where(pending_sign_in.c.id == pending_id)).rowcount == 1


@writes(pending_sign_in)
def delete_pending_of(tx: Tx, user_id: UserId) -> None:
    """End every pending sign-in of a person."""
    tx.run(pending_sign_in.delete().where(pending_sign_in.c.user_id == user_id))


@writes(passkey_challenge)
def put_challenge(tx: Tx, holder: UUID, purpose: str, challenge: bytes, *, expires_at: datetime) -> None:
    """Keep a challenge in place of an earlier one of the same holder and purpose."""
    values = {"holder": holder, "purpose": purpose, "challenge": challenge, "expires_at": expires_at}
    statement = insert(passkey_challenge).values(values)
    tx.run(statement.on_conflict_do_update(index_elements=["holder", "purpose"], set_=values))


@writes(passkey_challenge)
def take_challenge(tx: Tx, holder: UUID, purpose: str, *, now: datetime) -> bytes | None:
    """Return a challenge and remove it; None when there is none or it is over."""
    its = (passkey_challenge.c.holder == holder) & (passkey_challenge.c.purpose == purpose)
    done = passkey_challenge.delete().where(its)
    row = tx.run(done.returning(passkey_challenge.c.challenge, passkey_challenge.c.expires_at)).first()
    return bytes(row.challenge) if row is not None and now < row.expires_at else None


def failures(tx: Tx, id: UUID) -> StoredFailures | None:
    """Return how often somebody failed at one thing."""
    its = sign_in_failure.c
    statement = sa.select(its.failures, its.last_at, its.blocked_until).where(its.id == id)
    row = tx.run(statement).mappings().first()
    return StoredFailures(**row) if row else None


@writes(sign_in_failure)
def put_failures(tx: Tx, id: UUID, counted: StoredFailures) -> None:
    """Keep how often somebody failed at one thing."""
    values = {
        "failures": counted.failures,
        "last_at": counted.last_at,
        "blocked_until": counted.blocked_until,
    }
    statement = insert(sign_in_failure).values(id=id, **values)
    tx.run(statement.on_conflict_do_update(index_elements=["id"], set_=values))


@writes(sign_in_failure)
def forget_failures(tx: Tx, ids: Iterable[UUID]) -> None:
    """Forget what was counted under these ids."""
    tx.run(sign_in_failure.delete().where(sign_in_failure.c.id.in_(list(ids))))


def failing_since(tx: Tx, ids: Collection[UUID], *, at_least: int, since: datetime) -> set[UUID]:
    """Return which of these have so many failures, the last one at or after an instant."""
    its = sign_in_failure.c
    many = its.id.in_(list(ids)) & (its.failures >= at_least) & (its.last_at >= since)
    return set(tx.run(sa.select(its.id).where(many)).scalars())


@writes(known_device)
def insert_device(
    tx: Tx, *, user_id: UserId, token_digest: bytes, client: str, now: datetime, expires_at: datetime
) -> None:
    """Remember a browser of a person."""
    times = {"created_at": now, "last_used_at": now, "expires_at": expires_at}
    values = {"id": new_id(), "user_id": user_id, "token_digest": token_digest, "client": client, **times}
    tx.run(known_device.insert().values(values))


def device_among(
    tx: Tx, user_id: UserId | None, digests: Collection[bytes], *, now: datetime
) -> StoredDevice | None:
    """Return the device of this person that one of these digests leads to. Nobody has none.

    The database is asked all the same for nobody and for no digest: it must not show who is unknown.
    """
    its = known_device.c
    wanted = (its.user_id == user_id) & its.token_digest.in_(list(digests) or [b""]) & (its.expires_at > now)
    row = tx.run(_DEVICES.where(wanted).limit(1)).mappings().first()
    return StoredDevice(**row) if row else None


def devices_of(tx: Tx, user_id: UserId, *, now: datetime) -> list[StoredDevice]:
    """Return the devices of a person that count at this instant, the one used last first."""
    theirs = (known_device.c.user_id == user_id) & (known_device.c.expires_at > now)
    found = tx.run(_DEVICES.where(theirs).order_by(known_device.c.last_used_at.desc())).mappings()
    return [StoredDevice(**row) for row in found]


@writes(known_device)
def touch_device(tx: Tx, device_id: DeviceId, *, now: datetime, expires_at: datetime) -> None:
    """Note that a device was used, and remember it for longer."""
    its = known_device.update().where(known_device.c.id == device_id)
    tx.run(its.values(last_used_at=now, expires_at=expires_at))


@writes(known_device)
def delete_devices(tx: Tx, user_id: UserId, *, only: DeviceId | None = None) -> int:
    """Forget the devices of a person, or one of them; return how many."""
    theirs = known_device.c.user_id == user_id
    if only is not None:
        theirs &= known_device.c.id == only
    return tx.run(known_device.delete().where(theirs)).rowcount


@writes(pending_sign_in, passkey_challenge, sign_in_failure, known_device)
def delete_ended(tx: Tx, *, now: datetime, failed_before: datetime) -> None:
    """Remove what is over, and failures whose last one was before an instant."""
    for table in (pending_sign_in, passkey_challenge, known_device):
        tx.run(table.delete().where(table.c.expires_at <= now))
    tx.run(sign_in_failure.delete().where(sign_in_failure.c.last_at < failed_before))


_DEVICES = sa.select(*(column for column in known_device.c if column is not known_device.c.token_digest))
