"""Conflicts of interest: whoever knows somebody in a case says so and is kept from every case about them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from safehold.model.errors import BadForm, ConflictOfInterest, NotAllowed, NotFound
from safehold.model.ids import CaseId, ConflictId, UserId, new_id
from safehold.model.permissions import Actor, Permission
from safehold.storage import audit
from safehold.storage import cases as case_rows
from safehold.storage import conflicts as rows
from safehold.storage.admission import may_know
from safehold.storage.conflicts import ACCOUNT, Conflict
from safehold.storage.database import Tx

__all__ = [
    "Conflict",
    "about_in_words",
    "declare_about_account",
    "declare_about_case",
    "end_conflict",
    "has_conflict",
    "kept_from",
    "refuse_conflicted",
    "standing",
]


def refuse_conflicted(tx: Tx, case_id: CaseId, analyst: UUID) -> None:
    """Raise ConflictOfInterest when this person has a standing conflict about the case.

    A conflict is about an account, and so about every case that gathers by it or names it as a subject;
    where no account is known, about the media or the item that the case gathers by. Asking about a case
    that does not exist raises nothing.
    """
    if rows.stands(tx, case_id, analyst):
        raise ConflictOfInterest()


def has_conflict(tx: Tx, case_id: CaseId, analyst: UUID) -> bool:
    """Say whether this person has a standing conflict about the case."""
    return rows.stands(tx, case_id, analyst)


def kept_from(tx: Tx, case_ids: list[CaseId], analyst: UUID) -> set[CaseId]:
    """Return those of these cases that this person is kept from."""
    return rows.with_conflict(tx, case_ids, analyst)


def declare_about_case(tx: Tx, case_id: CaseId, *, actor: Actor, now: datetime) -> None:
    """Record that this person knows somebody in a case; they hold it no longer and cannot come back to it.

    Nobody asks why, and it never counts against anybody. Saying it twice changes nothing. Raises NotFound,
    and NotAllowed for keys and for those who may not read cases.
    """
    actor.require(Permission.CASE_READ)
    if actor.user_id is None:
        raise NotAllowed("Only a person can have a conflict of interest.")
    gathering = case_rows.gathering_of(tx, case_id)
    if gathering is None or not may_know(tx, case_id, actor.user_id):
        raise NotFound("There is no such case.")
    _declare(tx, actor.user_id, gathering.by, by=actor, now=now, case=str(case_id))


def declare_about_account(tx: Tx, account_id: str, *, of: UserId, actor: Actor, now: datetime) -> None:
    """Record, for somebody else, that they know whoever is behind an account.

    account_id: as the platform names it; there need be no case yet. Raises NotAllowed, and BadForm where no
    account is named.
    """
    actor.require(Permission.CONFLICT_EDIT)
    if not account_id.strip():
        raise BadForm("account: name it as the platform does.", field="account")
    _declare(tx, of, f"{ACCOUNT}{account_id.strip()}", by=actor, now=now)


def end_conflict(tx: Tx, conflict_id: ConflictId, *, actor: Actor, now: datetime) -> None:
    """End somebody else's conflict. Whose it is can never end it, whatever their role.

    Raises NotAllowed, and NotFound when it does not stand.
    """
    actor.require(Permission.CONFLICT_EDIT)
    if actor.user_id is None:
        raise NotAllowed("Only a person can end a conflict of interest.")
    conflict = rows.find_standing(tx, conflict_id)
    if conflict is None:
        raise NotFound("There is no such conflict, or it has ended.")
    if conflict.user_id == actor.user_id:
        raise NotAllowed("Another person ends a conflict of interest, never the one who has it.")
    rows.end(tx, conflict_id, by=actor.user_id, at=now)
    _audit(tx, "conflict.end", conflict_id, conflict.user_id, actor, now)


def standing(tx: Tx) -> list[Conflict]:
    """Return every conflict that stands, oldest first."""
    return rows.standing(tx)


def about_in_words(conflict: Conflict) -> str:
    """Say what a conflict is about, as a page may: "account 4711", or what kind of thing without one."""
    kind, _, name = conflict.about.partition(":")
    return f"account {name}" if kind == "account" else f"one {kind}, no account is known"


def _declare(
    tx: Tx, user_id: UserId, about: str, *, by: Actor, now: datetime, case: str | None = None
) -> None:
    conflict_id = ConflictId(new_id())
    if not rows.put(tx, id=conflict_id, user_id=user_id, about=about, declared_by=by.user_id, at=now):
        return
    for case_id in case_rows.held_by(tx, user_id):
        if rows.stands(tx, case_id, user_id):
            case_rows.set_lock(tx, case_id, analyst=None, until=None)
    _audit(tx, "conflict.declare", conflict_id, user_id, by, now, **({"case": case} if case else {}))


def _audit(
    tx: Tx, verb: str, conflict_id: ConflictId, user_id: UserId, actor: Actor, now: datetime, **detail: str
) -> None:
    named = {"user": str(user_id), **detail}
    audit.append(tx, at=now, actor=actor.label, verb=verb, object=f"conflict:{conflict_id}", detail=named)
