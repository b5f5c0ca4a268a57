"""`safehold authorities question`: what an authority asks about a report, and how it was answered."""

from __future__ import annotations

import sys
from typing import Annotated
from uuid import UUID

import typer

from safehold.cli.who import As, proved

app = typer.Typer(
    help="What the National Crime Agency asks about a report: answered within seven days.",
    no_args_is_help=True,
)


@app.command("list")
def list_open() -> None:
    """Print the questions that wait for an answer, the soonest due first."""
    from safehold.app import authority_questions
    from safehold.cli.opening import SHELL, operator, printable, shown

    with operator() as opened, opened.database.begin() as tx:
        found = authority_questions.open_ones(tx, actor=SHELL)
    for each in found:
        asked = each.question
        words = (
            f"case {each.case_number}",
            printable(asked.reference),
            f"due {shown(asked.due_at)}",
            asked.id,
        )
        sys.stdout.write("  ".join(map(str, words)) + "\n")
    if not found:
        sys.stderr.write("No question waits for an answer.\n")


@app.command("record")
def record(
    report: Annotated[UUID, typer.Argument(help="The filed report that they ask about, by its id.")],
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="What they call the question.")],
    received: Annotated[
        str,
        typer.Option("--received", help="When it came: 2026-11-20T09:00 in London, or with its zone."),
    ],
    as_name: As,
    due: Annotated[
        str, typer.Option("--due", help="Until when they want the answer, where that is sooner.")
    ] = "",
) -> None:
    """Write a question down. From then on its clock runs, and an alarm comes two days before it ends."""
    from safehold.app import authority_questions
    from safehold.app.authority_reports import Desk
    from safehold.cli.opening import operator
    from safehold.model.ids import AuthorityReportId

    with operator() as opened:
        actor = proved(opened, as_name)
        question_id = authority_questions.record(
            Desk.of_operator(opened),
            AuthorityReportId(report),
            reference=reference,
            received=received,
            due=due,
            actor=actor,
        )
    sys.stdout.write(f"{question_id}\n")


@app.command("answer")
def answer(
    question: Annotated[UUID, typer.Argument(help="The question, by the id that `record` printed.")],
    as_name: As,
    by_report: Annotated[
        UUID | None, typer.Option("--report", help="The report, filed since, that answers it.")
    ] = None,
    words: Annotated[str, typer.Option("--reference", help="Or under which reference it was answered.")] = "",
) -> None:
    """Write down how a question was answered: by a report, or otherwise. Its clock ends with that."""
    from safehold.app import authority_questions
    from safehold.app.authority_reports import Desk
    from safehold.cli.opening import operator
    from safehold.model.ids import AuthorityQuestionId, AuthorityReportId

    with operator() as opened:
        actor = proved(opened, as_name)
        authority_questions.answer(
            Desk.of_operator(opened),
            AuthorityQuestionId(question),
            supplement=AuthorityReportId(by_report) if by_report is not None else None,
            words=words,
            actor=actor,
        )
    sys.stdout.write("It is answered.\n")
