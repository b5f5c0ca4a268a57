"""`safehold stats transparency`: what everybody may read on /transparency, shown first, then published."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from safehold.transparency.packs.pack import Period

_DAY = "%Y-%m-%d"


def transparency(
    first: Annotated[
        datetime | None, typer.Option("--from", formats=[_DAY], help="The first day of the figures.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=[_DAY], help="The last day of the figures.")
    ] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Publish which technology runs where, and the figures.")
    ] = False,
    withdraw: Annotated[
        bool,
        typer.Option("--withdraw", help="Take back the figures of these days; without days, everything."),
    ] = False,
) -> None:
    """Show what would be published of a period, publish it, or take it back.

    Small numbers are withheld before anything is published, and no day can be published twice.
    """
    from safehold.app import publishing
    from safehold.cli.opening import SHELL, operator
    from safehold.transparency.packs.pack import Period

    if (first is None) is not (last is None) or (publish and withdraw):
        raise typer.BadParameter("name both --from and --to, and one of --publish and --withdraw.")
    if first is None and not (publish or withdraw):
        raise typer.BadParameter("name the days with --from and --to.")
    with operator() as opened, opened.database.begin() as tx:
        zone, now = opened.settings.transparency.zone, opened.clock()
        period = Period(first.date(), last.date(), zone) if first and last else None
        if withdraw:
            publishing.withdraw(tx, period, actor=SHELL, now=now)
        elif publish:
            publishing.publish(tx, opened.settings, period, actor=SHELL, now=now)
        elif period is not None:
            _say(publishing.preview(tx, period, now=now), period)
    if publish or withdraw:
        sys.stdout.write("Published.\n" if publish else "Taken back.\n")


def _say(figures: list[dict[str, Any]], period: Period) -> None:
    sys.stdout.write(f"{period.first} to {period.last}, as it would be published:\n")
    for table in figures:
        for cell in table["cells"]:
            place = " ".join(cell["place"].values()).replace("*", "all")
            number = cell["number"] if cell["state"] == "known" else cell["state"].replace("_", " ")
            sys.stdout.write(f"{table['title']}{f' ({place})' if place else ''}: {number}\n")
