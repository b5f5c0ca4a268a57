"""Asking for a bundle, and agreeing to it: only people who may come near every case that it touches."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from safehold.app.settings import Settings
from safehold.evidence import bundles
from safehold.model.errors import BadSettings, NotAllowed, NotFound, Refused
from safehold.model.ids import BundleId, CaseId, ItemId
from safehold.model.permissions import Actor, Permission
from safehold.model.team import TeamSize
from safehold.review import admission
from safehold.storage import bundles as rows
from safehold.storage.bundles import BundleRequest
from safehold.storage.database import Tx
from safehold.vault.files import write_new

_LISTED = 50


def ask(
    tx: Tx,
    about: Sequence[UUID],
    *,
    recipients: Sequence[str],
    recipient_name: str,
    purpose: str,
    actor: Actor,
    now: datetime,
) -> BundleRequest:
    """Ask for a bundle of items, each given by its id; the id of a case stands for all that is in it now.

    Raises NotFound for what is neither or is not known to this person, ConflictOfInterest, and as
    `evidence.bundles.ask`.
    """
    actor.require(Permission.EVIDENCE_EDIT)
    items = list(dict.fromkeys(item for each in about for item in _items(tx, each)))
    _admit(tx, items, actor)
    return bundles.ask(
        tx,
        items,
        recipients=recipients,
        recipient_name=recipient_name,
        purpose=purpose,
        actor=actor,
        now=now,
    )


def approve(tx: Tx, bundle_id: BundleId, *, size: TeamSize, actor: Actor, now: datetime) -> None:
    """Agree to a bundle. Raises NotFound and ConflictOfInterest too, see `ask` and `evidence.bundles`."""
    actor.require(Permission.EVIDENCE_EDIT)
    _admit(tx, bundles.waiting(tx, bundle_id, now=now).items, actor)
    bundles.approve(tx, bundle_id, size=size, actor=actor, now=now)


def decline(tx: Tx, bundle_id: BundleId, *, actor: Actor, now: datetime) -> None:
    """Say no to a bundle, or take one's own request back. Raises as `approve` does."""
    actor.require(Permission.EVIDENCE_EDIT)
    asked = bundles.waiting(tx, bundle_id, now=now)
    if asked.asked_by != actor.user_id:
        _admit(tx, asked.items, actor)
    bundles.decline(tx, bundle_id, actor=actor, now=now)


def cosign(
    tx: Tx, bundle_id: BundleId, signature: bytes, *, settings: Settings, actor: Actor, now: datetime
) -> None:
    """Take the co-signer's signature where one person works. Raises Refused elsewhere, and BadSettings."""
    if TeamSize(settings.team.size_policy) is not TeamSize.SINGLE:
        raise Refused("Here a second person agrees, by team.size_policy, and no signature stands for them.")
    bundles.cosign(tx, bundle_id, signature, key=co_signer(settings), actor=actor, now=now)


def newest(tx: Tx) -> list[BundleRequest]:
    """Return what was asked for last, the newest first."""
    return rows.newest(tx, limit=_LISTED)


def write_statement(asked: BundleRequest, to: Path) -> None:
    """Write what a co-signer signs into a new file (0600). Raises NameTaken, OSError."""
    write_new(to, bundles.statement(asked))


def co_signer(settings: Settings) -> Ed25519PublicKey:
    """Return the co-signer's public key. Raises BadSettings where none is set, or it is none."""
    path = settings.team.co_signer_key
    if path is None:
        raise BadSettings(
            "team.co_signer_key is not set: where one person works, somebody outside signs each hand-over.",
            advice="Name the file with their public Ed25519 key.",
        )
    return read_co_signer(path)


def read_co_signer(path: Path) -> Ed25519PublicKey:
    """Read a public Ed25519 key from a PEM file. Raises BadSettings."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise BadSettings(
            "team.co_signer_key: a file is missing, or holds no public Ed25519 key.",
            advice="They make a pair with `openssl genpkey -algorithm ED25519` and send the public half.",
        )
    return key


def _admit(tx: Tx, items: Collection[ItemId], actor: Actor) -> None:
    if actor.user_id is None:
        raise NotAllowed("Only people hand evidence over.")
    admission.admit_to_items(tx, items, actor.user_id)


def _items(tx: Tx, about: UUID) -> list[ItemId]:
    found = rows.items_of_case(tx, CaseId(about), limit=bundles.MOST_ITEMS + 1)
    if found:
        return found
    if not rows.existing(tx, ItemId(about)):
        raise NotFound("There is no such item or case.")
    return [ItemId(about)]
