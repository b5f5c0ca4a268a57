"""`safehold authorities`: what authorities are to be told, what a person sent, and what came back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from safehold.cli import authority_questions
from safehold.cli.who import As, proved

if TYPE_CHECKING:
    from safehold.app.authority_reports import Desk, ReportSheet
    from safehold.app.operator import Operator
    from safehold.model.ids import AuthorityReportId
    from safehold.model.permissions import Actor

app = typer.Typer(help="Reports to authorities: planned, sent by a person, filed once.", no_args_is_help=True)

Report = Annotated[UUID, typer.Argument(help="The report, by the id that `authorities status` prints.")]
Destination = Annotated[
    str, typer.Argument(metavar="DESTINATION", help="Its name in the settings: authorities.destinations.")
]


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


@app.command("go-on")
def go_on(
    report: Report,
    as_name: As,
    anew: Annotated[
        bool, typer.Option("--anew", help="Say what the record says now, and not what was made before.")
    ] = False,
) -> None:
    """Let a stuck report go on, once what it was stuck for is mended."""
    from safehold.cli.opening import operator

    with operator() as opened:
        desk, actor, report_id, _revision = _at(opened, report, as_name)
        desk.let_go_on(report_id, actor=actor, anew=anew)
    sys.stdout.write("It goes on. What was half sent is taken back first, or sent again by the same id.\n")


@app.command("checklist")
def checklist(report: Report) -> None:
    """Print the items of a report's checklist, each with its state; no value."""
    from safehold.app import authority_checklists
    from safehold.cli.opening import SHELL, operator, printable, shown
    from safehold.model.ids import AuthorityReportId

    with operator() as opened, opened.database.begin() as tx:
        held, entered = authority_checklists.looked_at(
            tx, opened.settings, AuthorityReportId(report), actor=SHELL, now=opened.clock()
        )
        people = authority_checklists.people(tx)
    for line in held.lines:
        by = entered.get(line.item)
        who = f"  entered by {printable(people[by.entered_by])}, {shown(by.entered_at)}" if by else ""
        sys.stdout.write(f"{line.item.value}  {line.state.value}{who}\n")
    sys.stdout.write(f"{held.answered} of {len(held.lines)} answered\n")


@app.command("fill")
def fill(
    report: Report,
    values: Annotated[
        Path,
        typer.Option(
            "--from",
            help='JSON: by item, a list of values, {"not_held": "why"}, or null for not yet looked.',
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ],
    as_name: As,
) -> None:
    """Fill items of a report's checklist in, from a file: all of it or nothing. The values are sealed."""
    from safehold.app import authority_checklists
    from safehold.cli.opening import operator

    with operator() as opened:
        filled = authority_checklists.of_file(values, clock=opened.clock)
        desk, actor, report_id, _revision = _at(opened, report, as_name)
        desk.fill(
            report_id,
            authority_checklists.replacing(opened.database, report_id, filled),
            vault=authority_checklists.sealing_of(opened),
            actor=actor,
        )
    sys.stdout.write(f"Filled in: {len(filled)}. Remove the file when you need it no more.\n")


@app.command("pack")
def pack(
    report: Report,
    to: Annotated[Path, typer.Option("--to", help="The folder to write into: pack.json and pack.html.")],
    as_name: As,
) -> None:
    """Write the pack of a report, for the portal of an authority or for a hotline. It holds no media."""
    from safehold.app import authority_checklists, authority_packs
    from safehold.cli.opening import operator, printable
    from safehold.model.ids import AuthorityReportId

    with operator() as opened:
        actor = proved(opened, as_name)
        written = authority_packs.write(
            opened.database,
            opened.settings,
            AuthorityReportId(report),
            to=to,
            open_entries=authority_checklists.opener(opened),
            vault=authority_checklists.sealing_of(opened),
            actor=actor,
            now=opened.clock(),
        )
    for each in written:
        sys.stdout.write(f"{printable(each)}\n")


@app.command("sent")
def sent(report: Report, as_name: As) -> None:
    """Print what an authority was told, from the sealed copy, with each call and what came back. No media."""
    from safehold.app import authority_sent
    from safehold.app.reader.opening import OPERATING, open_reader
    from safehold.cli import authority_sent as words
    from safehold.cli.opening import operator
    from safehold.model.ids import AuthorityReportId

    with operator() as opened:
        actor = proved(opened, as_name)
        with open_reader(opened.settings, purposes=OPERATING) as reader:
            found = authority_sent.read_again(
                opened.database,
                authority_sent.opening(reader),
                AuthorityReportId(report),
                actor=actor,
                now=opened.clock(),
            )
    for line in words.lines(found):
        sys.stdout.write(line + "\n")


app.add_typer(authority_questions.app, name="question")
production = typer.Typer(
    help="Reports to a destination that are meant: two people switch it on.", no_args_is_help=True
)
app.add_typer(production, name="production")


@production.command("ask")
def ask_production(
    destination: Destination,
    as_name: As,
    statement: Annotated[
        Path | None,
        typer.Option(
            "--statement", help="Write what a co-signer outside signs into this file; it must not exist yet."
        ),
    ] = None,
) -> None:
    """Ask that reports to a destination be meant from now on. Somebody else approves it."""
    from safehold.app import production_switch
    from safehold.cli.opening import operator

    with operator() as opened:
        actor = proved(opened, as_name)
        with opened.database.begin() as tx:
            production_switch.ask(
                tx, opened.settings, destination, actor=actor, statement=statement, now=opened.clock()
            )
    sys.stdout.write("Asked. Nothing but practice goes out until somebody else approves it.\n")


@production.command("approve")
def approve_production(
    destination: Destination,
    as_name: As,
    signature: Annotated[
        Path | None,
        typer.Option(
            "--signature", help="Where one person works: the co-signer's signature of the statement."
        ),
    ] = None,
) -> None:
    """Approve it, as another person than who asked. From then on reports to this destination are meant."""
    from safehold.app import production_switch
    from safehold.cli.opening import operator

    with operator() as opened:
        actor = proved(opened, as_name)
        signed = signature.read_bytes() if signature is not None else None
        with opened.database.begin() as tx:
            production_switch.approve(
                tx, opened.settings, destination, actor=actor, signature=signed, now=opened.clock()
            )
    sys.stdout.write("Production is on: what is sent there now is meant.\n")


@production.command("end")
def end_production(destination: Destination, as_name: As) -> None:
    """End it, approved or not. From now on only practice goes out. One person suffices."""
    from safehold.authorities import production as switch
    from safehold.cli.opening import operator

    with operator() as opened:
        actor = proved(opened, as_name)
        with opened.database.begin() as tx:
            switch.end_production(tx, destination, actor=actor, now=opened.clock())
    sys.stdout.write("Ended: only practice goes there.\n")


def _at(opened: Operator, report: UUID, name: str) -> tuple[Desk, Actor, AuthorityReportId, int]:
    """Return who decides, about what, and what stands there now: a command has no page that can be stale."""
    from safehold.app import authority_reports
    from safehold.model.ids import AuthorityReportId

    report_id, actor = AuthorityReportId(report), proved(opened, name)
    with opened.database.begin() as tx:
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
