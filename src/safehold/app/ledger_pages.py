"""The ledger as a page shows it: lines from the newest on, what expires soon, and that somebody read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safehold.app.access.users import names
from safehold.evidence import ledger
from safehold.evidence.ledger import LedgerLine, Wanted
from safehold.model.permissions import Actor, Permission
from safehold.storage import audit
from safehold.storage.database import Tx

PAGE = 50
AHEAD = (7, 30, 90)
"""How many days ahead the forecast looks."""


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """before: the id of the last line where there are more. coming: by why, how much ends within AHEAD."""

    lines: Sequence[LedgerLine]
    before: UUID | None
    coming: Mapping[str, Sequence[int]]
    people: Mapping[UUID, str]


def read(tx: Tx, wanted: Wanted, *, actor: Actor, now: datetime, before: UUID | None = None) -> LedgerPage:
    """Return a page of the ledger: ids, dates and counts, and nothing of any content.

    The reading is appended to the audit log. Raises NotAllowed.
    """
    actor.require(Permission.LEDGER_READ)
    audit.append(tx, at=now, actor=actor.label, verb="evidence.read_ledger", object="ledger")
    found = ledger.newest(tx, wanted, now=now, before=before, limit=PAGE + 1)
    shown, is_last = found[:PAGE], len(found) <= PAGE
    counts = [ledger.forecast(tx, now=now, days=days, limit=0).counts for days in AHEAD]
    whys = [each for each in ledger.REASONS if any(each in one for one in counts)]
    coming = {each: [one.get(each, 0) for one in counts] for each in whys}
    return LedgerPage(shown, None if is_last else shown[-1].id, coming, names(tx))
