"""`safehold authorities`: what authorities are to be told, what a person sent, and what came back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

if TYPE_CHECKING:
    from safehold.app.authority_reports import Desk, ReportSheet
    from safehold.app.operator import Operator
    from safehold.model.ids import AuthorityReportId
    from safehold.model.permissions import Actor

app = typer.Typer(help="Reports to authorities: planned, sent by a person, filed once.", no_args_is_help=True)

Report = Annotated[UUID, typer.Argument(help="The report, by the id that `authorities status` prints.")]
As = Annotated[str, typer.Option("--as", help="Who decides: the name of an active person who may.")]


@app.command("status")
def status(
    case: Annotated[
        UUID | None, typer.Argument(help="A case, by its id: all its reports. Left out: all open ones.")
    ] = None,
) -> None:
    """Print the reports that are open, the soonest due first, or all of one case."""
    from safehold.app import authority_reports
    from safehold.cli.opening import SHELL, operator
    from safehold.model.ids import CaseId

    with operator() as opened, opened.database.begin() as tx:
        found = (
            authority_reports.waiting(tx, actor=SHELL)
            if case is None
            else authority_reports.sheets_of_case(tx, CaseId(case), actor=SHELL)
        )
    for each in found:
        sys.stdout.write(_line(each) + "\n")
    if not found:
        sys.stderr.write("No report to an authority is open.\n" if case is None else "It has none.\n")


@app.command("plan")
def plan(case: Annotated[UUID, typer.Argument(help="A case, by its id.")]) -> None:
    """Plan anew what of a case is confirmed and told nobody yet, as the settings are now."""
    from safehold.app import authority_reports
    from safehold.cli.opening import SHELL, operator
    from safehold.model.ids import CaseId

    with operator() as opened, opened.database.begin() as tx:
        authority_reports.plan_case(tx, CaseId(case), settings=opened.settings, now=opened.clock())
        found = authority_reports.sheets_of_case(tx, CaseId(case), actor=SHELL)
    for each in found:
        sys.stdout.write(_line(each) + "\n")
    if not found:
        sys.stderr.write("Nothing is planned: `safehold audit export` says why, item by item.\n")


@app.command("file")
def file(report: Report, as_name: As) -> None:
    """Send a planned report: the machine files it, or somebody takes its pack to the authority."""
    from safehold.cli.opening import operator
    from safehold.model.authority_report import AuthorityReportState

    with operator() as opened:
        desk, actor, report_id, revision = _at(opened, report, as_name)
        sent = desk.send(report_id, actor=actor, revision=revision)
    if sent.state is AuthorityReportState.PLANNED:
        sys.stdout.write("Noted. Somebody else sends it as well: `authorities file` with their name.\n")
    elif sent.kind.by_hand:
        sys.stdout.write("Take it there, then write down what came back: `authorities reference`.\n")
    else:
        sys.stdout.write("A worker files it; `authorities status` says how far it is.\n")


@app.command("reference")
def reference(
    report: Report,
    words: Annotated[str, typer.Argument(metavar="REFERENCE", help="What the authority calls it.")],
    as_name: As,
) -> None:
    """Write down under which reference an authority has a report that was taken there by hand."""
    from safehold.cli.opening import operator

    with operator() as opened:
        desk, actor, report_id, revision = _at(opened, report, as_name)
        desk.record_reference(report_id, words, actor=actor, revision=revision)
    sys.stdout.write("It is filed.\n")


@app.command("decline")
def decline(report: Report, as_name: As) -> None:
    """Say no to a planned report. What it would have told can be planned anew."""
    from safehold.cli.opening import operator

    with operator() as opened:
        desk, actor, report_id, revision = _at(opened, report, as_name)
        desk.decline(report_id, actor=actor, revision=revision)
    sys.stdout.write("It is declined.\n")


@app.command("withdraw")
def withdraw(report: Report, as_name: As) -> None:
    """Take back a report that is being sent. What the authority has by then takes a correction."""
    from safehold.cli.opening import operator

    with operator() as opened:
        desk, actor, report_id, revision = _at(opened, report, as_name)
        desk.withdraw(report_id, actor=actor, revision=revision)
    sys.stdout.write("It is withdrawn.\n")


def _at(opened: Operator, report: UUID, name: str) -> tuple[Desk, Actor, AuthorityReportId, int]:
    """Return who decides, about what, and what stands there now: a command has no page that can be stale."""
    from safehold.app import authority_reports
    from safehold.app.access import users
    from safehold.model.ids import AuthorityReportId

    report_id = AuthorityReportId(report)
    with opened.database.begin() as tx:
        actor = users.acting_as(tx, name)
        revision = authority_reports.sheet(tx, report_id, actor=actor).report.revision
    return authority_reports.Desk.of_operator(opened), actor, report_id, revision


def _line(sheet: ReportSheet) -> str:
    from safehold.cli.opening import printable, shown

    report = sheet.report
    told = sum(one.first_told for one in sheet.items)
    words = [
        f"case {sheet.case.number}",
        printable(report.destination),
        report.state.value,
        f"priority {int(report.priority)}",
        f"due {shown(report.due_at)}" if report.state.is_open else f"ended {shown(report.ended_at)}",
        f"{len(sheet.items)} items ({told} told first)",
        f"{report.relation.value}" if report.relation else "",
        "unverified" if report.unverified else "",
        "rehearsal" if report.rehearsal else "",
        f"reference {printable(report.reference)}" if report.reference else "",
        str(report.id),
    ]
    return "  ".join(word for word in words if word)
