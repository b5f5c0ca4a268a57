"""Keys of platforms: shown once, kept as a digest, limited to scopes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from safehold.app import alarms
from safehold.app.access.gate import digest_of, new_token
from safehold.model.errors import BadForm, NotAuthenticated, NotFound
from safehold.model.ids import KeyId, new_id
from safehold.model.permissions import SCOPES, Actor, Permission
from safehold.model.wording import worded
from safehold.storage import api_keys as rows
from safehold.storage import audit
from safehold.storage.api_keys import StoredKey
from safehold.storage.database import Tx

PREFIX = "sfh_"
LASTS = timedelta(days=365)
LONGEST = timedelta(days=3650)
LONGEST_NAME = 100


def add_key(
    tx: Tx,
    *,
    name: str,
    scopes: frozenset[Permission],
    actor: Actor,
    now: datetime,
    expires_at: datetime | None = None,
) -> str:
    """Make a key and return its secret, which cannot be shown again.

    expires_at: None for a year from now. Raises BadForm for a wrong name, scope or end.
    """
    if not 1 <= len(name.strip()) <= LONGEST_NAME or not name.isprintable():
        raise BadForm(
            worded(
                "name: say whose key it is, in 1 to %(most)s characters that can be seen.", most=LONGEST_NAME
            ),
            field="name",
        )
    expires_at = expires_at or now + LASTS
    if not now < expires_at <= now + LONGEST:
        raise BadForm(worded("expires: within 1 to %(most)s days.", most=LONGEST.days), field="expires")
    if not scopes or not scopes <= SCOPES:
        raise BadForm(
            worded("scopes: at least one of %(scopes)s.", scopes=", ".join(sorted(SCOPES))), field="scopes"
        )
    secret = PREFIX + new_token()
    key_id = KeyId(new_id())
    rows.insert_key(
        tx,
        id=key_id,
        name=name.strip(),
        secret_digest=digest_of(secret),
        scopes=scopes,
        now=now,
        expires_at=expires_at,
    )
    audit.append(
        tx,
        at=now,
        actor=actor.label,
        verb="key.add",
        object=f"key:{key_id}",
        detail={"scopes": sorted(scopes), "expires_at": expires_at.isoformat()},
    )
    return secret


def authenticate(tx: Tx, secret: str, *, now: datetime) -> Actor:
    """Return the actor behind a key. Raises NotAuthenticated when it is unknown, revoked or expired."""
    secret_digest = digest_of(secret)
    return actor_of(find(tx, [secret_digest], now=now).get(secret_digest), now=now)


def find(tx: Tx, secret_digests: Sequence[bytes], *, now: datetime) -> Mapping[bytes, StoredKey]:
    """Return the keys of these digests, where there are any, noting that valid ones were used."""
    found = rows.keys_by_digest(tx, secret_digests)
    for key in found.values():
        if key.is_valid(now) and not rows.was_noted(key, now):
            rows.note_key_use(tx, key.id, now)
    return found


def actor_of(key: StoredKey | None, *, now: datetime) -> Actor:
    """Return the actor behind a key. Raises NotAuthenticated when there is none, or not one valid now."""
    if key is None or not key.is_valid(now):
        raise NotAuthenticated("The key is unknown, revoked or expired.")
    return Actor(permissions=key.scopes, key_id=key.id)


def revoke_key(tx: Tx, key_id: KeyId, *, actor: Actor, now: datetime) -> None:
    """Take a key out of use. Raises NotFound when there is none, or it was revoked before."""
    if not rows.revoke_key(tx, key_id, now):
        raise NotFound("There is no such key in use.")
    audit.append(tx, at=now, actor=actor.label, verb="key.revoke", object=f"key:{key_id}")


def list_keys(tx: Tx) -> list[StoredKey]:
    """Return every key without its secret, newest first."""
    return rows.all_keys(tx)


def ends_soon(key: StoredKey, *, now: datetime) -> bool:
    """Say whether a key that is in use ends within two weeks."""
    return key.is_valid(now) and key.expires_at is not None and key.expires_at - now <= alarms.KEY_ENDS_SOON
