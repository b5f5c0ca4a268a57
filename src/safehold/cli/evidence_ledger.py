"""`safehold evidence clocks`, `ledger`, `forecast`: what is kept, why, until when, and what expires."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from safehold.cli.evidence_orders import ItemOrCase

if TYPE_CHECKING:
    from safehold.evidence.ledger import Kept, LedgerLine
    from safehold.model.ids import ClockId
    from safehold.model.retention import RetentionClock

COLUMNS = ("what", "why", "about", "since", "until", "set_by", "ended_at", "destroyed_at")


class Format(StrEnum):
    """How the ledger is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def clocks(
    item_or_case: ItemOrCase,
    with_reasons: Annotated[
        bool, typer.Option("--reasons", help="Print the reasons of holds and orders too.")
    ] = False,
) -> None:
    """Print until when evidence is kept, and each clock that says so; of what has no bytes its holds."""
    from safehold.app import evidence_orders
    from safehold.cli.opening import operator, shown
    from safehold.evidence import ledger

    with operator() as opened, opened.database.begin() as tx:
        found = ledger.kept(tx, evidence_orders.reach_of(tx, item_or_case))
        ids = [clock.id for each in found for clock in each.clocks]
        reasons = ledger.reasons(tx, ids) if with_reasons else {}
    for each in found:
        until = each.until
        said = f"{until.rule.value}, destroyed {shown(until.destroy_at)}" if until else "nothing is sealed"
        sys.stdout.write(f"{each.what}  {said}\n")
        _print_clocks(each, reasons)


def ledger(
    since: Annotated[
        datetime | None,
        typer.Option("--since", help="Only what began, ended or was destroyed from this day on, in UTC."),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TABLE,
) -> None:
    """Print what is or was kept, why, until when, and when it was destroyed: one line for each reason."""
    from safehold.cli.opening import operator
    from safehold.evidence import ledger as book

    begins = since.replace(tzinfo=UTC) if since is not None else None
    with operator() as opened, opened.database.begin() as tx:
        _write(map(_row, book.lines(tx, since=begins)), format_)


def forecast(
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="How far ahead.")] = 90,
    limit: Annotated[int, typer.Option("--limit", min=0, help="At most so many by id.")] = 1000,
) -> None:
    """Print what expires within some days: how much on which basis, and each by its id."""
    from safehold.cli.opening import operator, shown
    from safehold.evidence import ledger as book

    with operator() as opened, opened.database.begin() as tx:
        coming = book.forecast(tx, now=opened.clock(), days=days, limit=limit)
    for why, many in coming.counts.items():
        sys.stdout.write(f"{many}  {why}\n")
    for each in coming.first:
        sys.stdout.write(f"{shown(each.at)}  {each.why}  {each.what}\n")
    if not coming.counts:
        sys.stderr.write(f"Nothing expires until {shown(coming.until)}.\n")


def _print_clocks(kept: Kept, reasons: dict[ClockId, str]) -> None:
    from safehold.cli.opening import printable, shown

    for clock in kept.clocks:
        sys.stdout.write(
            f"  {clock.basis.value}  since {shown(clock.since)}  until {shown(clock.until)}"
            f"  set by {clock.set_by}  about {clock.about}{_state(clock)}\n"
        )
        for line in reasons.get(clock.id, "").splitlines():
            sys.stdout.write(f"    {printable(line)}\n")


def _state(clock: RetentionClock) -> str:
    from safehold.cli.opening import shown

    if clock.ended_at is not None:
        return f"  ended {shown(clock.ended_at)} by {clock.ended_by}"
    if clock.confirmed_at is not None:
        return f"  confirmed {shown(clock.confirmed_at)} by {clock.confirmed_by}"
    return "  waits for somebody to confirm it" if clock.until is None and not clock.holds else ""


def _row(line: LedgerLine) -> dict[str, str]:
    return {
        "what": line.what,
        "why": line.why,
        "about": str(line.about or ""),
        "since": _instant(line.since),
        "until": _instant(line.until),
        "set_by": line.set_by or "",
        "ended_at": _instant(line.ended_at),
        "destroyed_at": _instant(line.destroyed_at),
    }


def _instant(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds") if at else ""


def _write(rows: Iterable[dict[str, str]], format_: Format) -> None:
    if format_ is Format.CSV:
        table = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        return
    for row in rows:
        if format_ is Format.JSON:
            sys.stdout.write(json.dumps({name: said or None for name, said in row.items()}) + "\n")
        else:
            sys.stdout.write("  ".join(row[name] or "—" for name in COLUMNS) + "\n")
