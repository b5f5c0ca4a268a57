"""Who somebody at the shell says they are: for what takes two people, each proves it by their password."""

from __future__ import annotations

from datetime import datetime

from safehold.app.access import passwords
from safehold.model.errors import NotAllowed, NotAuthenticated
from safehold.model.permissions import Actor, permissions_of, system_actor
from safehold.storage import audit
from safehold.storage import users as rows
from safehold.storage.database import Database

_SHELL = system_actor("shell")


def proved(database: Database, *, name: str, password: str, now: datetime) -> Actor:
    """Return the person of this name and password, with what they may do.

    A failure is on record without the name. Raises NotAuthenticated in the same words whoever it is not,
    NotAllowed for a password that somebody else has given and knows, SignInBusy.
    """
    with database.begin() as tx:
        user = rows.user_by_name(tx, name)
    known = user if user is not None and user.disabled_at is None else None
    right = passwords.matches(known.password_hash if known is not None else None, password)
    if known is None or not right:
        with database.begin() as tx:
            audit.append(tx, at=now, actor=_SHELL.label, verb="shell.refused", object="shell")
        raise NotAuthenticated("No active person has this name and password.")
    if known.password_once:
        raise NotAllowed(
            "This password was given by somebody else, who knows it.",
            advice="Sign in to the console once and choose your own.",
        )
    return Actor(permissions=permissions_of(known.roles), user_id=known.id)
