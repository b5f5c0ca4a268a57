"""What people decide about authority reports: send, decline, withdraw, hurry, and what came back by hand.

Who may come near the case is asked by whoever calls this.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from safehold.authorities.facts import gather
from safehold.authorities.whom import reported_subject
from safehold.jobs.record import Record
from safehold.model.authority_report import (
    AuthorityReport,
    AuthorityReportState,
    DestinationKind,
    Priority,
    Relation,
)
from safehold.model.case import SubjectPart
from safehold.model.errors import BadForm, Conflict, NotAllowed, NotFound, StaleRevision
from safehold.model.events import AuthorityReportFiled
from safehold.model.ids import AuthorityReportId, UserId
from safehold.model.permissions import Actor, Permission
from safehold.storage import assessments, audit, filings
from safehold.storage import authority_reports as rows
from safehold.storage.database import Tx
from safehold.storage.report_facts import in_case

LONGEST_REFERENCE = 200
"""Characters of what an authority calls a report."""


def existing(tx: Tx, report_id: AuthorityReportId, *, revision: int | None = None) -> AuthorityReport:
    """Return a report, locked until the transaction ends. Raises NotFound, StaleRevision for another one."""
    report = rows.get(tx, report_id, for_change=True)
    if report is None:
        raise NotFound("There is no such authority report.")
    if revision is not None and report.revision != revision:
        raise StaleRevision()
    return report


def send(
    tx: Tx, report_id: AuthorityReportId, *, actor: Actor, revision: int, two: bool, now: datetime
) -> AuthorityReport:
    """Let a planned report go, and return it as it is then.

    two: whether somebody else has to say so as well; never in the report of a risk to life, which one person
    who may declare such a risk sends. Whom its letter names as the person reported, if anybody, is put on
    record: somebody suspected, and nobody else. Raises NotAllowed, NotFound, StaleRevision, and Conflict when
    it no longer waits, when nothing is left in it to tell, or for the same person twice.
    """
    report = existing(tx, report_id, revision=revision)
    by = require_sender(report, actor)
    _must_be(report, AuthorityReportState.PLANNED)
    _still_bears_out(tx, report)
    waits_for_another = two and report.emergency_id is None
    if waits_for_another and report.approved_by is None:
        rows.change(tx, report, approved_by=by, approved_at=now)
        _audit(tx, report, "authority_report.first_of_two", actor, now)
        return existing(tx, report_id)
    if report.approved_by == by:
        raise Conflict("Somebody else has to send it as well.", advice="Ask a colleague who may.")
    first = report.approved_by
    approval = {"second_by": by} if first is not None else {"approved_by": by, "approved_at": now}
    rows.change(tx, report, state=AuthorityReportState.SENDING, **approval)
    _name(tx, report, now)
    _audit(tx, report, "authority_report.send", actor, now, destination=report.destination)
    return existing(tx, report_id)


def decline(tx: Tx, report_id: AuthorityReportId, *, actor: Actor, revision: int, now: datetime) -> None:
    """Say no to a planned report. Raises NotAllowed, NotFound, StaleRevision, Conflict."""
    _close(tx, report_id, AuthorityReportState.DECLINED, "authority_report.decline", actor, revision, now)


def withdraw(tx: Tx, report_id: AuthorityReportId, *, actor: Actor, revision: int, now: datetime) -> None:
    """Take back a report that is being sent or is stuck. Whoever files it takes back what is half done.

    Raises NotAllowed, NotFound, StaleRevision; Conflict once it is filed: then a correction is told; and of a
    parcel on its way that they may have.
    """
    _must_not_be_on_its_way(tx, existing(tx, report_id))
    _close(tx, report_id, AuthorityReportState.WITHDRAWN, "authority_report.withdraw", actor, revision, now)


def hurry(
    tx: Tx,
    report_id: AuthorityReportId,
    priority: Priority,
    *,
    within: timedelta,
    actor: Actor,
    revision: int,
    now: datetime,
) -> None:
    """Set the priority of a planned report; what the machine put down is a suggestion.

    Raises NotAllowed, NotFound, StaleRevision; Conflict also for that of a declared risk to life, which is 1.
    """
    report = existing(tx, report_id, revision=revision)
    actor.require(Permission.AUTHORITY_SEND)
    _must_be(report, AuthorityReportState.PLANNED)
    if report.emergency_id is not None:
        raise Conflict("The report of a declared risk to life has priority 1.")
    due_at = max(report.planned_at, now) + within
    rows.change(tx, report, priority=priority, due_at=due_at)
    said = {"priority": int(priority), "due_at": due_at.isoformat()}
    _audit(tx, report, "authority_report.priority", actor, now, **said)


def record_reference(
    tx: Tx,
    report_id: AuthorityReportId,
    reference: str,
    *,
    actor: Actor,
    revision: int,
    record: Record,
    now: datetime,
) -> None:
    """Write down under which reference an authority has a report that a person took there: it is filed.

    reference: 1 to 200 characters, in no log. Raises NotAllowed, NotFound, StaleRevision, BadForm; Conflict
    for a report that the machine files, and one that nobody has sent on.
    """
    report = existing(tx, report_id, revision=revision)
    require_sender(report, actor)
    said = reference.strip()
    if not 1 <= len(said) <= LONGEST_REFERENCE or not said.isprintable():
        raise BadForm(f"reference: 1 to {LONGEST_REFERENCE} characters on one line.", field="reference")
    _must_be(report, AuthorityReportState.SENDING)
    if not report.kind.by_hand:
        raise Conflict("The machine files this one, and writes down the reference itself.")
    filed(tx, report, said, actor_label=actor.label, record=record, now=now)


def filed(
    tx: Tx, report: AuthorityReport, reference: str, *, actor_label: str, record: Record, now: datetime
) -> None:
    """Note that an authority has a report, and record that. Raises StaleRevision."""
    rows.change(tx, report, state=AuthorityReportState.FILED, reference=reference, filed_at=now, ended_at=now)
    audit.append(
        tx,
        at=now,
        actor=actor_label,
        verb="authority_report.filed",
        object=f"authority_report:{report.id}",
        detail={"case": str(report.case_id), "destination": report.destination},
    )
    record(tx, AuthorityReportFiled(at=now, case_id=report.case_id, report_id=report.id))


def require_sender(report: AuthorityReport, actor: Actor) -> UserId:
    """Return the person who may send this report and is asking. Raises NotAllowed for anybody else."""
    if report.emergency_id is None or not actor.may(Permission.EMERGENCY_DECLARE):
        actor.require(Permission.AUTHORITY_SEND)
    if actor.user_id is None:
        raise NotAllowed("Only a person sends a report to an authority.")
    return actor.user_id


def _must_be(report: AuthorityReport, *states: AuthorityReportState) -> None:
    if report.state not in states:
        raise Conflict(f"This report is {report.state.value} already.", advice="Look at it again.")


def _must_not_be_on_its_way(tx: Tx, report: AuthorityReport) -> None:
    """Raise Conflict where a parcel was sent, and it is not known yet what became of it."""
    if report.kind is not DestinationKind.PARCEL or report.state is not AuthorityReportState.SENDING:
        return
    read = filings.get(tx, report.id)
    if read is not None and read.may_be_there:
        raise Conflict(
            "They may have it by now.",
            advice="Wait until it is filed or stuck. Once they have it, a correction is what puts it right.",
        )


def _still_bears_out(tx: Tx, report: AuthorityReport) -> None:
    """Raise Conflict where nothing is left in a report that an outcome bears out."""
    told = rows.items_of(tx, report.id)
    if not told:
        raise Conflict("Nothing is left in this report to tell.")
    if report.relation is Relation.CORRECTION:
        return
    standing = (assessments.get_outcome(tx, one.outcome_id) for one in told if one.outcome_id is not None)
    if any(found is None or not found.stands for found in standing):
        raise Conflict(
            "An outcome that this report rests on was reversed.",
            advice="Wait a moment: the plan is being put right. Then look at it again.",
        )


def _name(tx: Tx, report: AuthorityReport, now: datetime) -> None:
    told = in_case(tx, report.case_id, [one.item_id for one in rows.items_of(tx, report.id)])
    named = reported_subject(gather(tx, report.case_id, told, now=now, relation=report.relation))
    if named is not None:
        rows.name(tx, report, named.id, SubjectPart.SUSPECTED)


def _close(
    tx: Tx,
    report_id: AuthorityReportId,
    state: AuthorityReportState,
    verb: str,
    actor: Actor,
    revision: int,
    now: datetime,
) -> None:
    report = existing(tx, report_id, revision=revision)
    require_sender(report, actor)
    if state is AuthorityReportState.DECLINED:
        _must_be(report, AuthorityReportState.PLANNED)
    else:
        _must_be(report, AuthorityReportState.SENDING, AuthorityReportState.STUCK)
    rows.change(tx, report, state=state, ended_at=now)
    rows.set_standing(tx, report.id, False)
    _audit(tx, report, verb, actor, now)


def _audit(tx: Tx, report: AuthorityReport, verb: str, actor: Actor, now: datetime, **detail: Any) -> None:
    about = {"case": str(report.case_id), **detail}
    audit.append(
        tx, at=now, actor=actor.label, verb=verb, object=f"authority_report:{report.id}", detail=about
    )
