"""Requests for bundles as pages list them: words and keys for those alone who may come near the cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from safehold.app.access.users import names
from safehold.app.bundles import asking
from safehold.evidence import bundles
from safehold.evidence.bundles import BundleRequest
from safehold.model.errors import ConflictOfInterest, NotFound
from safehold.model.ids import BundleId, UserId
from safehold.model.permissions import Actor, Permission
from safehold.review import admission
from safehold.storage.bundles import with_bytes
from safehold.storage.database import Tx


class Standing(StrEnum):
    """How far a request is."""

    WAITS = "waits"
    APPROVED = "approved"
    MADE = "made"
    DECLINED = "declined"
    LAPSED = "lapsed"
    """Its days are over, and nothing can be made of it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A request without its items.

    until: to when it can be agreed to, and made. items, held: how many were asked for, and how many of these
    have bytes now. words: for whom, what for and to which keys; None for who may not come near all cases.
    fingerprint: of the signed sums of the bundle that was made last. is_own: whether the viewer asked.
    """

    id: BundleId
    asked_by: UserId
    asked_at: datetime
    until: datetime
    decided_by: UserId | None
    decided_at: datetime | None
    signed_outside: bool
    standing: Standing
    made: int
    made_at: datetime | None
    items: int
    held: int
    fingerprint: str | None
    made_held: int | None
    made_not_held: int | None
    is_own: bool
    words: Words | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Words:
    """For whom, what for, and the public keys."""

    recipient: str = field(repr=False)
    purpose: str = field(repr=False)
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """The newest requests first, and names by id."""

    requests: Sequence[Listed]
    people: Mapping[UUID, str]


def listing(tx: Tx, *, actor: Actor, now: datetime) -> Listing:
    """Return what was asked for last. Raises NotAllowed."""
    actor.require(Permission.EVIDENCE_EDIT)
    found = asking.newest(tx)
    held = with_bytes(tx, [each.id for each in found])
    return Listing([_listed(tx, each, held.get(each.id, 0), actor, now) for each in found], names(tx))


def _listed(tx: Tx, asked: BundleRequest, held: int, actor: Actor, now: datetime) -> Listed:
    return Listed(
        id=asked.id,
        asked_by=asked.asked_by,
        asked_at=asked.asked_at,
        until=asked.asked_at + bundles.LASTS,
        decided_by=asked.decided_by,
        decided_at=asked.decided_at,
        signed_outside=asked.co_signature is not None,
        standing=_standing(asked, now),
        made=asked.made,
        made_at=asked.made_at,
        items=len(asked.items),
        held=held,
        fingerprint=asked.signed_sha256.hex() if asked.signed_sha256 is not None else None,
        made_held=asked.held,
        made_not_held=asked.not_held,
        is_own=asked.asked_by == actor.user_id,
        words=Words(asked.recipient_name, asked.purpose, asked.recipients)
        if _is_near(tx, asked, actor)
        else None,
    )


def _standing(asked: BundleRequest, now: datetime) -> Standing:
    if asked.approved is False:
        return Standing.DECLINED
    if asked.made:
        return Standing.MADE
    if now >= asked.asked_at + bundles.LASTS:
        return Standing.LAPSED
    return Standing.WAITS if asked.approved is None else Standing.APPROVED


def _is_near(tx: Tx, asked: BundleRequest, actor: Actor) -> bool:
    if actor.user_id is None:
        return False
    try:
        admission.admit_to_items(tx, asked.items, actor.user_id)
    except (NotFound, ConflictOfInterest):
        return False
    return True
