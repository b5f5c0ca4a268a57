"""`safehold cases`: what waits and what was decided, in numbers and states."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from safehold.model.case_filter import (
    ANYTHING,
    HIGHEST_NEED,
    MOST_HOURS,
    CaseFilter,
    Holder,
    Reason,
    fields_of,
)
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.queue import Stage

if TYPE_CHECKING:
    from safehold.review.filters import Shown

app = typer.Typer(help="Cases: what waits, what was decided.", no_args_is_help=True)


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many.")] = 50,
    queue: Annotated[list[Purpose] | None, typer.Option("--queue", help="Of one of these queues.")] = None,
    kind: Annotated[list[ExposureKind] | None, typer.Option("--kind", help="Of one of these kinds.")] = None,
    stage: Annotated[list[Stage] | None, typer.Option("--stage", help="Waits for one of these.")] = None,
    why: Annotated[list[Reason] | None, typer.Option("--why", help="For all of these reasons.")] = None,
    need: Annotated[int, typer.Option("--need", min=0, max=HIGHEST_NEED, help="Of this need or more.")] = 0,
    hours: Annotated[int, typer.Option("--open", min=0, max=MOST_HOURS, help="Open for so many hours.")] = 0,
    due: Annotated[
        int | None,
        typer.Option("--due", min=0, max=MOST_HOURS, help="Due in so many hours; 0: overdue."),
    ] = None,
    held: Annotated[
        bool | None, typer.Option("--held/--free", help="Whether somebody works on it.", show_default=False)
    ] = None,
    surface: Annotated[str, typer.Option("--surface", help="With an item that appeared there.")] = "",
    list_name: Annotated[str, typer.Option("--list", help="With an item that matches this list.")] = "",
    signal: Annotated[list[str] | None, typer.Option("--signal", help="Matched by one of these.")] = None,
    skill: Annotated[str, typer.Option("--skill", help="Asks for this skill.")] = "",
    lead: Annotated[
        bool | None,
        typer.Option("--lead/--no-lead", help="Whether it is for a lead.", show_default=False),
    ] = None,
    practice: Annotated[
        bool | None, typer.Option("--practice/--real", help="Whether it is for practice.", show_default=False)
    ] = None,
) -> None:
    """Print open cases in the order in which they are offered: all, or those of a filter, and their number.

    Options of one name are alternatives, and reasons hold together, as in the console.
    """
    from safehold.app import console_filtering
    from safehold.cli.opening import SHELL, operator
    from safehold.lists import ledger
    from safehold.review import filters

    asked = CaseFilter(
        queues=frozenset(queue or ()),
        kinds=frozenset(kind or ()),
        stages=frozenset(stage or ()),
        reasons=frozenset(why or ()),
        need_from=need,
        held=None if held is None else Holder.OTHERS if held else Holder.NOBODY,
        open_hours=hours,
        due_hours=due,
        surface=surface,
        signals=frozenset(signal or ()),
        skill=skill,
        for_lead=lead,
        practice=practice,
    )
    with operator() as opened, opened.database.begin() as tx:
        if list_name:
            asked = replace(asked, list_id=ledger.named(tx, list_name).id)
        # Read as the console reads it: what cannot be chosen there is refused here.
        wanted = console_filtering.read(tx, fields_of(asked), settings=opened.settings, actor=SHELL)
        found = filters.show(tx, wanted, actor=SHELL, limit=limit, now=opened.clock())
    _print(found, is_filter=wanted != ANYTHING)


def _print(found: Shown, *, is_filter: bool) -> None:
    from safehold.cli.opening import shown

    for summary in found.cases:
        case = summary.case
        why = "; ".join(part.name for part in case.priority_parts)
        sys.stdout.write(
            f"{case.number}  {case.purpose.value}  priority {case.priority} ({why})"
            f"  opened {shown(case.opened_at)}  {case.id}\n"
        )
    if not found.cases:
        sys.stderr.write("No open case is so.\n" if is_filter else "No case is open.\n")
    elif is_filter:
        more = " or more" if found.counted_out else ""
        sys.stderr.write(f"{len(found.cases)} of {found.total:,}{more}.\n")


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
