"""What the lot fell on and nobody looked at in time: its case ends without an outcome."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

from safehold.model.case import CaseState, WaitsFor
from safehold.model.permissions import system_actor
from safehold.storage import audit, audit_samples
from safehold.storage import cases as case_rows
from safehold.storage.database import Tx

_ACTOR = system_actor("review").label


def close_unseen(tx: Tx, *, now: datetime, limit: int) -> int:
    """Let drawn items wait no more once their time is over, at most `limit`; return how many.

    What somebody has assessed, and a case that somebody holds, is left alone. A case in which nothing else
    waits is settled. Doing it again changes nothing.
    """
    closed = 0
    for case_id, places in groupby(audit_samples.unseen(tx, now=now, limit=limit), key=lambda one: one[0]):
        case = case_rows.get(tx, case_id, for_change=True)
        if case is None or case.state is CaseState.SETTLED or case.holder(now) is not None:
            continue
        for _, item_id in places:
            place = case_rows.item_in(tx, case_id, item_id)
            if place is not None and place.waits_for is WaitsFor.ASSESSMENT:
                case_rows.set_waits_for(tx, case_id, item_id, None)
                audit.append(tx, at=now, actor=_ACTOR, verb="item.unseen", object=f"item:{item_id}")
                closed += 1
        if all(place.waits_for is None for place in case_rows.items_of(tx, case_id)):
            case_rows.set_settled(tx, case_id, at=now)
            case_rows.raise_revision(tx, case_id)
    return closed
