"""People: added, listed, given roles, shut out and let in again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from safehold.app.access import passwords, proof, sessions
from safehold.app.access.gate import Gate
from safehold.app.access.sessions import SignedIn
from safehold.model.errors import BadForm, Conflict, NameTaken, NotAllowed, NotFound
from safehold.model.hash_list import Purpose
from safehold.model.ids import DeviceId, UserId, new_id
from safehold.model.permissions import Actor, Permission, Role
from safehold.model.queue import EVERY_QUEUE
from safehold.model.wording import worded
from safehold.review import admission
from safehold.storage import audit
from safehold.storage import sign_ins as sign_in_rows
from safehold.storage import users as rows
from safehold.storage.database import Tx
from safehold.storage.sign_ins import StoredDevice
from safehold.storage.users import StoredUser

LONGEST_NAME = 100


class Change(Protocol):
    """What an admin does about another person."""

    def __call__(self, tx: Tx, user_id: UserId, /, *, actor: Actor, now: datetime) -> None:
        """Do it. Raises NotFound, and NotAllowed for oneself."""


def add_user(
    tx: Tx,
    *,
    name: str,
    password: str,
    roles: frozenset[Role],
    queues: frozenset[Purpose] = EVERY_QUEUE,
    actor: Actor,
    now: datetime,
    once: bool = False,
) -> UserId:
    """Add a person. Raises NameTaken, and BadForm for a bad name, no role, or a short password.

    queues: in which they work; what else there is they never see anything of. once: somebody else knows
    the password, so it is to be replaced at the first sign-in.
    """
    name = checked_name(name)
    if not roles:
        raise BadForm(worded("roles: at least one of %(roles)s.", roles=", ".join(Role)), field="roles")
    user_id = UserId(new_id())
    hashed = passwords.hash_password(password)
    if not rows.insert_user(
        tx,
        id=user_id,
        name=name,
        password_hash=hashed,
        password_once=once,
        roles=roles,
        queues=queues,
        now=now,
    ):
        raise NameTaken("A person of this name exists already.", field="name")
    audit.append(
        tx,
        at=now,
        actor=actor.label,
        verb="user.add",
        object=f"user:{user_id}",
        detail={"roles": sorted(roles), "queues": sorted(queues)},
        personal={"name": name},
    )
    return user_id


def checked_name(name: str) -> str:
    """Return a name without spaces around it. Raises BadForm for one that cannot be signed in with."""
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadForm(
            worded("name: 1 to %(most)s characters that can be seen.", most=LONGEST_NAME), field="name"
        )
    return name


def set_password(
    tx: Tx, *, name: str, password: str, actor: Actor, now: datetime, once: bool = False
) -> None:
    """Give a person a new password and end all their sessions. Raises NotFound and BadForm."""
    user = find_user(tx, name)
    _set_password(tx, user.id, passwords.hash_password(password), once=once, actor=actor, now=now)


def change_own_password(gate: Gate, signed_in: SignedIn, *, old: str, new: str, now: datetime) -> str:
    """Replace one's own password and end every session of this person; return the token of a new one.

    Raises NotAllowed when the old one is wrong, NotAuthenticated when that was once too often or this
    session was ended meanwhile, TooManyAttempts, BadForm, and SignInBusy.
    """
    if new == old:
        raise BadForm("password: choose one that you have not now.", field="password")
    passwords.check_form(new)
    if not proof.check_password(gate, signed_in, old, now=now):
        raise NotAllowed(
            "This is not your password.", advice="Type the password that you signed in with.", field="old"
        )
    hashed = passwords.hash_password(new)
    with gate.database.begin() as tx:
        # Written first: it waits for an admin who gives another password, and who ends this session with it.
        rows.set_password(tx, signed_in.user_id, hashed, once=False)
        token = sessions.begin_anew(tx, signed_in, now=now)
        _note(tx, signed_in.user_id, "user.password", actor=signed_in.actor, now=now)
    return token


def set_roles(tx: Tx, user_id: UserId, roles: frozenset[Role], *, actor: Actor, now: datetime) -> None:
    """Replace a person's roles. Raises NotAllowed for one's own, Conflict for the last admin's, BadForm."""
    actor.require(Permission.USER_EDIT)
    if not roles:
        raise BadForm(worded("roles: at least one of %(roles)s.", roles=", ".join(Role)), field="roles")
    user = _other(tx, user_id, actor)
    if Role.ADMIN in user.roles - roles:
        _keep_an_admin(tx, user)
    rows.set_roles(tx, user_id, roles)
    detail = {"before": sorted(user.roles), "roles": sorted(roles)}
    _note(tx, user_id, "user.roles", actor=actor, now=now, detail=detail)


def set_queues(
    tx: Tx,
    user_id: UserId,
    queues: frozenset[Purpose],
    skills: frozenset[str],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Replace the queues in which a person works, and the skills that they have.

    What they hold of another queue they hold no longer. Raises NotAllowed for one's own, NotFound.
    """
    actor.require(Permission.USER_EDIT)
    user = _other(tx, user_id, actor)
    rows.set_queues(tx, user_id, queues, skills)
    admission.let_go(tx, user_id)
    detail = {"before": sorted(user.queues), "queues": sorted(queues), "skills": sorted(skills)}
    _note(tx, user_id, "user.queues", actor=actor, now=now, detail=detail)


def disable(tx: Tx, user_id: UserId, *, actor: Actor, now: datetime) -> None:
    """Shut a person out at once: their sessions end.

    Raises NotFound, NotAllowed for oneself, Conflict for the last admin.
    """
    user = _other(tx, user_id, actor)
    _keep_an_admin(tx, user)
    rows.set_disabled(tx, user_id, now)
    sessions.end_all(tx, user_id, actor=actor, now=now)
    _note(tx, user_id, "user.disable", actor=actor, now=now)


def enable(tx: Tx, user_id: UserId, *, actor: Actor, now: datetime) -> None:
    """Let a person in again who was shut out. Raises NotFound, and NotAllowed for oneself."""
    _other(tx, user_id, actor)
    rows.set_disabled(tx, user_id, None)
    _note(tx, user_id, "user.enable", actor=actor, now=now)


def give_password_once(tx: Tx, user_id: UserId, password: str, *, actor: Actor, now: datetime) -> None:
    """Give another person a password for one sign-in. Raises NotFound, NotAllowed and BadForm."""
    _other(tx, user_id, actor)
    _set_password(tx, user_id, passwords.hash_password(password), once=True, actor=actor, now=now)


def find_user(tx: Tx, name: str) -> StoredUser:
    """Return a person by name. Raises NotFound."""
    user = rows.user_by_name(tx, name)
    if user is None:
        raise NotFound("There is no person of this name.", field="name")
    return user


def names(tx: Tx) -> dict[UUID, str]:
    """Return everybody's name by id, for pages that say who did something."""
    return {user.id: user.name for user in rows.all_users(tx)}


def list_users(tx: Tx) -> list[StoredUser]:
    """Return everybody, by name."""
    return rows.all_users(tx)


def devices(tx: Tx, user_id: UserId, *, now: datetime) -> list[StoredDevice]:
    """Return the browsers in which a person signed in before, the one used last first."""
    return sign_in_rows.devices_of(tx, user_id, now=now)


def forget_device(tx: Tx, user_id: UserId, device_id: DeviceId, *, actor: Actor, now: datetime) -> None:
    """Forget a browser of a person. Raises NotFound when they have none of this id."""
    if not sign_in_rows.delete_devices(tx, user_id, only=device_id):
        raise NotFound("There is no such device any more.")
    _note(tx, user_id, "device.forget", actor=actor, now=now)


def _set_password(tx: Tx, user_id: UserId, hashed: str, *, once: bool, actor: Actor, now: datetime) -> None:
    rows.set_password(tx, user_id, hashed, once=once)
    ended = sessions.end_all(tx, user_id, actor=actor, now=now)
    _note(tx, user_id, "user.password", actor=actor, now=now, detail={"sessions_ended": ended})


def _other(tx: Tx, user_id: UserId, actor: Actor) -> StoredUser:
    """Return a person whom the actor may change. Raises NotFound, and NotAllowed for oneself."""
    if actor.user_id == user_id:
        raise NotAllowed("Nobody changes what they themselves may do.", advice="Ask another admin.")
    user = rows.user_by_id(tx, user_id)
    if user is None:
        raise NotFound("There is no such person.")
    return user


def _keep_an_admin(tx: Tx, user: StoredUser) -> None:
    # Held until the end: two admins who shut each other out at once would leave nobody.
    tx.lock("the last admin")
    if rows.active_with(tx, Role.ADMIN) == {user.id}:
        raise Conflict(
            "This is the last admin, and somebody must be one.", advice="Make another person an admin first."
        )


def _note(
    tx: Tx,
    user_id: UserId,
    verb: str,
    *,
    actor: Actor,
    now: datetime,
    detail: Mapping[str, object] | None = None,
) -> None:
    about = f"user:{user_id}"
    audit.append(tx, at=now, actor=actor.label, verb=verb, object=about, detail=dict(detail or {}))
