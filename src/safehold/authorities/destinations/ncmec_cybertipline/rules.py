"""What would be refused although each element by itself is right: rules between elements, and about time."""

from __future__ import annotations

from datetime import datetime

from safehold.authorities.destinations.ncmec_cybertipline import elements, wire
from safehold.authorities.destinations.ncmec_cybertipline.elements import Problem


def of_report(report: wire.Report, *, now: datetime) -> list[Problem]:
    """Return why a report would be refused, nothing where it would be taken. now: what our clock says."""
    found = elements.problems("report", report)
    if not report.internet_details:
        found.append(Problem("report.internetDetails", "at least one is needed"))
    for details in report.internet_details:
        given = [name for name in details.__dataclass_fields__ if getattr(details, name) is not None]
        if len(given) != 1:
            found.append(Problem("report.internetDetails", f"{len(given)} kinds are in it, one is taken"))
    happened = report.incident_summary.incident_date_time
    if happened.tzinfo is not None and happened >= now:
        found.append(Problem("report.incidentSummary.incidentDateTime", "it is not in the past"))
    if not report.reporter.reporting_person.email:
        found.append(
            Problem("report.reporter.reportingPerson.email", "whoever reports can be reached by mail")
        )
    return found


def of_file(details: wire.FileDetails) -> list[Problem]:
    """Return why the details of a file would be refused, nothing where they would be taken."""
    found = elements.problems("fileDetails", details)
    if details.file_relevance is wire.Relevance.SUPPLEMENTAL:
        if details.industry_classification is not None:
            found.append(Problem("fileDetails.industryClassification", "not of a supplemental file"))
        if details.file_annotations is not None and details.file_annotations.potential_meme:
            found.append(Problem("fileDetails.fileAnnotations", "a supplemental file is no meme"))
    return found
