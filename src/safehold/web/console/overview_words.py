"""Words and addresses of the overview: what periods and slices are called, and where the counted is shown."""

from __future__ import annotations

from safehold.model.period import Period, PeriodKind
from safehold.model.permissions import Permission
from safehold.transparency.overview import Attainment, Overview
from safehold.transparency.rounding import percent
from safehold.transparency.tables import ALL, Known
from safehold.web.console.words import span
from safehold.web.language import N_, _
from safehold.web.templating import day

KINDS = N_(
    {
        PeriodKind.DAY: "day",
        PeriodKind.WEEK: "week",
        PeriodKind.MONTH: "month",
        PeriodKind.YEAR: "year",
        PeriodKind.DATES: "from one day to another",
    }
)
SLICES = N_(
    {
        "purpose": "Queue",
        "surface": "Surface",
        "source": "What brought it here",
        "category": "Category",
        "practice": "Practice",
    }
)
COUNTED_ON = {
    "open": ("/console/cases?queue={queue}&practice={practice}", Permission.CASE_READ),
    "open.late": ("/console/cases?queue={queue}&practice={practice}&due=0", Permission.CASE_READ),
    "filings.open": ("/console/authorities", Permission.AUTHORITY_READ),
    "filings.late": ("/console/authorities", Permission.AUTHORITY_READ),
    "questions.open": ("/console/authorities", Permission.AUTHORITY_READ),
    "lists": ("/console/lists", Permission.LIST_READ),
    "alarms.standing": ("/console/jobs#alarms", Permission.JOB_READ),
}
"""Where what a measure counts is shown, and which permission that needs. Cases: of one's own queues alone."""


def dates(period: Period) -> str:
    """Return a period as it is read: its first and last day, or its only one."""
    if period.first == period.last:
        return day(period.first)
    return _("%(first)s to %(last)s", first=day(period.first), last=day(period.last))


def at_once(found: Overview) -> list[tuple[str, str]]:
    """Return the figures that stand above all others: what each is called, and what it is."""
    waiting = found.spreads.get("open", {}).get((ALL,))
    return [
        (_("arrived"), found.tables["arrived"].total.words),
        (_("decided"), found.tables["decided"].total.words),
        (_("open"), found.tables["open"].total.words),
        (_("oldest case"), span(waiting.longest) if waiting else _("none")),
        (_("reports overdue"), found.tables["filings.late"].total.words),
        (_("alarms"), found.tables["alarms.standing"].total.words),
    ]


def reached(each: Attainment) -> str:
    """Return how far a target is met, "" where nobody knows or there was nothing."""
    if each.reached is None or not isinstance(each.of, Known):
        return ""
    part = round(each.reached * each.of.amount.number)
    return percent(part, each.of.amount.number)
