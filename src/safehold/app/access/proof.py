"""Step-up: somebody proves anew who they are, before what must not be done with a stolen session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from safehold.app.access import passkeys, passwords, second_factors, sessions, throttle
from safehold.app.access.gate import Gate
from safehold.app.access.passkeys import Site
from safehold.app.access.sessions import SignedIn
from safehold.app.access.throttle import Tally
from safehold.model.errors import NotAllowed, NotAuthenticated, Refused
from safehold.storage import audit
from safehold.storage import sessions as session_rows
from safehold.storage import users as user_rows
from safehold.storage.database import Tx

TRIES = 5
"""Failures in a row to prove it after which each ends the session: it may be in the wrong hands."""

_WRONG = "This does not prove that it is you."


def by_password(gate: Gate, signed_in: SignedIn, token: str, password: str, *, now: datetime) -> str:
    """Prove it by the password; return the session token that carries the proof.

    Raises Refused for somebody with a second factor, who proves it by that; NotAllowed when it is wrong;
    NotAuthenticated when the session ended with it; TooManyAttempts; SignInBusy.
    """
    with gate.database.begin() as tx:
        if second_factors.factors_of(tx, signed_in.user_id).any:
            raise Refused("You have a second factor: confirm by that.")
    if not check_password(gate, signed_in, password, now=now):
        raise NotAllowed(_WRONG, advice="Try again.")
    with gate.database.begin() as tx:
        return _proven(tx, gate, signed_in, token, "password", now)


def by_code(gate: Gate, signed_in: SignedIn, token: str, code: str, *, now: datetime) -> str:
    """Prove it by a code of the app, or a recovery code. Raises as `by_password` does."""

    def prove(tx: Tx) -> str | None:
        return second_factors.use_code(tx, gate, signed_in.user_id, code, now=now)

    return _by(gate, signed_in, token, prove, now=now)


def passkey_options(gate: Gate, signed_in: SignedIn, *, at: Site, now: datetime) -> str:
    """Return as JSON what a browser needs to use a passkey for a proof."""
    with gate.database.begin() as tx:
        return passkeys.request_options(tx, signed_in.session_id, signed_in.user_id, "proof", at=at, now=now)


def by_passkey(gate: Gate, signed_in: SignedIn, token: str, answer: str, *, at: Site, now: datetime) -> str:
    """Prove it by a browser's answer to `passkey_options`. Raises as `by_password` does."""

    def prove(tx: Tx) -> str | None:
        holder, user_id = signed_in.session_id, signed_in.user_id
        return "passkey" if passkeys.used(tx, holder, user_id, "proof", answer, at=at, now=now) else None

    return _by(gate, signed_in, token, prove, now=now)


def check_password(gate: Gate, signed_in: SignedIn, password: str, *, now: datetime) -> bool:
    """Say whether this is the person's own password. Failures count as failures to prove it by that.

    Raises NotAuthenticated when the session ended with this one, TooManyAttempts, and SignInBusy.
    """
    counted = _count(gate, signed_in, "password", now)
    with gate.database.begin() as tx:
        user = user_rows.user_by_id(tx, signed_in.user_id)
    right = passwords.matches(user.password_hash if user is not None else None, password)
    if not right:
        _refuse(gate, signed_in, counted, now)
        return False
    with gate.database.begin() as tx:
        throttle.forgive(tx, counted, now=now)
    return True


def _by(
    gate: Gate, signed_in: SignedIn, token: str, prove: Callable[[Tx], str | None], *, now: datetime
) -> str:
    counted = _count(gate, signed_in, "factor", now)
    with gate.database.begin() as tx:
        by = prove(tx)
        if by is not None:
            throttle.forgive(tx, counted, now=now)
            return _proven(tx, gate, signed_in, token, by, now)
    _refuse(gate, signed_in, counted, now)
    raise NotAllowed(_WRONG, advice="Try again.")


def _count(gate: Gate, signed_in: SignedIn, what: str, now: datetime) -> tuple[Tally, ...]:
    counted = throttle.for_proof(gate.key, signed_in.user_id, what)
    with gate.database.begin() as tx:
        throttle.reserve(tx, counted, now=now)
    return counted


def _proven(tx: Tx, gate: Gate, signed_in: SignedIn, token: str, by: str, now: datetime) -> str:
    following = sessions.note_proof(tx, gate, token, now=now)
    if following is None:
        raise NotAuthenticated("Your session is over.")
    user = signed_in.actor.label
    audit.append(tx, at=now, actor=user, verb="session.prove", object=user, detail={"by": by})
    return following


def _refuse(gate: Gate, signed_in: SignedIn, counted: tuple[Tally, ...], now: datetime) -> None:
    """Put a failure on record. Raises NotAuthenticated when it was one too many, which ends the session."""
    with gate.database.begin() as tx:
        failures = throttle.note_refused(tx, counted, now=now)
        detail = {"failures": failures}
        user = signed_in.actor.label
        audit.append(tx, at=now, actor=user, verb="session.proof_refused", object=user, detail=detail)
        if failures >= TRIES:
            session_rows.delete(tx, signed_in.session_id)
    if failures >= TRIES:
        raise NotAuthenticated("Too many proofs failed, so your session was ended.")
