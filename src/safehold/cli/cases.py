"""`safehold cases`: what waits and what was decided, in numbers and states."""

from __future__ import annotations

import sys
from typing import Annotated
from uuid import UUID

import typer

from safehold.model.hash_list import Purpose

app = typer.Typer(help="Cases: what waits, what was decided.", no_args_is_help=True)


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many.")] = 50,
) -> None:
    """Print open cases in the order in which they are offered."""
    from safehold.cli.opening import operator, shown
    from safehold.review import cases

    with operator() as opened, opened.database.begin() as tx:
        waiting = cases.queue(tx, purposes=tuple(Purpose), limit=limit)
        for summary in waiting:
            case = summary.case
            why = "; ".join(part.name for part in case.priority_parts)
            sys.stdout.write(
                f"{case.number}  {case.purpose.value}  priority {case.priority} ({why})"
                f"  opened {shown(case.opened_at)}  {case.id}\n"
            )
    if not waiting:
        sys.stderr.write("No case is open.\n")


@app.command("contact")
def contact(
    item_or_case: Annotated[
        UUID,
        typer.Argument(
            help="The item, by the id that its case's page in the console shows, or a case of one item."
        ),
    ],
) -> None:
    """Print how to reach whoever reported a page: the reader opens it, and puts that on record."""
    from safehold.app.reader import orders
    from safehold.cli.opening import printable, settings

    sys.stdout.write(f"{printable(orders.contact(settings(), item_or_case))}\n")
