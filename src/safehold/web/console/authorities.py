"""Reports to authorities: what waits, and each as a letter that is read before a person sends it."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app import authority_letters, authority_lists, authority_questions, report_clocks
from safehold.app.authority_reports import Desk
from safehold.app.program import Program
from safehold.authorities.checklist import TITLES, State
from safehold.authorities.filings import expires_at
from safehold.model.authority_report import AuthorityReportState, Priority
from safehold.model.errors import BadForm, NotFound
from safehold.model.ids import AuthorityReportId
from safehold.model.permissions import Permission
from safehold.web.console import ledger_words
from safehold.web.console.authority_checklist import add_filling_in, filling_of
from safehold.web.console.authority_pack import add_pack
from safehold.web.console.authority_questions import add_questions
from safehold.web.console.authority_sent import add_sent
from safehold.web.console.forms import UNSENT, Form, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.session import form_of, is_proven
from safehold.web.guard import actor_of, needs

LISTED = "/console/authorities"
_ONE = LISTED + "/{report_id}"


def add_authority_pages(router: APIRouter, program: Program) -> None:
    """Add the list, and the page of a report with everything that people decide about it."""

    @router.get(LISTED)
    @needs(Permission.AUTHORITY_READ)
    def show_reports(request: Request) -> Response:
        """Show what waits, the soonest due first, and what ended."""
        with program.database.begin() as tx:
            found = authority_lists.listing(tx, actor=actor_of(request))
            asked = authority_questions.open_ones(tx, actor=actor_of(request))
        declared = program.settings.authorities.destinations
        enabled = [name for name, each in declared.items() if each.enabled]
        return page(
            request,
            program,
            "authorities.html",
            place="authorities",
            found=found,
            asked=asked,
            destinations=declared,
            enabled=enabled,
            country=program.settings.authorities.country,
        )

    _add_deciding(router, program)
    _add_carrying(router, program)
    add_filling_in(router, program, _ONE, partial(_show, program))
    add_pack(router, program, _ONE, partial(_show, program))
    add_questions(router, program, _ONE, partial(_show, program))
    add_sent(router, program, _ONE, partial(_show, program))


def _add_deciding(router: APIRouter, program: Program) -> None:
    show = partial(_show, program)

    @router.get(_ONE)
    @needs(Permission.AUTHORITY_READ)
    def show_report(request: Request, report_id: UUID) -> Response:
        """Show a report as the letter that it is."""
        return show(request, UNSENT)

    @router.post(_ONE + "/send")
    @needs(Permission.AUTHORITY_READ)
    @shown_again(show)
    def send(request: Request, report_id: UUID) -> Response:
        """Let it go, if it says what was read."""
        sent = authority_letters.send_as_read(
            Desk.of(program),
            AuthorityReportId(report_id),
            actor=actor_of(request),
            revision=_revision(request),
            mark=form_of(request).get("read", ""),
        )
        waits = sent.state is AuthorityReportState.PLANNED
        return _back(report_id, "authority-first" if waits else "authority-sent")

    @router.post(_ONE + "/decline")
    @needs(Permission.AUTHORITY_READ)
    @shown_again(show)
    def decline(request: Request, report_id: UUID) -> Response:
        """Say no to it."""
        Desk.of(program).decline(
            AuthorityReportId(report_id), actor=actor_of(request), revision=_revision(request)
        )
        return _back(report_id, "authority-declined")

    @router.post(_ONE + "/priority")
    @needs(Permission.AUTHORITY_SEND)
    @shown_again(show)
    def hurry(request: Request, report_id: UUID) -> Response:
        """Set how soon it is due."""
        Desk.of(program).hurry(
            AuthorityReportId(report_id),
            _priority(request),
            actor=actor_of(request),
            revision=_revision(request),
        )
        return _back(report_id, "authority-priority")


def _add_carrying(router: APIRouter, program: Program) -> None:
    show = partial(_show, program)

    @router.post(_ONE + "/withdraw")
    @needs(Permission.AUTHORITY_READ)
    @shown_again(show)
    def withdraw(request: Request, report_id: UUID) -> Response:
        """Take it back while nobody has it."""
        Desk.of(program).withdraw(
            AuthorityReportId(report_id), actor=actor_of(request), revision=_revision(request)
        )
        return _back(report_id, "authority-withdrawn")

    @router.post(_ONE + "/go-on")
    @needs(Permission.AUTHORITY_SEND)
    @shown_again(show)
    def go_on(request: Request, report_id: UUID) -> Response:
        """Let a stuck report go on, with what was sent or with what the record says now."""
        anew = form_of(request).get("anew") == "yes"
        Desk.of(program).let_go_on(AuthorityReportId(report_id), actor=actor_of(request), anew=anew)
        return _back(report_id, "authority-goes-on")

    @router.post(_ONE + "/reference")
    @needs(Permission.AUTHORITY_READ)
    @shown_again(show)
    def write_reference(request: Request, report_id: UUID) -> Response:
        """Write down under which reference the authority has it."""
        Desk.of(program).record_reference(
            AuthorityReportId(report_id),
            form_of(request).get("reference", ""),
            actor=actor_of(request),
            revision=_revision(request),
        )
        return _back(report_id, "authority-filed")


def _show(program: Program, request: Request, form: Form) -> Response:
    report_id, actor = AuthorityReportId(_id(request.path_params["report_id"])), actor_of(request)
    with program.database.begin() as tx:
        reading = authority_letters.read(tx, program.settings, report_id, actor=actor, now=program.clock())
        report = reading.sheet.report
        asked = authority_questions.of_report(tx, report)
        clocks = report_clocks.of_report(tx, report, operator_term=program.settings.evidence.operator_term)
    may_decide = authority_letters.may_decide(report, actor)
    return page(
        request,
        program,
        "authority_report.html",
        place="authorities",
        form=form,
        reading=reading,
        asked=asked,
        report=report,
        clocks=clocks,
        ledger_words=ledger_words,
        case=reading.sheet.case,
        may_decide=may_decide,
        filling=filling_of(program, request, reading, form, may_decide=may_decide),
        may_hurry=actor.may(Permission.AUTHORITY_SEND) and report.emergency_id is None,
        priorities=tuple(Priority),
        checked=TITLES,
        checklist_states=tuple(State),
        second=reading.two and report.approved_by is None,
        may_send=actor.may(Permission.AUTHORITY_SEND),
        may_reread=actor.may(Permission.AUTHORITY_REREAD),
        proven=is_proven(request, program),
        expires_at=expires_at(reading.filing) if reading.filing is not None else None,
        sent_by_viewer=report.approved_by is not None and report.approved_by == actor.user_id,
    )


def _back(report_id: UUID, done: str) -> Response:
    return go(f"{LISTED}/{report_id}", done=done)


def _revision(request: Request) -> int:
    try:
        return int(form_of(request).get("revision", ""))
    except ValueError:
        raise BadForm("revision: it is missing.") from None


def _priority(request: Request) -> Priority:
    try:
        return Priority(int(form_of(request).get("priority", "")))
    except ValueError:
        raise BadForm("priority: choose one.", field="priority") from None


def _id(said: object) -> UUID:
    try:
        return UUID(str(said))
    except ValueError:
        raise NotFound("There is no such authority report.") from None
