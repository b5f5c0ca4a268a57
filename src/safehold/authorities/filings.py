"""Filing what people have sent on: due reports are claimed, most urgent first, and go on call by call.

Any number of processes may do this at the same time, and each may end at any moment.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from safehold.authorities import plans
from safehold.authorities.destinations.generic.way import Way
from safehold.authorities.destinations.ncmec_cybertipline import filing
from safehold.authorities.means import (
    DESTINATION_OFF,
    OURS,
    REPORT_WAITS,
    UNFORESEEN,
    Means,
    Reached,
    is_alarming,
)
from safehold.authorities.one_call import OneCall
from safehold.authorities.one_parcel import OneParcel
from safehold.authorities.plans import Rules
from safehold.authorities.progress import fields_of, progress_of
from safehold.authorities.sheets import Sheets
from safehold.authorities.turn import HELD_BETWEEN, Turn
from safehold.model.authority_report import AuthorityReport, AuthorityReportState, DestinationKind, Priority
from safehold.model.errors import Conflict, NotAllowed, NotFound, SafeholdError, StaleRevision, Unavailable
from safehold.model.ids import AuthorityReportId
from safehold.model.permissions import Actor, Permission
from safehold.storage import audit
from safehold.storage import authority_reports as reports
from safehold.storage import filings as rows
from safehold.storage.database import Tx
from safehold.storage.filings import Filing

LASTS = timedelta(hours=1)
"""How long a report that is not finished is held by them after its last change, as we read it."""
EXPIRES_SOON = timedelta(minutes=20)
"""So long before it expires a person hears of it."""
PASS_LASTS = timedelta(seconds=20)
"""After so long no further call is begun in one pass: whoever stops the process waits no longer."""
MOST_CALLS = 1_000
_RECOVERS = timedelta(minutes=1)

_log = structlog.get_logger()


def file_due(means: Means, *, up_to: Priority = Priority.THREE, most_calls: int = MOST_CALLS) -> int:
    """Go on with the filings that are due, the most urgent first, call by call; return how many calls it was.

    It ends when nothing is due, after so many calls, or when PASS_LASTS is over. up_to: nothing less urgent.
    What a person has to mend raises an alarm and keeps no other from going on. Raises DatabaseDown.
    """
    with means.database.begin() as tx:
        rows.enrol(tx, now=means.clock())
        reached = _reached(tx, means)
    begun = means.clock()
    opened: dict[AuthorityReportId, Sheets] = {}
    for made in range(most_calls):
        now = means.clock()
        taken = _take(means, reached, up_to, now) if begun <= now < begun + PASS_LASTS else None
        if taken is None:
            return made
        _go_on(means, *taken, reached, opened)
    return most_calls


def plan_owed_files(means: Means, rules: Rules) -> int:
    """Plan that files follow which reports went without, once they can be opened; return of how many.

    Each such supplement waits for a person, like any report. Raises DatabaseDown.
    """
    with means.database.begin() as tx:
        if not reports.owing_files(tx, limit=1):
            return 0
    if means.opening is None or not means.opening.ready():
        return 0
    with means.database.begin() as tx:
        return plans.plan_owed_files(tx, rules=rules, now=means.clock())


def let_go_on(
    tx: Tx, report_id: AuthorityReportId, *, actor: Actor, anew: bool = False, now: datetime
) -> None:
    """Let a stuck report go on, because a person has mended what it was stuck for; it is on record who.

    What is half done is taken back first. anew: what it says is made anew from today's records, because what
    was sent is wrong; else the same is sent. Where nothing was ever made, it is made in any case. Raises
    NotAllowed, NotFound; Conflict where it is not stuck, and for another letter under the id of one that they
    may have.
    """
    actor.require(Permission.AUTHORITY_SEND)
    if actor.user_id is None:
        raise NotAllowed("Only a person can do this.")
    report = reports.get(tx, report_id, for_change=True)
    if report is None:
        raise NotFound("There is no such report.")
    read = rows.get(tx, report_id)
    if read is None or report.state is not AuthorityReportState.STUCK:
        raise Conflict("This report is not stuck.")
    if report.kind is DestinationKind.PARCEL:
        if anew and read.may_be_there:
            raise Conflict(
                "They may have it as it was: under the same id nothing else is sent.",
                advice="Let the same go on. What is new goes in a supplement or a correction.",
            )
        changed = {"stage": "prepared", "why": None}
    else:
        changed = fields_of(filing.let_go_on(progress_of(read)))
    rows.keep(
        tx,
        read,
        **changed,
        anew=read.anew or anew,
        attempts=0,
        waited_seconds=0,
        waits_for=None,
        next_attempt_at=now,
        held_until=None,
    )
    reports.change(tx, report, state=AuthorityReportState.SENDING)
    audit.append(
        tx,
        at=now,
        actor=actor.label,
        verb="authority.let_go_on",
        object=f"authority_report:{report_id}",
        detail={"was": read.why, "anew": anew},
    )


def waiting_for_us(tx: Tx) -> set[AuthorityReportId]:
    """Return the reports that wait for something that a person of ours has to mend."""
    return rows.waiting_for(tx, OURS)


def expiring(tx: Tx, *, now: datetime) -> dict[AuthorityReportId, datetime]:
    """Return the reports that are open with them and will soon be deleted there, and since when it is so."""
    due = rows.unchanged_since(tx, after=now - LASTS, until=now - (LASTS - EXPIRES_SOON))
    return {report_id: at + LASTS - EXPIRES_SOON for report_id, at in due.items()}


def expires_at(read: Filing) -> datetime | None:
    """Return when what is open with them is deleted unless it is finished, None where nothing is open."""
    is_open = read.remote_id is not None and read.stage != "filed" and read.changed_at is not None
    return read.changed_at + LASTS if is_open and read.changed_at is not None else None


def _reached(tx: Tx, means: Means) -> dict[str, Reached]:
    """Return the destinations that can be reached as planned; of the others a person hears."""
    reached: dict[str, Reached] = {}
    for name, kinds in rows.destinations_waiting(tx).items():
        access = means.access_of(name)
        if access is not None and kinds == {_kind_of(access)}:
            reached[name] = access
            continue
        for report_id in rows.note_unreachable(tx, name, DESTINATION_OFF):
            means.alarm(tx, REPORT_WAITS, report_id)
    return reached


def _take(
    means: Means, reached: dict[str, Reached], up_to: Priority, now: datetime
) -> tuple[Filing, AuthorityReport] | None:
    if not reached:
        return None
    with means.database.begin() as tx:
        taken = rows.claim(tx, destinations=reached, up_to=up_to, now=now, until=now + HELD_BETWEEN)
        if taken is None:
            return None
        report = reports.get(tx, taken.report_id)
        assert report is not None
        return taken, report


def _go_on(
    means: Means,
    taken: Filing,
    report: AuthorityReport,
    reached: dict[str, Reached],
    opened: dict[AuthorityReportId, Sheets],
) -> None:
    sheets = opened.setdefault(report.id, Sheets(means, report))
    try:
        _turn(means, taken, report, reached[report.destination], sheets).go_on()
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - what is wrong with one report must not keep others from going
        code = error.code if isinstance(error, SafeholdError) else "unforeseen"
        _log.error("filing_failed", report_id=str(report.id), error_code=code)
        _leave_for_later(means, report.id)


def _kind_of(how: Reached) -> DestinationKind:
    return DestinationKind.PARCEL if isinstance(how, Way) else DestinationKind.NCMEC_CYBERTIPLINE


def _turn(means: Means, taken: Filing, report: AuthorityReport, how: Reached, sheets: Sheets) -> Turn:
    if isinstance(how, Way):
        return OneParcel(means, taken, report, how, sheets)
    return OneCall(means, taken, report, how, sheets)


def _leave_for_later(means: Means, report_id: AuthorityReportId) -> None:
    """Come back to it in a minute; what was about to be called is found out then."""
    with suppress(StaleRevision), means.database.begin() as tx:
        read = rows.get(tx, report_id)
        assert read is not None
        attempts, later = read.attempts + 1, means.clock() + _RECOVERS
        kept = {"attempts": attempts, "waits_for": UNFORESEEN, "next_attempt_at": later}
        rows.keep(tx, read, **kept, held_until=None)
        if is_alarming(UNFORESEEN, attempts):
            means.alarm(tx, REPORT_WAITS, report_id)
