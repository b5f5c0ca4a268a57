"""Passkeys by WebAuthn: which site they answer to, challenges that are used once, and clones found out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import UUID

from safehold.app import alarms
from safehold.app.access.sessions import SIGN_IN
from safehold.app.settings_sections import WebSettings
from safehold.model.errors import BadForm
from safehold.model.ids import PasskeyId, UserId, new_id
from safehold.model.wording import worded
from safehold.storage import audit
from safehold.storage import second_factors as rows
from safehold.storage import sign_ins as challenge_rows
from safehold.storage.database import Tx
from safehold.storage.second_factors import StoredPasskey

CHALLENGE_LASTS = timedelta(minutes=2)
LONGEST_NAME = 60
MOST = 10
"""Passkeys of one person."""
_REFUSED = "The browser's answer cannot be accepted."
_ADVICE = "Load the page again and repeat it."


@dataclass(frozen=True, slots=True)
class Site:
    """The site that passkeys answer to. id: its domain. origin: as the browser names it."""

    id: str
    origin: str


def site(web: WebSettings, host: str | None, *, production: bool) -> Site | None:
    """Return the site that passkeys are made for; None where no browser would make one.

    That is `web.origin`; in a trial without one, the host that the browser asked for. Browsers want a
    name (no number) and TLS, and are content with plain HTTP on localhost.
    """
    origin = web.origin
    if origin is None:
        if production or not host:
            return None
        origin = f"{'https' if web.secure_cookies else 'http'}://{host}"
    try:
        parts = urlsplit(origin)
        name = parts.hostname or ""
    except ValueError:
        return None
    is_local = name == "localhost" or name.endswith(".localhost")
    if not name or _is_number(name) or (parts.scheme != "https" and not is_local):
        return None
    return Site(name, origin)


def usable(passkeys: Sequence[StoredPasskey], at: Site | None) -> list[StoredPasskey]:
    """Return the passkeys that answer to this site."""
    return [one for one in passkeys if at is not None and one.relying_party == at.id]


def creation_options(tx: Tx, holder: UUID, user_id: UserId, *, name: str, at: Site, now: datetime) -> str:
    """Return as JSON what a browser needs to make a passkey. Raises BadForm when there are ten already."""
    import webauthn
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    known = rows.passkeys_of(tx, user_id)
    if len(known) >= MOST:
        raise BadForm(
            worded("You have %(most)s passkeys, and more cannot be kept.", most=MOST),
            advice="Remove one first.",
        )
    options = webauthn.generate_registration_options(
        rp_id=at.id,
        rp_name="Safehold",
        user_id=user_id.bytes,
        user_name=name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one.credential_id) for one in known],
    )
    _keep(tx, holder, "create", options.challenge, now)
    return webauthn.options_to_json(options)


def take_creation(tx: Tx, holder: UUID, *, now: datetime) -> bytes | None:
    """Spend the challenge of `creation_options`. None when there is none, or it took too long."""
    return challenge_rows.take_challenge(tx, holder, "create", now=now)


def created(
    challenge: bytes | None, user_id: UserId, answer: str, *, name: str, at: Site, now: datetime
) -> StoredPasskey:
    """Verify a browser's answer to a challenge that was spent, and return the passkey. Raises BadForm."""
    import webauthn
    from webauthn.helpers import parse_registration_credential_json
    from webauthn.helpers.exceptions import WebAuthnException

    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadForm(
            worded(
                "name: 1 to %(most)s characters that can be seen, by which you know this passkey again.",
                most=LONGEST_NAME,
            ),
            field="name",
        )
    if challenge is None:
        raise BadForm("The browser took too long.", advice=_ADVICE)
    try:
        sent = parse_registration_credential_json(answer)
        made = webauthn.verify_registration_response(
            credential=sent, expected_challenge=challenge, expected_rp_id=at.id, expected_origin=at.origin
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise BadForm(_REFUSED, advice=_ADVICE) from None
    return StoredPasskey(
        id=PasskeyId(new_id()),
        user_id=user_id,
        name=name,
        relying_party=at.id,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        transports=tuple(each.value for each in sent.response.transports or ()),
        created_at=now,
    )


def request_options(tx: Tx, holder: UUID, user_id: UserId, purpose: str, *, at: Site, now: datetime) -> str:
    """Return as JSON what a browser needs to use a passkey of this person."""
    import webauthn
    from webauthn.helpers.structs import (
        AuthenticatorTransport,
        PublicKeyCredentialDescriptor,
        UserVerificationRequirement,
    )

    known = {transport.value for transport in AuthenticatorTransport}
    options = webauthn.generate_authentication_options(
        rp_id=at.id,
        allow_credentials=[
            PublicKeyCredentialDescriptor(
                id=one.credential_id,
                transports=[AuthenticatorTransport(each) for each in one.transports if each in known],
            )
            for one in usable(rows.passkeys_of(tx, user_id), at)
        ],
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    _keep(tx, holder, purpose, options.challenge, now)
    return webauthn.options_to_json(options)


def used(
    tx: Tx, holder: UUID, user_id: UserId, purpose: str, answer: str, *, at: Site, now: datetime
) -> bool:
    """Say whether a browser's answer to `request_options` proves one of this person's passkeys.

    The challenge is spent whatever the answer is. A count that went back means that the passkey was
    copied: it is refused, and a person is alarmed.
    """
    import webauthn
    from webauthn.helpers import parse_authentication_credential_json
    from webauthn.helpers.exceptions import WebAuthnException

    challenge = challenge_rows.take_challenge(tx, holder, purpose, now=now)
    if challenge is None:
        return False
    try:
        sent = parse_authentication_credential_json(answer)
        passkey = next(
            one for one in usable(rows.passkeys_of(tx, user_id), at) if one.credential_id == sent.raw_id
        )
        proven = webauthn.verify_authentication_response(
            credential=sent,
            expected_challenge=challenge,
            expected_rp_id=at.id,
            expected_origin=at.origin,
            credential_public_key=passkey.public_key,
            # The library's own check does not tell a copy from a wrong answer.
            credential_current_sign_count=0,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, StopIteration):
        return False
    counts = max(proven.new_sign_count, passkey.sign_count) > 0
    if counts and proven.new_sign_count <= passkey.sign_count:
        _note_clone(tx, passkey, now)
        return False
    return rows.count_use(tx, passkey, sign_count=proven.new_sign_count, now=now)


def _note_clone(tx: Tx, passkey: StoredPasskey, now: datetime) -> None:
    detail = {"passkey": str(passkey.id)}
    audit.append(
        tx,
        at=now,
        actor=SIGN_IN.label,
        verb="factor.copied",
        object=f"user:{passkey.user_id}",
        detail=detail,
    )
    alarms.raise_alarm(tx, alarms.PASSKEY_COPIED, f"passkey:{passkey.id}", now=now)


def _keep(tx: Tx, holder: UUID, purpose: str, challenge: bytes, now: datetime) -> None:
    challenge_rows.put_challenge(tx, holder, purpose, challenge, expires_at=now + CHALLENGE_LASTS)


def _is_number(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
