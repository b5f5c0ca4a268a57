"""Sign-in and the sessions that follow: server-side, with an idle and an absolute limit."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from safehold.app.access.passwords import matches
from safehold.model.errors import NotAllowed, NotAuthenticated
from safehold.model.ids import UserId
from safehold.model.permissions import Actor, Role, permissions_of
from safehold.storage import audit
from safehold.storage import users as rows
from safehold.storage.database import Database, Tx
from safehold.storage.users import StoredSession

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=10)
TOUCH = timedelta(minutes=1)
"""A session's last use is written at most this often."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody with a session."""

    actor: Actor
    user_id: UserId
    name: str
    roles: frozenset[Role]
    form_token: str

    def __repr__(self) -> str:
        """Name the id only."""
        return f"SignedIn({self.user_id})"


def sign_in(database: Database, *, name: str, password: str, now: datetime) -> str:
    """Check a name and password and return a new session token.

    Raises NotAuthenticated with the same words whether the name or the password is wrong. Both a
    success and a failure are written to the audit log, the failure without the name that was tried.
    """
    with database.begin() as tx:
        user = rows.user_by_name(tx, name)
    known = user is not None and user.disabled_at is None
    # The slow hash is computed outside any transaction, also for nobody, so that names cannot be told apart.
    right = matches(user.password_hash if user is not None and known else None, password)
    if user is None or not right:
        with database.begin() as tx:
            audit.append(tx, at=now, actor="system:sign-in", verb="session.refused", object="session")
        raise NotAuthenticated("Name or password is wrong.")
    token = secrets.token_urlsafe(32)
    opened = StoredSession(user.id, secrets.token_urlsafe(24), now, now, now + ABSOLUTE)
    with database.begin() as tx:
        rows.insert_session(tx, _digest(token), opened)
        audit.append(tx, at=now, actor=f"user:{user.id}", verb="session.open", object=f"user:{user.id}")
    return token


def resume(tx: Tx, token: str, *, now: datetime) -> SignedIn | None:
    """Return who holds this session token, None when it is unknown, over, idle too long, or shut out."""
    digest = _digest(token)
    stored = rows.session_by_digest(tx, digest)
    if stored is None or now >= stored.expires_at or now - stored.last_seen_at >= IDLE:
        return None
    user = rows.user_by_id(tx, stored.user_id)
    if user is None or user.disabled_at is not None:
        return None
    if now - stored.last_seen_at >= TOUCH:
        rows.touch_session(tx, digest, now)
    actor = Actor(permissions=permissions_of(user.roles), user_id=user.id)
    return SignedIn(actor, user.id, user.name, user.roles, stored.form_token)


def sign_out(tx: Tx, token: str, *, actor: Actor, now: datetime) -> None:
    """End one session."""
    rows.delete_session(tx, _digest(token))
    audit.append(tx, at=now, actor=actor.label, verb="session.close", object=actor.label)


def check_form_token(signed_in: SignedIn, sent: str | None) -> None:
    """Raise NotAllowed unless a form carries its session's token."""
    if sent is None or not hmac.compare_digest(sent.encode(), signed_in.form_token.encode()):
        raise NotAllowed(
            "This form does not belong to your session.",
            advice="Load the page again and repeat what you did.",
        )


def sweep_sessions(tx: Tx, *, now: datetime) -> int:
    """Remove sessions that are over and return how many there were."""
    return rows.delete_ended_sessions(tx, now=now, idle_since=now - IDLE)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
