"""Signing in: name and password, then a second factor where somebody has one, then a session.

Whoever is refused learns nothing but that: an unknown name, a person who was shut out and a wrong password
cost the same work and are answered in the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from safehold.app.access import passkeys, passwords, second_factors, sessions, throttle
from safehold.app.access.gate import Gate, Visitor, digest_of, new_token
from safehold.app.access.passkeys import Site
from safehold.app.access.second_factors import Factors
from safehold.app.access.throttle import Tally
from safehold.model.errors import NotAuthenticated
from safehold.model.ids import UserId, new_id
from safehold.storage import audit
from safehold.storage import sign_ins as rows
from safehold.storage import users as user_rows
from safehold.storage.database import Tx
from safehold.storage.sign_ins import StoredDevice, StoredPending
from safehold.storage.users import StoredUser

PENDING_LASTS = timedelta(minutes=5)
TRIES = 5
"""Second factors that may be tried after one right password."""
DEVICE_LASTS = timedelta(days=180)
DEVICES = 10
"""Devices that are remembered for one person."""
LONGEST_NAME = 200

_WRONG = "Name or password is wrong."
_BEGIN_ANEW = "The sign-in took too long or failed too often. Begin anew."


@dataclass(frozen=True, slots=True)
class Admitted:
    """Somebody is signed in. device: a token by which this browser is known from now on; None: its own."""

    token: str
    device: str | None

    def __repr__(self) -> str:
        """Name neither token."""
        return "Admitted()"


@dataclass(frozen=True, slots=True)
class FactorDue:
    """The password was right, and a second factor is due. token: leads back to this sign-in."""

    token: str

    def __repr__(self) -> str:
        """Keep the token to itself."""
        return "FactorDue()"


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in that waits for its second factor, and what it may be."""

    factors: Factors


def check_password(
    gate: Gate, *, name: str, password: str, visitor: Visitor, now: datetime, replaced: str | None = None
) -> Admitted | FactorDue:
    """Check a name and password; open a session, or ask for the second factor of whoever has one.

    replaced: a session's token that the browser brought; that session ends. Raises NotAuthenticated with
    the same words whether the name or the password is wrong, TooManyAttempts, and SignInBusy. Failures
    are written to the audit log without the name that was tried.
    """
    name = name[:LONGEST_NAME]
    with gate.database.begin() as tx:
        user = user_rows.user_by_name(tx, name)
        device = _device(tx, user.id if user is not None else None, visitor, now)
        counted = throttle.for_password(gate.key, name, visitor, device)
        throttle.reserve(tx, counted, now=now)
    known = user if user is not None and user.disabled_at is None else None
    # The slow hash is computed outside any transaction, also for nobody.
    right = passwords.matches(known.password_hash if known is not None else None, password)
    if known is None or not right:
        _refuse(gate, counted, "password", user_id=None, now=now)
        raise NotAuthenticated(_WRONG)
    newer = passwords.renewed(known.password_hash, password)
    with gate.database.begin() as tx:
        user = _unchanged(tx, known)
        if user is not None:
            throttle.forgive(tx, counted, now=now)
            if newer is not None:
                user_rows.renew_hash(tx, user.id, before=user.password_hash, password_hash=newer)
            if second_factors.factors_of(tx, user.id).any:
                return _suspend(tx, user.id, now)
            return _admit(tx, gate, user, visitor, "password", replaced=replaced, now=now)
    _refuse(gate, counted, "password", user_id=None, now=now)
    raise NotAuthenticated(_WRONG)


def pending(tx: Tx, token: str, *, now: datetime) -> Pending:
    """Return the sign-in that this token leads to. Raises NotAuthenticated when it is over."""
    found = _pending(tx, token, now)
    return Pending(second_factors.factors_of(tx, found.user_id))


def passkey_options(gate: Gate, token: str, *, at: Site, now: datetime) -> str:
    """Return as JSON what a browser needs to use a passkey in this sign-in. Raises NotAuthenticated."""
    with gate.database.begin() as tx:
        found = _pending(tx, token, now)
        return passkeys.request_options(tx, found.id, found.user_id, "sign-in", at=at, now=now)


def finish_by_code(
    gate: Gate, token: str, code: str, *, visitor: Visitor, now: datetime, replaced: str | None = None
) -> Admitted:
    """Open a session by a code of the app, or a recovery code. Raises as `check_password` does."""

    def prove(tx: Tx, found: StoredPending) -> str | None:
        return second_factors.use_code(tx, gate, found.user_id, code, now=now)

    return _finish(gate, token, prove, "code", visitor=visitor, replaced=replaced, now=now)


def finish_by_passkey(
    gate: Gate,
    token: str,
    answer: str,
    *,
    at: Site,
    visitor: Visitor,
    now: datetime,
    replaced: str | None = None,
) -> Admitted:
    """Open a session by a browser's answer to `passkey_options`. Raises as `check_password` does."""

    def prove(tx: Tx, found: StoredPending) -> str | None:
        proven = passkeys.used(tx, found.id, found.user_id, "sign-in", answer, at=at, now=now)
        return "passkey" if proven else None

    return _finish(gate, token, prove, "passkey", visitor=visitor, replaced=replaced, now=now)


def sweep(tx: Tx, *, now: datetime) -> None:
    """Remove what is over of sign-ins, devices and challenges, and failures of more than a day ago."""
    rows.delete_ended(tx, now=now, failed_before=now - throttle.FORGOTTEN_AFTER)


def _finish(
    gate: Gate,
    token: str,
    prove: Callable[[Tx, StoredPending], str | None],
    what: str,
    *,
    visitor: Visitor,
    replaced: str | None,
    now: datetime,
) -> Admitted:
    with gate.database.begin() as tx:
        found = _pending(tx, token, now)
        device = _device(tx, found.user_id, visitor, now)
        counted = throttle.for_factor(gate.key, found.user_id, device)
        throttle.reserve(tx, counted, now=now)
        tries = rows.count_try(tx, found.id)
    with gate.database.begin() as tx:
        by = prove(tx, found) if 0 < tries <= TRIES else None
        user = user_rows.user_by_id(tx, found.user_id)
        # Whoever ends the pending sign-in opens the session: two answers at once open one.
        if (
            by is not None
            and user is not None
            and user.disabled_at is None
            and rows.delete_pending(tx, found.id)
        ):
            throttle.forgive(tx, counted, now=now)
            return _admit(tx, gate, user, visitor, by, replaced=replaced, now=now)
        if tries >= TRIES:
            rows.delete_pending(tx, found.id)
    _refuse(gate, counted, what, user_id=found.user_id, now=now)
    raise NotAuthenticated(_BEGIN_ANEW if tries >= TRIES else "This does not prove that it is you.")


def _pending(tx: Tx, token: str, now: datetime) -> StoredPending:
    found = rows.pending_by_digest(tx, digest_of(token))
    if found is None or now >= found.expires_at:
        raise NotAuthenticated(_BEGIN_ANEW)
    return found


def _unchanged(tx: Tx, known: StoredUser) -> StoredUser | None:
    """Return a person as they are now; None where they were shut out or given a password meanwhile.

    Whoever does so from here on waits for this transaction, and then ends what it opened.
    """
    user = user_rows.held_user(tx, known.id)
    if user is None or user.disabled_at is not None or user.password_hash != known.password_hash:
        return None
    return user


def _suspend(tx: Tx, user_id: UserId, now: datetime) -> FactorDue:
    token = new_token()
    rows.insert_pending(
        tx,
        id=new_id(),
        token_digest=digest_of(token),
        user_id=user_id,
        expires_at=now + PENDING_LASTS,
    )
    return FactorDue(token)


def _admit(
    tx: Tx, gate: Gate, user: StoredUser, visitor: Visitor, by: str, *, replaced: str | None, now: datetime
) -> Admitted:
    if replaced is not None:
        sessions.end_by_token(tx, replaced)
    required = gate.settings.second_factor == "required"
    token = sessions.open_session(
        tx,
        user,
        client=visitor.client,
        must_enrol=required and not second_factors.factors_of(tx, user.id).any,
        lasts=sessions.absolute(gate.settings),
        now=now,
    )
    device = _remember(tx, user.id, visitor, now)
    detail = {"by": by, "client": visitor.client, "device": "known" if device is None else "new"}
    audit.append(
        tx, at=now, actor=f"user:{user.id}", verb="session.open", object=f"user:{user.id}", detail=detail
    )
    return Admitted(token, device)


def _device(tx: Tx, user_id: UserId | None, visitor: Visitor, now: datetime) -> StoredDevice | None:
    return rows.device_among(tx, user_id, [digest_of(token) for token in visitor.devices], now=now)


def _remember(tx: Tx, user_id: UserId, visitor: Visitor, now: datetime) -> str | None:
    """Remember this browser for this person; return its new token, None when it was known before.

    A token that the browser brings is never taken over: somebody may have planted it there.
    """
    known, until = _device(tx, user_id, visitor, now), now + DEVICE_LASTS
    if known is not None:
        rows.touch_device(tx, known.id, now=now, expires_at=until)
        return None
    for old in rows.devices_of(tx, user_id, now=now)[DEVICES - 1 :]:
        rows.delete_devices(tx, user_id, only=old.id)
    token = new_token()
    rows.insert_device(
        tx, user_id=user_id, token_digest=digest_of(token), client=visitor.client, now=now, expires_at=until
    )
    return token


def _refuse(
    gate: Gate, counted: Sequence[Tally], what: str, *, user_id: UserId | None, now: datetime
) -> None:
    """Put a failure on record. user_id: only once the password was right; a tried name is never named."""
    with gate.database.begin() as tx:
        failures = throttle.note_refused(tx, counted, now=now)
        about = "session" if user_id is None else f"user:{user_id}"
        detail = {"what": what, "failures": failures}
        audit.append(
            tx,
            at=now,
            actor=sessions.SIGN_IN.label,
            verb="session.refused",
            object=about,
            detail=detail,
        )
