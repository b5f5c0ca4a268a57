"""Words and addresses of the overview: what periods and slices are called, and where the counted is shown."""

from __future__ import annotations

from safehold.model.period import Period, PeriodKind
from safehold.model.permissions import Permission
from safehold.transparency.overview import Attainment, Overview
from safehold.transparency.overview_pages import Line, LiveFigure
from safehold.transparency.overview_texts import counted
from safehold.transparency.rounding import percent
from safehold.transparency.tables import ALL, Known
from safehold.web.console.code_words import LABELS
from safehold.web.console.words import span
from safehold.web.language import N_, _, ngettext, translated
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
        (_("arrived"), _told(found, "arrived")),
        (_("decided"), _told(found, "decided")),
        (_("open"), _told(found, "open")),
        (_("oldest case"), span(waiting.longest) if waiting else _("none")),
        (_("reports overdue"), _told(found, "filings.late")),
        (_("alarms"), _told(found, "alarms.standing")),
    ]


def total(figure: LiveFigure) -> str:
    """Return what a figure amounts to, with what it counts, or what stands in its place."""
    if not isinstance(figure.amount, Known):
        return translated(figure.amount.words)
    one, many = counted(figure.measure.unit)
    return ngettext(one, many, figure.amount.amount.number, count=figure.amount.words)


def answer(label: str) -> str:
    """Return an answer as it is read: a code of ours in the words that it has on other pages."""
    return translated(LABELS.get(label, label))


def answered(line: Line) -> tuple[str, str]:
    """Return what a line is about, in words, and the code that settings, metrics and files have for it.

    Either is "" where there is none: a name that somebody gave, such as that of an authority, has no words.
    """
    if not line.is_code:
        return translated(line.label), ""
    words = LABELS.get(line.label, "")
    return translated(words), "" if words == line.label else line.label


def reached(each: Attainment) -> str:
    """Return how far a target is met, "" where nobody knows or there was nothing."""
    if each.reached is None or not isinstance(each.of, Known):
        return ""
    part = round(each.reached * each.of.amount.number)
    return translated(percent(part, each.of.amount.number))


def _told(found: Overview, measure_id: str) -> str:
    return translated(found.tables[measure_id].total.words)
