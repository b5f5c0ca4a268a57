"""Switching a destination to production: two people do, or one and a co-signer outside where one works."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from safehold.app.authorities import access_of
from safehold.app.bundles.asking import co_signer
from safehold.app.settings import Settings
from safehold.authorities import production
from safehold.authorities.means import Reached
from safehold.model.errors import NotFound, Refused
from safehold.model.permissions import Actor
from safehold.model.team import TeamSize
from safehold.storage.database import Tx
from safehold.vault.files import write_new


def ask(
    tx: Tx,
    settings: Settings,
    destination: str,
    *,
    actor: Actor,
    statement: Path | None = None,
    now: datetime,
) -> None:
    """Ask for production. statement: a new file (0600) for what a co-signer signs.

    Raises NotFound for a destination that is not declared, enabled and filed by machine; Refused in a
    rehearsal; NotAllowed, Conflict, NameTaken.
    """
    access = _access(settings, destination)
    production.ask_production(tx, destination, access, actor=actor, now=now)
    if statement is not None:
        write_new(statement, production.statement_of(production.waiting(tx, destination, access)))


def approve(
    tx: Tx,
    settings: Settings,
    destination: str,
    *,
    actor: Actor,
    signature: bytes | None = None,
    now: datetime,
) -> None:
    """Approve it: as another person, or by a co-signer's signature where `team.size_policy` is single.

    Raises NotFound, NotAllowed, Conflict; Refused where the other of the two is asked for, and in a
    rehearsal; BadSettings.
    """
    access, alone = _access(settings, destination), TeamSize(settings.team.size_policy) is TeamSize.SINGLE
    if alone is (signature is None):
        raise Refused(
            "Where one person works, a co-signer outside signs it; elsewhere another person approves it.",
            advice="team.size_policy says which of the two this is.",
        )
    if signature is None:
        production.approve_production(tx, destination, access, actor=actor, now=now)
        return
    production.approve_by_signature(
        tx, destination, access, signature=signature, key=co_signer(settings), actor=actor, now=now
    )


def _access(settings: Settings, destination: str) -> Reached:
    if settings.rehearsal:
        raise Refused(
            "Everything here is a rehearsal, and stays one.",
            advice="Switch production on where real material comes in, with settings of its own.",
        )
    access = access_of(settings, destination)
    if access is None:
        raise NotFound(
            "The settings declare no destination of this name that is enabled and filed by machine.",
            advice="What a person takes there needs no switch.",
        )
    return access
