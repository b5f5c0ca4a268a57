"""The least that a report to the CyberTipline says, with the bytes of all its items, for tests of filing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from safehold.authorities.contents import ContentFile, Contents
from safehold.authorities.destinations.ncmec_cybertipline import wire
from safehold.model.authority_report import AuthorityReport, ReportedItem
from safehold.storage import evidence as evidence_rows
from safehold.storage.database import Tx


def least_report(now: datetime) -> wire.Report:
    """Return the smallest report that is taken, of what happened a month before."""
    return wire.Report(
        incident_summary=wire.IncidentSummary(
            incident_type=wire.IncidentType.IMAGERY, incident_date_time=now - timedelta(days=30)
        ),
        internet_details=(wire.InternetDetails(web_page_incident=wire.WebPageIncident()),),
        reporter=wire.Reporter(reporting_person=wire.Person(email=(wire.Email(address="a@example.org"),))),
    )


def least_details(report_id: int, file_id: str) -> wire.FileDetails:
    """Return the least that can be said of a file."""
    return wire.FileDetails(report_id=report_id, file_id=file_id, file_viewed_by_esp=False)


def least_contents(
    tx: Tx, _report: AuthorityReport, items: Sequence[ReportedItem], now: datetime, **more: Any
) -> Contents:
    """Say the least, with every item of the report as a file. more: fields of Contents besides."""
    files = []
    for one in items:
        media_id = evidence_rows.media_of_item(tx, one.item_id)
        files.append(ContentFile(item_id=one.item_id, media_id=media_id, size=1, details=least_details))
    return Contents(report=least_report(now), files=tuple(files), **more)
