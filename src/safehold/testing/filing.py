"""The least that a report says, with the bytes of all its items, for tests of filing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from safehold.app.reader.bundling import Files
from safehold.authorities.contents import ContentFile, Contents
from safehold.authorities.destinations.generic import letter_pack
from safehold.authorities.destinations.generic.parcel import ParcelContents, ParcelFile
from safehold.authorities.destinations.ncmec_cybertipline import wire
from safehold.model.authority_report import (
    AuthorityReport,
    AuthorityReportState,
    DestinationKind,
    PlanReason,
    Priority,
    ReportedItem,
)
from safehold.model.ids import AuthorityReportId, CaseId, ItemId, MediaId, new_id
from safehold.model.permissions import Actor
from safehold.storage import evidence as evidence_rows
from safehold.storage.authority_reports import items_of
from safehold.storage.bundle_facts import media_of
from safehold.storage.database import Tx
from safehold.vault import age, tar


def report_sent_on(case_id: CaseId, *, by: Actor, now: datetime, **changed: Any) -> AuthorityReport:
    """Return a report of practice to NCMEC that a person has sent on, with what is changed of it."""
    given: dict[str, Any] = {
        "id": AuthorityReportId(new_id()),
        "case_id": case_id,
        "destination": "hotline",
        "kind": DestinationKind.NCMEC_CYBERTIPLINE,
        "priority": Priority.THREE,
        "state": AuthorityReportState.SENDING,
        "reasons": (PlanReason.OPERATOR_IN_US,),
        "planned_at": now,
        "due_at": now + timedelta(days=1),
        "rehearsal": True,
        "approved_by": by.user_id,
        "approved_at": now,
    }
    return AuthorityReport(**(given | changed))


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


def least_parcel(tx: Tx, report: AuthorityReport, now: datetime) -> ParcelContents:
    """Say the least in a letter, with every item of the report as a file that goes."""
    media_ids = {one.item_id: evidence_rows.media_of_item(tx, one.item_id) for one in items_of(tx, report.id)}
    on_record = media_of(tx, {each for each in media_ids.values() if each is not None})
    files = tuple(
        ParcelFile(
            item_id=item_id,
            media_id=media_id,
            size=on_record[media_id]["size_bytes"],
            said={"sha256": on_record[media_id]["sha256"].hex()},
        )
        for item_id, media_id in media_ids.items()
        if media_id is not None
    )
    letter = {
        "shape": letter_pack.SHAPE,
        "version": letter_pack.VERSION,
        "report": str(report.id),
        "to": report.destination,
        "made_at": now.isoformat(),
        "case": 1,
        "rehearsal": report.rehearsal,
        "unverified": report.unverified,
        "correction": False,
        "earlier_references": [],
        "letter": [],
        "files": [{**each.said, "media_type": None, "size_bytes": each.size} for each in files],
    }
    return ParcelContents(letter=letter, files=files)


@dataclass(frozen=True, slots=True)
class PackingHere:
    """Packs parcels as the reader does, in this process. media_of, open_item: of an item."""

    media_of: Callable[[ItemId], MediaId | None]
    open_item: Callable[[AuthorityReportId, ItemId], bytes]

    def parcel(
        self,
        report_id: AuthorityReportId,
        *,
        items: Sequence[ItemId],
        recipients: Sequence[str],
        write: Callable[[bytes], None],
        close: Callable[[Sequence[Mapping[str, Any]]], bytes],
    ) -> None:
        """Pack, as `ReaderClient.parcel` has it packed."""
        media = {item: self.media_of(item) for item in items}
        files = Files(items, media, open=lambda item: ("image/jpeg", self.open_item(report_id, item)))

        def members() -> Iterator[bytes]:
            for name, data in files.read():
                yield from tar.member(name, data, at=0)
            yield close(files.found)

        age.encrypt(members(), recipients, to=write)
