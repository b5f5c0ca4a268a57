"""Bundles for hand-over: one person asks, another agrees, and then that, and nothing else, may be made.

Who may come near the cases is asked by whoever calls this; here it is two people, the days and the count.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from safehold.model.errors import BadForm, Conflict, NotAllowed, NotFound, Refused
from safehold.model.ids import BundleId, ItemId, UserId, new_id
from safehold.model.permissions import Actor, Permission
from safehold.model.team import TeamSize
from safehold.storage import audit
from safehold.storage import bundles as rows
from safehold.storage.bundles import BundleRequest
from safehold.storage.database import Tx
from safehold.vault.age import recipient

__all__ = [
    "LASTS",
    "MOST_ITEMS",
    "MOST_MAKINGS",
    "MOST_RECIPIENTS",
    "BundleRequest",
    "agreed",
    "approve",
    "ask",
    "begin",
    "cosign",
    "decline",
    "note_made",
    "statement",
    "waiting",
]

LASTS = timedelta(days=7)
"""How long after it was asked for a bundle can be agreed to, and made."""
MOST_MAKINGS = 3
"""How often one agreement serves: a file gets lost, a disk is full."""
MOST_ITEMS = 1000
MOST_RECIPIENTS = 8

_NAME, _PURPOSE = (3, 200), (10, 1000)
_ASK_ANEW = "Ask anew; somebody else approves it anew."


def ask(
    tx: Tx,
    items: Sequence[ItemId],
    *,
    recipients: Sequence[str],
    recipient_name: str,
    purpose: str,
    actor: Actor,
    now: datetime,
) -> BundleRequest:
    """Ask that these items be handed over to whoever has the private halves of these public keys.

    items: each once, in the order of the bundle. recipient_name, purpose: words for whoever approves; no log
    holds them. Raises NotAllowed, InvalidInput for a recipient that is none, BadForm for words that are too
    short or long, and too many or no items or recipients.
    """
    by = _person(actor)
    keys = tuple(dict.fromkeys(each.strip() for each in recipients))
    for each in keys:
        recipient(each)
    _check(len(keys), (1, MOST_RECIPIENTS), "recipients", "public keys")
    _check(len(items), (1, MOST_ITEMS), "items", "items; ask for some of them by their ids")
    _check(len(recipient_name.strip()), _NAME, "recipient_name", "characters")
    _check(len(purpose.strip()), _PURPOSE, "purpose", "characters")
    asked = BundleRequest(
        id=BundleId(new_id()),
        asked_by=by,
        asked_at=now,
        items=tuple(items),
        recipients=keys,
        recipient_name=recipient_name.strip(),
        purpose=purpose.strip(),
    )
    rows.insert(tx, asked)
    detail = {"items": len(asked.items), "recipients": len(keys)}
    personal = {"recipient": asked.recipient_name, "purpose": asked.purpose, "keys": list(keys)}
    audit.append(
        tx,
        at=now,
        actor=actor.label,
        verb="evidence.bundle_ask",
        object=f"bundle:{asked.id}",
        detail=detail,
        personal=personal,
    )
    return asked


def approve(tx: Tx, bundle_id: BundleId, *, size: TeamSize, actor: Actor, now: datetime) -> None:
    """Agree, as a second person, that a bundle is made.

    Raises NotAllowed, also to whoever asked; NotFound; Conflict when it was decided before; Refused when its
    days are over, and where one person works: there somebody outside signs, see `cosign`.
    """
    by = _person(actor)
    asked = waiting(tx, bundle_id, now=now)
    if size is TeamSize.SINGLE:
        raise Refused(
            "Here one person works, by team.size_policy: nobody here can agree.",
            advice="Have the co-signer outside sign what `bundle ask --statement` wrote, and give their"
            " signature: `bundle approve --signature`.",
        )
    if by == asked.asked_by:
        raise NotAllowed("Another person agrees than the one who asked.")
    rows.set_decided(tx, bundle_id, approved=True, by=by, at=now)
    _audit(tx, "evidence.bundle_approve", bundle_id, actor.label, now)


def cosign(
    tx: Tx, bundle_id: BundleId, signature: bytes, *, key: Ed25519PublicKey, actor: Actor, now: datetime
) -> None:
    """Take the signature of somebody outside in a second person's place, over `statement`.

    Raises NotFound, Conflict and Refused as `approve` does, NotAllowed for a signature that does not fit.
    """
    asked = waiting(tx, bundle_id, now=now)
    try:
        key.verify(signature, statement(asked))
    except InvalidSignature:
        raise NotAllowed(
            "This is no signature of the co-signer over this request.",
            advice="They sign the file that `bundle ask --statement` wrote, with the private half of the key"
            " that team.co_signer_key names.",
        ) from None
    rows.set_signed(tx, bundle_id, signature=signature, key=key.public_bytes_raw(), at=now)
    _audit(tx, "evidence.bundle_approve", bundle_id, actor.label, now, by="co_signer")


def decline(tx: Tx, bundle_id: BundleId, *, actor: Actor, now: datetime) -> None:
    """Say no to a bundle, or take back what one asked for oneself. Raises as `approve` does."""
    by = _person(actor)
    waiting(tx, bundle_id, now=now)
    rows.set_decided(tx, bundle_id, approved=False, by=by, at=now)
    _audit(tx, "evidence.bundle_decline", bundle_id, actor.label, now)


def begin(tx: Tx, bundle_id: BundleId, *, actor: str, now: datetime) -> BundleRequest:
    """Count and put on record that a bundle is about to be made, and return what was agreed to.

    Raises NotFound, NotAllowed where nobody has agreed, Refused when its days are over or it was made so
    often already.
    """
    asked = agreed(tx, bundle_id, now=now)
    if asked.made >= MOST_MAKINGS:
        raise Refused(f"This bundle was made {asked.made} times.", advice=_ASK_ANEW)
    rows.count_making(tx, bundle_id, at=now)
    detail = {"making": asked.made + 1, "items": len(asked.items)}
    _audit(tx, "evidence.bundle_make", bundle_id, actor, now, **detail)
    return asked


def note_made(tx: Tx, bundle_id: BundleId, *, signed: bytes, held: int, not_held: Mapping[str, int]) -> None:
    """Note what was in the bundle that was made last. signed: the SHA-256 of its signed sums."""
    rows.set_made(tx, bundle_id, signed=signed, held=held, not_held=sum(not_held.values()))


def agreed(tx: Tx, bundle_id: BundleId, *, now: datetime) -> BundleRequest:
    """Return a request that two people stand behind, locked. Raises as `begin` does, but for the count."""
    asked = rows.get(tx, bundle_id, for_change=True)
    if asked is None:
        raise NotFound("Nobody asked for such a bundle.")
    if not asked.approved:
        raise NotAllowed("Nobody else has agreed to this bundle.", advice="Ask somebody else to approve it.")
    _in_time(asked, now)
    return asked


def statement(asked: BundleRequest) -> bytes:
    """Return what a co-signer signs: everything that is asked for, line by line, in ASCII."""
    at = asked.asked_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    lines = [
        "safehold hand-over of evidence, version 1",
        f"request {asked.id}",
        f"asked-by user:{asked.asked_by}",
        f"asked-at {at}",
        f"recipient-name {json.dumps(asked.recipient_name)}",
        f"purpose {json.dumps(asked.purpose)}",
        *(f"recipient {json.dumps(each)}" for each in asked.recipients),
        *(f"item {each}" for each in asked.items),
    ]
    return ("\n".join(lines) + "\n").encode("ascii")


def waiting(tx: Tx, bundle_id: BundleId, *, now: datetime) -> BundleRequest:
    """Return a request that nobody has decided, locked. Raises NotFound, Conflict, Refused past its days."""
    asked = rows.get(tx, bundle_id, for_change=True)
    if asked is None:
        raise NotFound("Nobody asked for such a bundle.")
    if asked.approved is not None:
        raise Conflict(f"It was {'approved' if asked.approved else 'declined'} before.")
    _in_time(asked, now)
    return asked


def _in_time(asked: BundleRequest, now: datetime) -> None:
    # A request of the future is a wrong clock, and lasts no longer for it.
    if not asked.asked_at <= now < asked.asked_at + LASTS:
        raise Refused(f"It was asked for more than {LASTS.days} days ago.", advice=_ASK_ANEW)


def _person(actor: Actor) -> UserId:
    actor.require(Permission.EVIDENCE_EDIT)
    if actor.user_id is None:
        raise NotAllowed("Only people hand evidence over.")
    return actor.user_id


def _check(count: int, bounds: tuple[int, int], field: str, what: str) -> None:
    least, most = bounds
    if not least <= count <= most:
        raise BadForm(f"{field}: {least} to {most} {what}.", field=field)


def _audit(tx: Tx, verb: str, bundle_id: BundleId, actor: str, now: datetime, **detail: str | int) -> None:
    audit.append(tx, at=now, actor=actor, verb=verb, object=f"bundle:{bundle_id}", detail=dict(detail))
