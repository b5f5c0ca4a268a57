"""What the audit log is told of plans: that one was put down or grew, was withdrawn, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from safehold.authorities.planner import Choice
from safehold.model.authority_report import AuthorityReport
from safehold.model.ids import CaseId, ItemId
from safehold.model.permissions import system_actor
from safehold.storage import audit
from safehold.storage.database import Tx

_ACTOR = system_actor("authorities").label


def planned(tx: Tx, report: AuthorityReport, added: Sequence[ItemId], *, now: datetime) -> None:
    """Note that a report waits, or waits with more: these items."""
    detail = {
        "case": str(report.case_id),
        "destination": report.destination,
        "priority": int(report.priority),
        "due_at": report.due_at.isoformat(),
        "reasons": [each.value for each in report.reasons],
        "items": [str(each) for each in added],
    }
    _note(tx, "authority_report.plan", f"authority_report:{report.id}", detail, now)


def withdrawn(tx: Tx, report: AuthorityReport, *, now: datetime) -> None:
    """Note that a report waits no longer."""
    detail = {"case": str(report.case_id)}
    _note(tx, "authority_report.withdraw", f"authority_report:{report.id}", detail, now)


def told_to_none(tx: Tx, item_id: ItemId, case_id: CaseId, choice: Choice, *, now: datetime) -> None:
    """Note that no authority is told of an item, and why."""
    detail = {"case": str(case_id), "reasons": [each.value for each in choice.reasons]}
    _note(tx, "authority_report.none", f"item:{item_id}", detail, now)


def _note(tx: Tx, verb: str, about: str, detail: dict[str, Any], now: datetime) -> None:
    audit.append(tx, at=now, actor=_ACTOR, verb=verb, object=about, detail=detail)
