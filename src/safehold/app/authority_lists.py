"""Reports to authorities as pages list them: what waits, what ended, of a case, of a risk to life."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from safehold.model.authority_report import AuthorityReport
from safehold.model.emergency import Emergency
from safehold.model.ids import CaseId
from safehold.model.permissions import Actor, Permission
from safehold.review.admission import is_kept_from
from safehold.storage import authority_reports as rows
from safehold.storage import report_lists
from safehold.storage.database import Tx
from safehold.storage.report_lists import ReportLine

__all__ = ["Listing", "ReportLine", "UrgentReport", "listing", "of_case", "of_cases", "of_emergency"]

OPEN_SHOWN, ENDED_SHOWN = 200, 50


@dataclass(frozen=True, slots=True)
class Listing:
    """waiting: the open ones, the soonest due first. ended: the newest first."""

    waiting: tuple[ReportLine, ...]
    ended: tuple[ReportLine, ...]


@dataclass(frozen=True, slots=True)
class UrgentReport:
    """The report of a risk to life. may_read: whether whoever asks may open it."""

    report: AuthorityReport
    may_read: bool


def listing(tx: Tx, *, actor: Actor) -> Listing:
    """Return what somebody may know of and has no conflict of interest about. Raises NotAllowed."""
    actor.require(Permission.AUTHORITY_READ)
    reader = actor.user_id
    return Listing(
        tuple(report_lists.listed(tx, is_open=True, reader=reader, limit=OPEN_SHOWN)),
        tuple(report_lists.listed(tx, is_open=False, reader=reader, limit=ENDED_SHOWN)),
    )


def of_case(tx: Tx, case_id: CaseId, *, actor: Actor) -> list[AuthorityReport]:
    """Return the reports about a case to which somebody was let, oldest first; none to who may read none."""
    return rows.of_case(tx, case_id) if actor.may(Permission.AUTHORITY_READ) else []


def of_cases(tx: Tx, case_ids: Collection[CaseId], *, actor: Actor) -> dict[CaseId, list[AuthorityReport]]:
    """Return the reports about cases that somebody was shown, by case; none to who may read none."""
    return rows.of_cases(tx, case_ids) if actor.may(Permission.AUTHORITY_READ) and case_ids else {}


def of_emergency(tx: Tx, about: Emergency, *, actor: Actor) -> UrgentReport | None:
    """Return the report of a risk to life of which somebody was let know, the newest where one ended."""
    urgent = [one for one in rows.of_case(tx, about.case_id) if one.emergency_id == about.id]
    if not urgent:
        return None
    person = actor.user_id
    kept_from = person is not None and is_kept_from(tx, about.case_id, person)
    return UrgentReport(urgent[-1], actor.may(Permission.AUTHORITY_READ) and not kept_from)
