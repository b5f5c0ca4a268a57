"""What a person in the console finds: cases by any id, an account's, and pictures near one. On record."""

from __future__ import annotations

from datetime import datetime

from safehold.model.errors import NotFound
from safehold.model.ids import CaseId
from safehold.model.permissions import Actor, Permission
from safehold.review import finding
from safehold.review.admission import admit
from safehold.review.cases import existing_case
from safehold.review.facts import ItemView
from safehold.review.finding import AccountHistory, Found, Near, Sight
from safehold.storage import audit
from safehold.storage.database import Tx


def find(tx: Tx, text: str, *, actor: Actor, now: datetime) -> list[Found]:
    """Return the cases to which an id leads, as this person may see them.

    On record are who looked for something and to which cases it led, never what was typed. Raises NotAllowed.
    """
    actor.require(Permission.CASE_READ)
    found = finding.find(tx, text, _sight(actor))
    detail = {"cases": [str(one.case.id) for one in found]}
    audit.append(tx, at=now, actor=actor.label, verb="case.find", object=actor.label, detail=detail)
    return found


def account(tx: Tx, case_id: CaseId, *, actor: Actor, now: datetime) -> AccountHistory:
    """Return the account that a case is about with all of its cases, as this person may see them.

    Raises NotAllowed, ConflictOfInterest, and NotFound, also where the case names no account (any more).
    """
    actor.require(Permission.CASE_READ)
    if actor.user_id is not None:
        admit(tx, case_id, actor.user_id)
    case = existing_case(tx, case_id)
    if case.account_id is None:
        raise NotFound("This case names no account, or it was erased.")
    audit.append(tx, at=now, actor=actor.label, verb="account.view", object=f"case:{case_id}")
    return finding.history_of_account(tx, case.account_id, _sight(actor))


def near(tx: Tx, case_id: CaseId, shown: ItemView, *, actor: Actor) -> list[Near]:
    """Return what looks nearly like an item and waits in other cases that this person may see."""
    if shown.item.media_id is None or not actor.may(Permission.CASE_ASSESS):
        return []
    return finding.near(tx, shown.item.id, case_id, _sight(actor))


def _sight(actor: Actor) -> Sight:
    return Sight(user_id=actor.user_id)
