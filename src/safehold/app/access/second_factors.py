"""Second factors of a person: passkeys, an authenticator app, and codes for when both are lost."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from safehold.app import alarms
from safehold.app.access import passkeys, sessions
from safehold.app.access.gate import Gate
from safehold.app.access.passkeys import Site
from safehold.app.access.sessions import SignedIn
from safehold.app.settings_sections import SignInSettings
from safehold.model.errors import BadForm, Conflict, NotFound, Refused
from safehold.model.ids import PasskeyId, UserId
from safehold.model.permissions import Actor
from safehold.storage import audit
from safehold.storage import second_factors as rows
from safehold.storage import sessions as session_rows
from safehold.storage import sign_ins as sign_in_rows
from safehold.storage.database import Tx
from safehold.storage.second_factors import StoredPasskey

STEP_SECONDS = 30
CODES = 10
_SECRET_BYTES = 20
_CODE_BYTES = 8


@dataclass(frozen=True, slots=True)
class Factors:
    """What a person has besides the password."""

    passkeys: tuple[StoredPasskey, ...]
    has_app: bool
    codes_left: int

    @property
    def any(self) -> bool:
        """Whether a sign-in asks for one. Recovery codes stand in for a factor and are none."""
        return bool(self.passkeys) or self.has_app

    @property
    def count(self) -> int:
        """How many factors there are."""
        return len(self.passkeys) + self.has_app


@dataclass(frozen=True, slots=True)
class NewApp:
    """An app that is being set up: its secret as people type it, and as a QR code carries it."""

    secret: str
    address: str

    def __repr__(self) -> str:
        """Say nothing of it."""
        return "NewApp()"


def factors_of(tx: Tx, user_id: UserId) -> Factors:
    """Return what a person has besides the password."""
    app = rows.app_of(tx, user_id)
    return Factors(
        tuple(rows.passkeys_of(tx, user_id)),
        app is not None and app.confirmed_at is not None,
        rows.codes_left(tx, user_id),
    )


def begin_app(tx: Tx, gate: Gate, user_id: UserId) -> None:
    """Make the secret of an authenticator app; it is no factor before `confirm_app`. Raises Conflict."""
    sealed = gate.key.seal(secrets.token_bytes(_SECRET_BYTES), of=user_id)
    if not rows.begin_app(tx, user_id, sealed):
        raise Conflict("You have an authenticator app already.", advice="Remove it first, then add another.")


def app_being_set_up(tx: Tx, gate: Gate, user_id: UserId, *, name: str) -> NewApp:
    """Return the app that is being set up, to be shown to its person alone. Raises NotFound."""
    import pyotp

    stored = rows.app_of(tx, user_id)
    secret = (
        None if stored is None or stored.confirmed_at else gate.key.open(stored.sealed_secret, of=user_id)
    )
    if secret is None:
        raise NotFound(
            "No authenticator app is being set up.", advice="Begin anew on the page of your account."
        )
    typed = base64.b32encode(secret).decode()
    return NewApp(typed, pyotp.TOTP(typed).provisioning_uri(name=name, issuer_name="Safehold"))


def confirm_app(tx: Tx, gate: Gate, user_id: UserId, code: str, *, actor: Actor, now: datetime) -> None:
    """Make the app that is being set up a factor. Raises BadForm when the code is not its present one."""
    stored = rows.app_of(tx, user_id)
    if stored is None or stored.confirmed_at is not None or not _use_app_code(tx, gate, user_id, code, now):
        raise BadForm(
            "This is not the code that the app shows now.",
            advice="Wait for the next code and type that.",
            field="code",
        )
    _added(tx, user_id, "app", actor=actor, now=now)


def use_code(tx: Tx, gate: Gate, user_id: UserId, code: str, *, now: datetime) -> str | None:
    """Spend a code of a person's app or a recovery code; return which of them, None when it is wrong."""
    typed = code.replace(" ", "").replace("-", "").upper()
    if typed.isascii() and typed.isdigit():
        stored = rows.app_of(tx, user_id)
        confirmed = stored is not None and stored.confirmed_at is not None
        return "app" if confirmed and _use_app_code(tx, gate, user_id, typed, now) else None
    digest = _code_digest(gate, user_id, typed)
    return "recovery_code" if rows.use_code(tx, user_id, digest, now=now) else None


def remove_app(tx: Tx, settings: SignInSettings, user_id: UserId, *, actor: Actor, now: datetime) -> None:
    """Remove a person's authenticator app. Raises NotFound, and Refused for a last factor that is due."""
    _keep_one(tx, settings, user_id)
    if not rows.delete_app(tx, user_id):
        raise NotFound("You have no authenticator app.")
    _note(tx, user_id, "factor.remove", {"kind": "app"}, actor=actor, now=now)


def add_passkey(gate: Gate, signed_in: SignedIn, answer: str, *, name: str, at: Site, now: datetime) -> None:
    """Verify what a browser made and make it a factor. Raises BadForm, and Conflict when it is known already.

    Its challenge is spent whatever comes of it.
    """
    with gate.database.begin() as tx:
        challenge = passkeys.take_creation(tx, signed_in.session_id, now=now)
    added = passkeys.created(challenge, signed_in.user_id, answer, name=name, at=at, now=now)
    with gate.database.begin() as tx:
        if not rows.insert_passkey(tx, added):
            raise Conflict("This passkey is in use already.", advice="Use another security key or device.")
        _added(tx, added.user_id, "passkey", actor=signed_in.actor, now=now)


def remove_passkey(
    tx: Tx, settings: SignInSettings, user_id: UserId, passkey_id: PasskeyId, *, actor: Actor, now: datetime
) -> None:
    """Remove a passkey of a person. Raises NotFound, and Refused for the last factor where one is due."""
    _keep_one(tx, settings, user_id)
    if not rows.delete_passkey(tx, passkey_id, user_id=user_id):
        raise NotFound("You have no such passkey.")
    detail = {"kind": "passkey", "passkey": str(passkey_id)}
    _note(tx, user_id, "factor.remove", detail, actor=actor, now=now)


def make_codes(tx: Tx, gate: Gate, user_id: UserId, *, actor: Actor, now: datetime) -> list[str]:
    """Make ten recovery codes in place of all earlier ones and return them: they cannot be shown again.

    Raises Refused for somebody without a second factor, whose sign-in asks for no code.
    """
    if not factors_of(tx, user_id).any:
        raise Refused(
            "Recovery codes stand in for a second factor, and you have none.",
            advice="Add a passkey or an authenticator app first.",
        )
    codes = [base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode()[:12] for _ in range(CODES)]
    rows.replace_codes(tx, user_id, [_code_digest(gate, user_id, code) for code in codes])
    _note(tx, user_id, "factor.codes", {"codes": CODES}, actor=actor, now=now)
    return ["-".join((code[:4], code[4:8], code[8:])) for code in codes]


def reset(tx: Tx, user_id: UserId, *, actor: Actor, now: datetime) -> int:
    """Take every second factor, recovery code and device of a person, end their sessions, alarm a person.

    Returns how many factors there were.
    """
    taken = rows.delete_all(tx, user_id)
    sign_in_rows.delete_devices(tx, user_id)
    sessions.end_all(tx, user_id, actor=actor, now=now)
    _note(tx, user_id, "factor.reset", {"factors": taken}, actor=actor, now=now)
    alarms.raise_alarm(tx, alarms.FACTORS_RESET, f"user:{user_id}", now=now)
    return taken


def _use_app_code(tx: Tx, gate: Gate, user_id: UserId, code: str, now: datetime) -> bool:
    """Say whether a code is the app's of this time step or one beside it, and was not used before."""
    import pyotp

    stored = rows.app_of(tx, user_id)
    secret = gate.key.open(stored.sealed_secret, of=user_id) if stored is not None else None
    if secret is None:
        return False
    totp, present = pyotp.TOTP(base64.b32encode(secret).decode()), int(now.timestamp()) // STEP_SECONDS
    typed = code.replace(" ", "").encode("utf-8", "surrogatepass")
    right = [
        step
        for step in range(present - 1, present + 2)
        if hmac.compare_digest(totp.generate_otp(step).encode(), typed)
    ]
    return bool(right) and rows.use_step(tx, user_id, right[-1], now=now)


def _code_digest(gate: Gate, user_id: UserId, code: str) -> bytes:
    return gate.key.digest("recovery", f"{user_id}:{code}")


def _keep_one(tx: Tx, settings: SignInSettings, user_id: UserId) -> None:
    if settings.second_factor == "required" and factors_of(tx, user_id).count <= 1:
        raise Refused(
            "A second factor is required here, and this is your last one.", advice="Add another one first."
        )


def _added(tx: Tx, user_id: UserId, kind: str, *, actor: Actor, now: datetime) -> None:
    session_rows.clear_enrolment(tx, user_id)
    _note(tx, user_id, "factor.add", {"kind": kind}, actor=actor, now=now)


def _note(
    tx: Tx, user_id: UserId, verb: str, detail: Mapping[str, object], *, actor: Actor, now: datetime
) -> None:
    audit.append(tx, at=now, actor=actor.label, verb=verb, object=f"user:{user_id}", detail=dict(detail))
