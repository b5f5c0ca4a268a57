"""The annual report of an installation: its figures, the year before, and whether its records are whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from safehold.app import records_check
from safehold.app.audit.anchors.base import Anchor
from safehold.app.settings_transparency import TransparencySettings
from safehold.model.figure_errors import YearAhead
from safehold.storage import yearly
from safehold.storage.database import Database, Tx
from safehold.transparency.catalogue import CATALOGUE
from safehold.transparency.recorded import Counted, counted, span_of
from safehold.transparency.report import AnnualReport, tables_of


def make(
    database: Database,
    year: int,
    *,
    settings: TransparencySettings,
    now: datetime,
    audited: bool = True,
    anchors: Sequence[Anchor] = (),
) -> AnnualReport:
    """Return the report of a year from everything that was recorded, read as it is at one instant.

    audited: whether the audit log is recomputed and compared, and the report says what was found. Raises
    YearAhead for a year that has not begun.
    """
    zone = settings.zone
    span = span_of(year, zone)
    if now < span.begins:
        raise YearAhead(f"{year} has not begun yet.")
    with database.begin() as tx:
        yearly.read_alike(tx)
        found = counted(tx, year, zone=zone, now=now)
        before = _before(tx, year, zone, now)
        compared = list(records_check.settled(tx, span)) if audited else []
    checked = [*compared, *records_check.chain(database, anchors)] if audited else [records_check.NOT_CHECKED]
    return AnnualReport(
        year=year,
        publisher=settings.publisher,
        catalogue=CATALOGUE,
        tables=tables_of(CATALOGUE, found.year),
        before=tables_of(CATALOGUE, before.year) if before is not None else None,
        made_from=(_when(found, zone, now), *checked),
        made_at=now,
        provisional=not found.over,
    )


def _before(tx: Tx, year: int, zone: ZoneInfo, now: datetime) -> Counted | None:
    first = yearly.first_event(tx)
    if first is None or first >= span_of(year, zone).begins:
        return None
    return counted(tx, year - 1, zone=zone, now=now)


def _when(found: Counted, zone: ZoneInfo, now: datetime) -> str:
    said = f"Counted from recorded events on {now:%d %B %Y at %H:%M} UTC; the year is that of {zone.key}."
    if found.over:
        return f"{said} What happened after its end changes none of its figures and is among the corrections."
    return f"{said} The year was not over."
