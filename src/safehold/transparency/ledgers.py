"""Ledgers of a period: a row for each list, change, filing or restriction, as regulators ask to see them.

What nobody recorded is None in a row, and never 0 or an empty text. No row names an account or a person.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from safehold.model.figures import share
from safehold.storage import practice, practice_ledgers
from safehold.storage.database import Tx
from safehold.storage.yearly import Span

Value = str | int | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column. name: in files; title: as it is read; number: whether it holds numbers."""

    name: str
    title: str
    number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Rows of one kind, in their order."""

    id: str
    title: str
    means: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]

    def as_csv(self) -> str:
        """Return it as CSV with a line of names; what is not recorded is an empty field."""
        written = io.StringIO()
        rows = csv.writer(written, lineterminator="\n")
        rows.writerow([column.name for column in self.columns])
        rows.writerows([[_harmless(value) for value in row] for row in self.rows])
        return written.getvalue()

    def as_object(self) -> dict[str, Any]:
        """Return it for JSON: each row as an object, what is not recorded as null."""
        names = [column.name for column in self.columns]
        rows = [dict(zip(names, row, strict=True)) for row in self.rows]
        return {"ledger": self.id, "title": self.title, "means": self.means, "rows": rows}


def _harmless(value: Value) -> Value:
    """Keep a spreadsheet from taking a text for a formula: operators name lists and sources as they like."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def plain(value: Any) -> Value:
    """Return a value as it stands in a ledger: instants in UTC to the second, yes and no in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value if value is None or isinstance(value, int) else str(value)


Made = Callable[[Tx, Span], Ledger]
"""What reads a ledger of a period."""


def _as_recorded(
    id: str,
    title: str,
    means: str,
    columns: tuple[Column, ...],
    read: Callable[[Tx, Span], Iterable[Any]],
) -> Made:
    """Return the ledger whose rows are those of the records, each column as the record names it."""

    def made(tx: Tx, span: Span) -> Ledger:
        rows = (tuple(plain(getattr(row, column.name)) for column in columns) for row in read(tx, span))
        return Ledger(id=id, title=title, means=means, columns=columns, rows=tuple(rows))

    return made


_LISTS = (
    Column("name", "List"),
    Column("purpose", "Purpose"),
    Column("source", "Source"),
    Column("vetted", "Vetted here"),
    Column("provenance", "Provenance"),
    Column("max_distance", "Radius, bits", number=True),
    Column("may_hold", "May hold"),
    Column("hold_max_distance", "Radius that may hold, bits", number=True),
    Column("needs_second_source", "Needs a second source"),
    Column("stale_after_seconds", "Stale after, seconds", number=True),
    Column("created_at", "Declared"),
    Column("last_at", "Last change"),
    Column("added", "Added", number=True),
    Column("removed", "Removed", number=True),
    Column("withdrawn_at", "Withdrawn"),
)


lists = _as_recorded(
    "lists",
    "Lists",
    "Each list in earnest, as it was set when the period ended; entries added and removed in it.",
    _LISTS,
    practice_ledgers.lists,
)
"""Each list as it was set when the period ended, with what came and went in the period."""


_NUMBERS_OF_CHANGES = ("added", "removed", "known", "withdrawn", "bad_lines")
_SETTINGS_OF_LISTS = (
    "max_distance",
    "hold_max_distance",
    "may_hold",
    "vetted",
    "source",
    "needs_second_source",
    "needs_exact",
    "match_turned",
)
_CHANGES = (
    Column("at", "When"),
    Column("list", "List"),
    Column("change", "Change"),
    Column("reason", "Reason"),
    *(Column(name, name.replace("_", " ").capitalize(), number=True) for name in _NUMBERS_OF_CHANGES),
    Column("settings", "Settings from then on"),
)


def list_changes(tx: Tx, span: Span) -> Ledger:
    """Return what was done to lists: settings, imports, withdrawals with their reason."""
    return Ledger(
        id="list-changes",
        title="Changes of lists and of their settings",
        means="Every change of a list in the period, from the audit log: radii and powers as set, entries.",
        columns=_CHANGES,
        rows=tuple(_change(row) for row in practice_ledgers.list_records(tx, span)),
    )


def _change(row: Any) -> tuple[Value, ...]:
    said: Mapping[str, Any] = row.detail
    settings = [f"{name} = {plain(said[name])}" for name in _SETTINGS_OF_LISTS if said.get(name) is not None]
    numbers = [plain(said.get(name)) for name in _NUMBERS_OF_CHANGES]
    change = row.verb.removeprefix("list.")
    return (plain(row.at), row.list, change, plain(said.get("reason")), *numbers, "; ".join(settings) or None)


_PRECISION = (
    Column("list", "List"),
    Column("nearness", "How near"),
    Column("matched", "Items matched", number=True),
    Column("confirmed", "Confirmed", number=True),
    Column("cleared", "Cleared", number=True),
    Column("undecided", "Undecided", number=True),
    Column("seen", "Seen by a person", number=True),
    Column("precision", "Precision of what was decided", number=True),
    Column("low", "95 % interval, from", number=True),
    Column("high", "to", number=True),
)


def precision(tx: Tx, span: Span) -> Ledger:
    """Return by list and distance how much of what people decided they confirmed, with Wilson's interval."""
    counted: dict[tuple[str, str], dict[str, int]] = {}
    for row in practice.matched(tx, span):
        place = counted.setdefault((row.list, row.nearness), {})
        place[row.became] = place.get(row.became, 0) + row.many
        if row.seen == "yes":
            place["seen"] = place.get("seen", 0) + row.many
    return Ledger(
        id="precision",
        title="Precision of lists",
        means=(
            "Items that matched, by list, and by whether within the radius that may hold. Precision is the"
            " share that people confirmed of what they decided: those that wait are in no share."
        ),
        columns=_PRECISION,
        rows=tuple(_precise(*place, counted[place]) for place in sorted(counted, key=_near_first)),
    )


def _near_first(place: tuple[str, str]) -> tuple[str, bool]:
    return place[0], place[1] != "near"


def _precise(name: str, nearness: str, counted: Mapping[str, int]) -> tuple[Value, ...]:
    states = [counted.get(state, 0) for state in ("confirmed", "cleared", "undecided")]
    found = share(states[0], states[0] + states[1])
    shares = (
        None if each is None else f"{each * 100:.1f} %" for each in (found.value, found.low, found.high)
    )
    return (name, nearness, sum(states), *states, counted.get("seen", 0), *shares)


_FILINGS = (
    Column("id", "Our report"),
    Column("kind", "Authority"),
    Column("destination", "Destination"),
    Column("priority", "Priority", number=True),
    Column("state", "State at the end"),
    Column("planned_at", "Planned"),
    Column("due_at", "Due"),
    Column("sent_at", "Sent on by a person"),
    Column("filed_at", "Filed"),
    Column("ended_at", "Withdrawn or declined"),
    Column("in_time", "In time"),
    Column("reference", "Their reference"),
    Column("relation", "Relation"),
    Column("follows", "Follows"),
    Column("unverified", "Unverified"),
    Column("items", "Items", number=True),
    Column("viewed", "of which a person saw clearly", number=True),
    Column("files", "Files they took", number=True),
    Column("left_out", "Files left out", number=True),
    Column("calls", "Calls", number=True),
    Column("failed", "of which failed or were refused", number=True),
    Column("kept_until", "What was told is kept until"),
    Column("reference_kept_until", "Their reference is kept until"),
)


def filings(kind: str, title: str) -> Made:
    """Return the ledger of what was told to authorities of one kind."""
    return _as_recorded(
        f"filings-{kind.replace('_', '-')}",
        title,
        "Each report that was planned, sent on or filed in the period, as it stood at its end.",
        _FILINGS,
        lambda tx, span: (row for row in practice_ledgers.filings(tx, span) if row.kind == kind),
    )


_QUESTIONS = (
    Column("report_id", "Our report"),
    Column("received_at", "Received"),
    Column("due_at", "Due"),
    Column("answered_at", "Answered"),
)


questions = _as_recorded(
    "questions",
    "Questions of authorities",
    "Questions that came back in the period, and their answers up to its end.",
    _QUESTIONS,
    practice_ledgers.questions,
)
"""The questions that authorities asked back, and when each was answered."""


_POLICIES = (Column("version", "Version"), Column("first_used_at", "First in use"))


policies = _as_recorded(
    "policies",
    "Versions of the policy text",
    "Each version that stood beside the form up to the end of the period.",
    _POLICIES,
    practice_ledgers.policies,
)
"""The versions of the policy text that people had beside the form."""
