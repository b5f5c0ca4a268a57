"""The switch by which reports to a destination are meant; until it is on, only practice goes out.

Two people throw it, for one place. Where one person works alone, somebody outside signs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from safehold.model.authority_report import AuthorityReport
from safehold.model.errors import Conflict, NotAllowed, NotFound
from safehold.model.ids import MediaId, SwitchId, UserId, new_id
from safehold.model.permissions import Actor, Permission
from safehold.storage import audit, report_files
from safehold.storage import production_switches as rows
from safehold.storage.database import Tx
from safehold.storage.production_switches import ProductionSwitch

NOT_A_REHEARSAL = "not_a_rehearsal"
NOT_HARMLESS = "not_harmless"
REHEARSAL_FOR_REAL = "rehearsal_for_real"


class Place(Protocol):
    """Where reports of a destination go."""

    @property
    def place(self) -> tuple[str, ...]:
        """What two people agree to: another address, user name or public key needs their consent anew."""


def ask_production(tx: Tx, destination: str, access: Place, *, actor: Actor, now: datetime) -> SwitchId:
    """Ask that reports to a destination be meant from now on; somebody else has to approve it.

    Raises NotAllowed, Conflict where it was asked before and not ended.
    """
    person = _person(actor)
    asked = ProductionSwitch(
        id=SwitchId(new_id()),
        destination=destination,
        address_digest=digest_of(access),
        asked_by=person,
        asked_at=now,
    )
    if not rows.insert(tx, asked):
        raise Conflict("This has been asked for before.", advice="Approve it, or end it and ask again.")
    _audit(tx, "authority.ask_production", destination, asked.id, actor, now)
    return asked.id


def approve_production(tx: Tx, destination: str, access: Place, *, actor: Actor, now: datetime) -> None:
    """Approve it, as another person than who asked. From now on reports to this address are meant.

    Raises NotAllowed for the same person, NotFound where nobody asked, Conflict where it is on, or was asked
    for another address, user name or public key.
    """
    person = _person(actor)
    waits = waiting(tx, destination, access)
    if waits.asked_by == person:
        raise NotAllowed(
            "Who asked for it cannot approve it.", advice="Let another person with this permission do it."
        )
    _approve(rows.set_approved(tx, waits.id, at=now, by=person))
    _audit(tx, "authority.approve_production", destination, waits.id, actor, now)


def approve_by_signature(
    tx: Tx,
    destination: str,
    access: Place,
    *,
    signature: bytes,
    key: Ed25519PublicKey,
    actor: Actor,
    now: datetime,
) -> None:
    """Approve it by the signature of somebody outside, where one person works alone.

    key: that of `team.co_signer_key`. signature: theirs, of `statement_of`. Raises NotAllowed where it is not
    theirs, and as `approve_production` does.
    """
    _person(actor)
    waits = waiting(tx, destination, access)
    try:
        key.verify(signature, statement_of(waits))
    except InvalidSignature:
        raise NotAllowed(
            "This is no signature of this statement by the co-signer.",
            advice="Let them sign the statement as it is printed, with the key that the settings name.",
        ) from None
    public = key.public_bytes_raw()
    _approve(rows.set_approved(tx, waits.id, at=now, signed_with=public, signature=signature))
    _audit(tx, "authority.approve_production", destination, waits.id, actor, now, signed=True)


def end_production(tx: Tx, destination: str, *, actor: Actor, now: datetime) -> None:
    """End it, approved or not: from now on only practice goes out. One person suffices.

    Raises NotAllowed, NotFound where there is nothing to end.
    """
    person = _person(actor)
    stands = rows.live(tx, destination, for_change=True)
    if stands is None or not rows.set_ended(tx, stands.id, by=person, at=now):
        raise NotFound("Nobody has asked for this.")
    _audit(tx, "authority.end_production", destination, stands.id, actor, now)


def may_file_for_real(tx: Tx, destination: str, access: Place) -> bool:
    """Say whether reports that go there are meant."""
    stands = rows.live(tx, destination)
    return (
        stands is not None and stands.approved_at is not None and stands.address_digest == digest_of(access)
    )


def statement_of(asked: ProductionSwitch) -> bytes:
    """Return what a co-signer signs: the same bytes for the same switch, as one line of JSON."""
    said = {
        "statement": "Reports to this destination are meant, and go to an authority.",
        "switch": str(asked.id),
        "destination": asked.destination,
        "address_sha256": asked.address_digest.hex(),
        "asked_by": str(asked.asked_by),
        "asked_at": asked.asked_at.isoformat(),
    }
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def digest_of(access: Place) -> bytes:
    """Return what stands for where reports go, and for who can read them there."""
    return hashlib.sha256(json.dumps(list(access.place)).encode()).digest()


def refusal(
    tx: Tx,
    report: AuthorityReport,
    access: Place,
    *,
    media: Collection[MediaId] = (),
    digests: Collection[bytes] = (),
) -> str | None:
    """Return why a report, or these files of it, must not go out, as a code; None where they may.

    digests: SHA-256 of files that are no media. Practice never goes where reports are meant. Elsewhere
    nothing but practice goes, and of files only those on the list of harmless ones.
    """
    if may_file_for_real(tx, report.destination, access):
        return REHEARSAL_FOR_REAL if report.rehearsal else None
    if not report.rehearsal:
        return NOT_A_REHEARSAL
    harmless = set(media) <= report_files.harmless_media(tx, media)
    if harmless and set(digests) <= report_files.harmless_digests(tx, digests):
        return None
    return NOT_HARMLESS


def _person(actor: Actor) -> UserId:
    actor.require(Permission.AUTHORITY_SWITCH)
    if actor.user_id is None:
        raise NotAllowed("Only a person can do this.")
    return actor.user_id


def waiting(tx: Tx, destination: str, access: Place) -> ProductionSwitch:
    """Return the switch that waits for approval, for this address. Raises NotFound, Conflict."""
    waits = rows.live(tx, destination, for_change=True)
    if waits is None:
        raise NotFound("Nobody has asked for this.", advice="Let one person ask, and another approve.")
    if waits.address_digest != digest_of(access):
        raise Conflict(
            "It was asked for another address, user name or public key.", advice="End it and ask again."
        )
    return waits


def _approve(done: bool) -> None:
    if not done:
        raise Conflict("It was approved before.")


def _audit(
    tx: Tx, verb: str, destination: str, switch_id: SwitchId, actor: Actor, now: datetime, **more: bool
) -> None:
    detail = {"switch": str(switch_id), **more}
    audit.append(tx, at=now, actor=actor.label, verb=verb, object=f"destination:{destination}", detail=detail)
