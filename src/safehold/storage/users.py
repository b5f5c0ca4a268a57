"""People who sign in. Passwords are kept as argon2id hashes only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from safehold.model.hash_list import Purpose
from safehold.model.ids import UserId
from safehold.model.permissions import Permission, Role, permissions_of
from safehold.model.queue import Reviewer
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, TextArray, Uuid, array_of, metadata, owned_by, writes

app_user = sa.Table(
    "app_user",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    # Handed over by somebody else: the person chooses another at the first sign-in, before anything else.
    sa.Column("password_once", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("roles", TextArray, nullable=False),
    # By purpose: what a person is not in they never see anything of. Skills: tags that cases ask for.
    sa.Column("queues", TextArray, nullable=False, server_default="{}"),
    sa.Column("skills", TextArray, nullable=False, server_default="{}"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("disabled_at", Instant),
    sa.CheckConstraint(f"queues <@ {array_of(Purpose)}", name="queues_known"),
    sa.Index("uq_app_user_name", sa.text("lower(name)"), unique=True),
)

owned_by("app", app_user)


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A person who signs in. password_once: the password was made by somebody else and is to be replaced."""

    id: UserId
    name: str
    password_hash: str
    password_once: bool
    roles: frozenset[Role]
    created_at: datetime
    disabled_at: datetime | None
    queues: frozenset[Purpose] = frozenset()
    skills: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        """Name the id only: names and password hashes do not belong in a log."""
        return f"StoredUser({self.id})"


@writes(app_user)
def insert_user(
    tx: Tx,
    *,
    id: UserId,
    name: str,
    password_hash: str,
    password_once: bool,
    roles: frozenset[Role],
    queues: frozenset[Purpose],
    now: datetime,
) -> bool:
    """Add a person. False when the name is taken, whatever its case."""
    values = {
        "id": id,
        "name": name,
        "password_hash": password_hash,
        "password_once": password_once,
        "roles": sorted(roles),
        "queues": sorted(queues),
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


def held_user(tx: Tx, user_id: UserId) -> StoredUser | None:
    """Find a person by id, as the last change left them; whoever changes them next waits until tx ends."""
    statement = sa.select(app_user).where(app_user.c.id == user_id).with_for_update(key_share=True)
    row = tx.run(statement).first()
    return _user(row) if row else None


def all_users(tx: Tx) -> list[StoredUser]:
    """Return everybody, by name."""
    return [_user(row) for row in tx.run(sa.select(app_user).order_by(sa.func.lower(app_user.c.name)))]


def active_with(tx: Tx, role: Role) -> set[UserId]:
    """Return who has this role and is not shut out."""
    statement = sa.select(app_user.c.id).where(
        app_user.c.disabled_at.is_(None), app_user.c.roles.contains([role.value])
    )
    return {UserId(id) for id in tx.run(statement).scalars()}


@writes(app_user)
def set_password(tx: Tx, user_id: UserId, password_hash: str, *, once: bool) -> None:
    """Replace a person's password hash. once: it is to be replaced at the next sign-in."""
    values = {"password_hash": password_hash, "password_once": once}
    tx.run(app_user.update().where(app_user.c.id == user_id).values(values))


@writes(app_user)
def renew_hash(tx: Tx, user_id: UserId, *, before: str, password_hash: str) -> None:
    """Replace the hash of the same password by one with newer parameters, unless it changed meanwhile."""
    unchanged = (app_user.c.id == user_id) & (app_user.c.password_hash == before)
    tx.run(app_user.update().where(unchanged).values(password_hash=password_hash))


@writes(app_user)
def set_roles(tx: Tx, user_id: UserId, roles: frozenset[Role]) -> None:
    """Replace a person's roles."""
    tx.run(app_user.update().where(app_user.c.id == user_id).values(roles=sorted(roles)))


@writes(app_user)
def set_queues(tx: Tx, user_id: UserId, queues: frozenset[Purpose], skills: frozenset[str]) -> None:
    """Replace the queues in which a person works, and the skills that they have."""
    values = {"queues": sorted(queues), "skills": sorted(skills)}
    tx.run(app_user.update().where(app_user.c.id == user_id).values(values))


def reviewers(tx: Tx) -> list[Reviewer]:
    """Return everybody who assesses and is not shut out, by id."""
    found = (_user(row) for row in tx.run(sa.select(app_user).order_by(app_user.c.id)))
    return [
        Reviewer(id=user.id, is_lead=Role.LEAD in user.roles, queues=user.queues, skills=user.skills)
        for user in found
        if user.disabled_at is None and Permission.CASE_ASSESS in permissions_of(user.roles)
    ]


def queues_of(tx: Tx, user_id: UserId) -> frozenset[Purpose]:
    """Return the queues in which a person works, none when there is no such person."""
    row = tx.run(sa.select(app_user.c.queues).where(app_user.c.id == user_id)).first()
    return frozenset(Purpose(each) for each in row.queues) if row else frozenset()


@writes(app_user)
def set_disabled(tx: Tx, user_id: UserId, disabled_at: datetime | None) -> None:
    """Shut a person out from an instant on, or let them in again with None."""
    tx.run(app_user.update().where(app_user.c.id == user_id).values(disabled_at=disabled_at))


def _user(row: Any) -> StoredUser:
    return StoredUser(
        UserId(row.id),
        row.name,
        row.password_hash,
        row.password_once,
        frozenset(Role(role) for role in row.roles),
        row.created_at,
        row.disabled_at,
        frozenset(Purpose(each) for each in row.queues),
        frozenset(row.skills),
    )
