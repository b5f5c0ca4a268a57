"""Presence: who has opened a case a moment ago, for those who could get into each other's way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from safehold.model.ids import CaseId
from safehold.model.permissions import Actor, Permission
from safehold.storage import audit
from safehold.storage.database import Tx

LATELY = timedelta(minutes=5)
"""How long somebody counts as present after they opened a case: opening is on record, closing is not."""


@dataclass(frozen=True, slots=True)
class Present:
    """Others who opened a case a moment ago. people: who, for whoever assesses; empty for everybody else."""

    count: int = 0
    people: tuple[UUID, ...] = ()


NOBODY = Present()


def others_present(tx: Tx, case_id: CaseId, *, viewer: Actor, now: datetime) -> Present:
    """Return who else has opened this case within LATELY. The caller has let the viewer in.

    Whoever only reads cases has no need to know who works on them, and is told how many alone.
    """
    opened = audit.people_who(tx, "case.view", f"case:{case_id}", since=now - LATELY, until=now)
    others = tuple(sorted(opened - {viewer.user_id}))
    return Present(len(others), others if viewer.may(Permission.CASE_ASSESS) else ())
