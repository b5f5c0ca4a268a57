"""Second factors of people: passkeys, one authenticator app, recovery codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from safehold.model.ids import PasskeyId, UserId
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, TextArray, Uuid, metadata, owned_by, writes

passkey = sa.Table(
    "passkey",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("relying_party", sa.Text, nullable=False),
    sa.Column("credential_id", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("sign_count", sa.BigInteger, nullable=False),
    sa.Column("transports", TextArray, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("last_used_at", Instant),
    sa.Index("ix_passkey_user_id", "user_id"),
)

authenticator_app = sa.Table(
    "authenticator_app",
    metadata,
    sa.Column("user_id", sa.ForeignKey("app_user.id"), primary_key=True),
    sa.Column("sealed_secret", sa.LargeBinary, nullable=False),
    sa.Column("last_step", sa.BigInteger, nullable=False),
    sa.Column("confirmed_at", Instant),
)

recovery_code = sa.Table(
    "recovery_code",
    metadata,
    sa.Column("user_id", sa.ForeignKey("app_user.id"), primary_key=True),
    sa.Column("code_digest", sa.LargeBinary, primary_key=True),
    sa.Column("used_at", Instant),
)

owned_by("app", passkey, authenticator_app, recovery_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPasskey:
    """A passkey: what its holder calls it, the site that it answers to, its public key and last count."""

    id: PasskeyId
    user_id: UserId
    name: str
    relying_party: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None = None

    def __repr__(self) -> str:
        """Name the id only."""
        return f"StoredPasskey({self.id})"


@dataclass(frozen=True, slots=True)
class StoredApp:
    """An authenticator app. last_step: the newest time step of 30 s whose code was used.

    confirmed_at: None while it is being set up; it is no factor before.
    """

    user_id: UserId
    sealed_secret: bytes
    last_step: int
    confirmed_at: datetime | None

    def __repr__(self) -> str:
        """Name the person's id only."""
        return f"StoredApp({self.user_id})"


@writes(passkey)
def insert_passkey(tx: Tx, added: StoredPasskey) -> bool:
    """Add a passkey. False when its credential is known already."""
    values = {column.name: getattr(added, column.name) for column in passkey.c}
    values["transports"] = list(added.transports)
    done = insert(passkey).values(values).on_conflict_do_nothing().returning(passkey.c.id)
    return tx.run(done).first() is not None


def passkeys_of(tx: Tx, user_id: UserId) -> list[StoredPasskey]:
    """Return a person's passkeys, the oldest first."""
    statement = sa.select(passkey).where(passkey.c.user_id == user_id)
    found = tx.run(statement.order_by(passkey.c.created_at, passkey.c.id)).mappings()
    return [StoredPasskey(**{**row, "transports": tuple(row["transports"])}) for row in found]


@writes(passkey)
def count_use(tx: Tx, used: StoredPasskey, *, sign_count: int, now: datetime) -> bool:
    """Note a use of a passkey. False when its count moved meanwhile: the same answer was sent twice."""
    unmoved = (passkey.c.id == used.id) & (passkey.c.sign_count == used.sign_count)
    done = passkey.update().where(unmoved).values(sign_count=sign_count, last_used_at=now)
    return tx.run(done).rowcount == 1


@writes(passkey)
def delete_passkey(tx: Tx, passkey_id: PasskeyId, *, user_id: UserId) -> bool:
    """Remove a passkey of this person. False when they have none of this id."""
    its = (passkey.c.id == passkey_id) & (passkey.c.user_id == user_id)
    return tx.run(passkey.delete().where(its)).rowcount == 1


def app_of(tx: Tx, user_id: UserId) -> StoredApp | None:
    """Return a person's authenticator app, confirmed or not; None when there is none."""
    row = (
        tx.run(sa.select(authenticator_app).where(authenticator_app.c.user_id == user_id)).mappings().first()
    )
    return StoredApp(**row) if row else None


@writes(authenticator_app)
def begin_app(tx: Tx, user_id: UserId, sealed_secret: bytes) -> bool:
    """Keep the secret of an app that is being set up, in place of an earlier try.

    False, and nothing is changed, when a confirmed app is there.
    """
    values = {"user_id": user_id, "sealed_secret": sealed_secret, "last_step": 0}
    statement = insert(authenticator_app).values(values)
    statement = statement.on_conflict_do_update(
        index_elements=["user_id"],
        set_=values,
        where=authenticator_app.c.confirmed_at.is_(None),
    )
    return tx.run(statement.returning(authenticator_app.c.user_id)).first() is not None


@writes(authenticator_app)
def use_step(tx: Tx, user_id: UserId, step: int, *, now: datetime) -> bool:
    """Spend a time step, and confirm the app by it. False when this step or a later one was used before."""
    its = (authenticator_app.c.user_id == user_id) & (authenticator_app.c.last_step < step)
    confirmed_at = sa.func.coalesce(authenticator_app.c.confirmed_at, sa.cast(now, Instant))
    done = authenticator_app.update().where(its)
    return tx.run(done.values(last_step=step, confirmed_at=confirmed_at)).rowcount == 1


@writes(authenticator_app)
def delete_app(tx: Tx, user_id: UserId) -> bool:
    """Remove a person's authenticator app. False when there is none."""
    return tx.run(authenticator_app.delete().where(authenticator_app.c.user_id == user_id)).rowcount == 1


@writes(recovery_code)
def replace_codes(tx: Tx, user_id: UserId, digests: Iterable[bytes]) -> None:
    """Make these the recovery codes of a person, in place of all earlier ones."""
    tx.run(recovery_code.delete().where(recovery_code.c.user_id == user_id))
    rows = [{"user_id": user_id, "code_digest": digest} for digest in digests]
    if rows:
        tx.run(recovery_code.insert(), rows)


@writes(recovery_code)
def use_code(tx: Tx, user_id: UserId, digest: bytes, *, now: datetime) -> bool:
    """Spend a recovery code. False when there is none of this digest, or it was used before."""
    its = (recovery_code.c.user_id == user_id) & (recovery_code.c.code_digest == digest)
    unused = its & recovery_code.c.used_at.is_(None)
    return tx.run(recovery_code.update().where(unused).values(used_at=now)).rowcount == 1


def codes_left(tx: Tx, user_id: UserId) -> int:
    """Return how many recovery codes of a person are unused."""
    unused = (recovery_code.c.user_id == user_id) & recovery_code.c.used_at.is_(None)
    return int(tx.run(sa.select(sa.func.count()).where(unused)).scalar_one())


@writes(passkey, authenticator_app, recovery_code)
def delete_all(tx: Tx, user_id: UserId) -> int:
    """Remove every second factor and recovery code of a person; return how many factors there were.

    An app that was never confirmed goes as well, and was none.
    """
    tx.run(recovery_code.delete().where(recovery_code.c.user_id == user_id))
    app = authenticator_app.c
    taken = tx.run(authenticator_app.delete().where(app.user_id == user_id).returning(app.confirmed_at))
    apps = sum(row.confirmed_at is not None for row in taken)
    return apps + tx.run(passkey.delete().where(passkey.c.user_id == user_id)).rowcount
