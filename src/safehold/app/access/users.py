"""People: added, listed, shut out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from safehold.app.access.passwords import hash_password
from safehold.model.errors import BadForm, NameTaken, NotFound
from safehold.model.ids import UserId, new_id
from safehold.model.permissions import Actor, Role
from safehold.storage import audit
from safehold.storage import users as rows
from safehold.storage.database import Tx
from safehold.storage.users import StoredUser

LONGEST_NAME = 100


def add_user(
    tx: Tx, *, name: str, password: str, roles: frozenset[Role], actor: Actor, now: datetime
) -> UserId:
    """Add a person. Raises NameTaken, and BadForm for an empty name, no role, or a short password."""
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise BadForm(f"name: 1 to {LONGEST_NAME} characters.")
    if not roles:
        raise BadForm(f"roles: at least one of {', '.join(Role)}.")
    user_id = UserId(new_id())
    if not rows.insert_user(
        tx, id=user_id, name=name, password_hash=hash_password(password), roles=roles, now=now
    ):
        raise NameTaken("A person of this name exists already.")
    audit.append(
        tx,
        at=now,
        actor=actor.label,
        verb="user.add",
        object=f"user:{user_id}",
        detail={"roles": sorted(roles)},
        personal={"name": name},
    )
    return user_id


def set_password(tx: Tx, *, name: str, password: str, actor: Actor, now: datetime) -> None:
    """Give a person a new password and end all their sessions. Raises NotFound and BadForm."""
    user = find_user(tx, name)
    rows.set_password(tx, user.id, hash_password(password))
    ended = rows.delete_sessions_of(tx, user.id)
    audit.append(
        tx,
        at=now,
        actor=actor.label,
        verb="user.password",
        object=f"user:{user.id}",
        detail={"sessions_ended": ended},
    )


def disable_user(tx: Tx, *, name: str, actor: Actor, now: datetime) -> None:
    """Shut a person out at once: their sessions end. Raises NotFound."""
    user = find_user(tx, name)
    rows.set_disabled(tx, user.id, now)
    rows.delete_sessions_of(tx, user.id)
    audit.append(tx, at=now, actor=actor.label, verb="user.disable", object=f"user:{user.id}")


def find_user(tx: Tx, name: str) -> StoredUser:
    """Return a person by name. Raises NotFound."""
    user = rows.user_by_name(tx, name)
    if user is None:
        raise NotFound("There is no person of this name.")
    return user


def names(tx: Tx) -> dict[UUID, str]:
    """Return everybody's name by id, for pages that say who did something."""
    return {user.id: user.name for user in rows.all_users(tx)}


def list_users(tx: Tx) -> list[StoredUser]:
    """Return everybody, by name."""
    return rows.all_users(tx)
