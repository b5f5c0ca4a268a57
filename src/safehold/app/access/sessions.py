"""The sessions that follow a sign-in: server-side, limited, and with a token that is replaced as it is used.

A browser is offered the token that follows its present one every quarter of an hour. A sign-in is no proof
for what asks for one: whoever proves anew who they are is handed another token, which nobody else is offered
and which alone carries the proof. From the first use of either on the one before is spent; a spent token that
comes back is a stolen one, and ends the session for everybody who holds it.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from safehold.app import alarms
from safehold.app.access.gate import Gate, digest_of, new_token
from safehold.app.settings_sections import SignInSettings
from safehold.model.errors import NotAllowed, NotAuthenticated, NotFound, StepUpNeeded
from safehold.model.ids import SessionId, UserId, new_id
from safehold.model.permissions import Actor, Permission, Role, permissions_of, system_actor
from safehold.storage import audit
from safehold.storage import sessions as rows
from safehold.storage import sign_ins as sign_in_rows
from safehold.storage import users as user_rows
from safehold.storage.database import Tx
from safehold.storage.sessions import SKEW, StoredSession
from safehold.storage.users import StoredUser

TOUCH = timedelta(minutes=1)
"""A session's last use is written at most this often."""
ROTATE = timedelta(minutes=15)
GRACE = timedelta(seconds=30)
"""Requests that were on their way while the token changed may still come with the one before."""
PROOF_LASTS = timedelta(minutes=10)

SIGN_IN = system_actor("sign-in")


class Due(StrEnum):
    """What somebody must do before anything else is open to them."""

    PASSWORD = "password"  # noqa: S105 - the name of a duty, no secret
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Somebody with a session.

    proved_at: when they last proved who they are, None when this token carries no proof. due: what they
    must do first; until then they may do nothing but that. next_token: to be handed to the browser in
    place of the one that it sent, None for none.
    """

    actor: Actor
    user_id: UserId
    name: str
    roles: frozenset[Role]
    session_id: SessionId
    form_token: str
    proved_at: datetime | None
    due: Due | None = None
    next_token: str | None = None

    def __repr__(self) -> str:
        """Name the id only."""
        return f"SignedIn({self.user_id})"


def open_session(
    tx: Tx, user: StoredUser, *, client: str, must_enrol: bool, lasts: timedelta, now: datetime
) -> str:
    """Open a session for somebody who has just signed in, and return its token. It carries no proof.

    A copy of this token that somebody steals opens nothing that asks for one: its owner proves who they are
    anew, and the token that carries the proof is another.
    """
    token = new_token()
    rows.insert_session(
        tx,
        StoredSession(
            id=SessionId(new_id()),
            token_digest=digest_of(token),
            user_id=user.id,
            form_token=_new_form_token(),
            client=client,
            must_enrol=must_enrol,
            created_at=now,
            last_seen_at=now,
            rotated_at=now,
            proved_at=None,
            expires_at=now + lasts,
        ),
    )
    return token


def begin_anew(tx: Tx, signed_in: SignedIn, *, now: datetime) -> str:
    """End every session of a person, this one too; open one in its place and return its token.

    It ends when this one would have, and carries the proof that this one's token carried. Raises
    NotAuthenticated when this one was ended meanwhile.
    """
    before = rows.by_id(tx, signed_in.session_id)
    if before is None:
        raise NotAuthenticated("Your session is over.")
    end_all(tx, signed_in.user_id, actor=signed_in.actor, now=now)
    token = new_token()
    opened = replace(
        before,
        id=SessionId(new_id()),
        token_digest=digest_of(token),
        next_digest=None,
        next_proved_at=None,
        form_token=_new_form_token(),
        last_seen_at=now,
        rotated_at=now,
        proved_at=signed_in.proved_at,
    )
    rows.insert_session(tx, opened)
    user, detail = signed_in.actor.label, {"by": "new_password", "client": opened.client}
    audit.append(tx, at=now, actor=user, verb="session.open", object=user, detail=detail)
    return token


def resume(tx: Tx, gate: Gate, token: str, *, now: datetime) -> SignedIn | None:
    """Return who holds this session token, None when it is unknown, over, idle too long, or shut out.

    A spent token that comes back after its time of grace ends the session and alarms a person.
    """
    digest = digest_of(token)
    found, is_spent = rows.by_token(tx, digest), False
    if found is None:
        found, is_spent = _by_spent(tx, digest, now), True
    if found is None or not found.stands(now=now, idle=idle(gate.settings)):
        return None
    user = user_rows.user_by_id(tx, found.user_id)
    if user is None or user.disabled_at is not None:
        return None
    if found.next_digest == digest:
        rows.accept_next(tx, found, now=now)
        found = rows.by_token(tx, digest) or found
    if now - found.last_seen_at >= TOUCH:
        rows.touch(tx, found.id, now)
    following = None
    if not is_spent and (found.next_digest is not None or now - found.rotated_at >= ROTATE):
        following = _offered(tx, gate, found, token, now)
    return _signed_in(user, found, is_spent=is_spent, following=following)


def note_proof(tx: Tx, gate: Gate, token: str, *, now: datetime) -> str | None:
    """Note that the holder of a token proved who they are; return the token that carries the proof.

    Whoever else holds the present token gains nothing. None when the session is over by now.
    """
    found, proven = rows.by_token(tx, digest_of(token)), gate.key.proven(token)
    if found is not None:
        return proven if rows.offer_proven(tx, found, digest_of(proven), proved_at=now) else None
    spent = rows.by_spent_token(tx, digest_of(token))
    present = spent[0].token_digest if spent is not None else None
    if present == digest_of(proven):
        return proven
    # The token went on in its turn while the proof was checked.
    following = gate.key.following(token)
    return note_proof(tx, gate, following, now=now) if present == digest_of(following) else None


def require_recent_proof(signed_in: SignedIn, *, now: datetime) -> None:
    """Raise StepUpNeeded unless this person proved who they are in the last ten minutes."""
    if not has_recent_proof(signed_in, now=now):
        raise StepUpNeeded


def has_recent_proof(signed_in: SignedIn, *, now: datetime) -> bool:
    """Say whether this person proved who they are in the last ten minutes."""
    return signed_in.proved_at is not None and -SKEW <= now - signed_in.proved_at < PROOF_LASTS


def sign_out(tx: Tx, signed_in: SignedIn, *, now: datetime) -> None:
    """End one's own session."""
    rows.delete(tx, signed_in.session_id)
    audit.append(
        tx, at=now, actor=signed_in.actor.label, verb="session.close", object=f"user:{signed_in.user_id}"
    )


def end(tx: Tx, session_id: SessionId, *, of: UserId, actor: Actor, now: datetime) -> None:
    """End a session of a person. Raises NotFound when they have none of this id."""
    if not rows.delete(tx, session_id, user_id=of):
        raise NotFound("There is no such session any more.")
    _note_ended(tx, of, 1, actor=actor, now=now)


def end_all(tx: Tx, user_id: UserId, *, actor: Actor, now: datetime, but: SessionId | None = None) -> int:
    """End every session of a person, but for one if it is named, and what was to become one.

    Returns how many sessions ended.
    """
    sign_in_rows.delete_pending_of(tx, user_id)
    ended = rows.delete_of(tx, user_id, but=but)
    if ended:
        _note_ended(tx, user_id, ended, actor=actor, now=now)
    return ended


def listed(tx: Tx, settings: SignInSettings, user_id: UserId, *, now: datetime) -> list[StoredSession]:
    """Return the sessions of a person that are not over, the one used last first."""
    return [one for one in rows.of_user(tx, user_id) if one.stands(now=now, idle=idle(settings))]


def end_by_token(tx: Tx, token: str) -> None:
    """End the session that a browser brings when somebody signs in anew there."""
    found = rows.by_token(tx, digest_of(token))
    if found is not None:
        rows.delete(tx, found.id)


def check_form_token(signed_in: SignedIn, sent: str | None) -> None:
    """Raise NotAllowed unless a form carries its session's token."""
    given = (sent or "").encode("utf-8", "surrogatepass")
    if not hmac.compare_digest(given, signed_in.form_token.encode()):
        raise NotAllowed(
            "This form does not belong to your session.",
            advice="Load the page again and repeat what you did.",
        )


def sweep_sessions(tx: Tx, settings: SignInSettings, *, now: datetime) -> int:
    """Remove sessions that are over and return how many there were."""
    return rows.delete_ended(tx, now=now, idle=idle(settings))


def idle(settings: SignInSettings) -> timedelta:
    """Return how long a session may rest."""
    return timedelta(minutes=settings.idle_minutes)


def absolute(settings: SignInSettings) -> timedelta:
    """Return how long a session lasts at most."""
    return timedelta(hours=settings.absolute_hours)


def _signed_in(user: StoredUser, found: StoredSession, *, is_spent: bool, following: str | None) -> SignedIn:
    due = Due.PASSWORD if user.password_once else Due.SECOND_FACTOR if found.must_enrol else None
    permissions = permissions_of(user.roles) if due is None else frozenset({Permission.SIGNED_IN})
    return SignedIn(
        actor=Actor(permissions=permissions, user_id=user.id),
        user_id=user.id,
        name=user.name,
        roles=user.roles,
        session_id=found.id,
        form_token=found.form_token,
        proved_at=None if is_spent else found.proved_at,
        due=due,
        next_token=following,
    )


def _offered(tx: Tx, gate: Gate, found: StoredSession, token: str, now: datetime) -> str | None:
    """Return the token that follows in its turn; None while one that carries a young proof is to follow."""
    following = gate.key.following(token)
    digest = digest_of(following)
    if found.next_digest == digest or rows.offer(tx, found, digest, no_proof_since=now - PROOF_LASTS):
        return following
    return None


def _new_form_token() -> str:
    return secrets.token_urlsafe(24)


def _by_spent(tx: Tx, digest: bytes, now: datetime) -> StoredSession | None:
    """Return the session of a token that was spent a moment ago. One spent earlier is a stolen one."""
    spent = rows.by_spent_token(tx, digest)
    if spent is None:
        return None
    found, spent_at = spent
    if abs(now - spent_at) < GRACE:
        return found
    if rows.delete(tx, found.id):
        detail = {"session": str(found.id)}
        audit.append(
            tx,
            at=now,
            actor=SIGN_IN.label,
            verb="session.stolen",
            object=f"user:{found.user_id}",
            detail=detail,
        )
        alarms.raise_alarm(tx, alarms.SESSION_STOLEN, f"session:{found.id}", now=now)
    return None


def _note_ended(tx: Tx, user_id: UserId, ended: int, *, actor: Actor, now: datetime) -> None:
    audit.append(
        tx,
        at=now,
        actor=actor.label,
        verb="session.end",
        object=f"user:{user_id}",
        detail={"sessions_ended": ended},
    )
