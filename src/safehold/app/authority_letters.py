"""A report as whoever sends it reads it: the letter, the checklist, who is named, what to think of before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from safehold.app.access.users import names
from safehold.app.authorities import way_of
from safehold.app.authority_reports import Desk, ReportSheet, sheet
from safehold.app.settings import Settings
from safehold.app.settings_authorities import AuthoritySettings, PersonSettings
from safehold.authorities import entries
from safehold.authorities import letter as letters
from safehold.authorities import priority as urgency
from safehold.authorities.checklist import Checklist, ScheduleItem, checklist
from safehold.authorities.destinations.generic import parcel
from safehold.authorities.facts import gather
from safehold.authorities.hours import is_out_of_hours
from safehold.authorities.letter import How, Letter
from safehold.authorities.operator import Contact, Operator
from safehold.authorities.priority import Urgency
from safehold.authorities.whom import whom
from safehold.model.authority_report import (
    AuthorityReport,
    AuthorityReportState,
    DestinationKind,
    FileOwed,
    Priority,
)
from safehold.model.errors import Refused, StaleRevision
from safehold.model.ids import AuthorityReportId, ItemId
from safehold.model.permissions import Actor, Permission
from safehold.model.report_facts import Bytes, ReportFacts
from safehold.storage import audit, filings, report_facts, report_lists
from safehold.storage import authority_reports as rows
from safehold.storage.checklist_entries import ChecklistEntry
from safehold.storage.database import Tx
from safehold.storage.filings import Filing
from safehold.storage.report_facts import in_case

UNNAMED_OPERATOR = "The operator of this service"
"""What a letter calls whoever reports while the settings do not say it."""

_HURRIED = frozenset({Priority.ONE, Priority.TWO})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A report before a person who may send it.

    letter: None where nothing is left to say; refusal says why. checklist: of a destination that has one.
    named: whom it names as the person reported, None for nobody. mark: by which a letter that says something
    else is known. desk_closed: whether nobody is at the authority's desk now, where that matters. follows:
    what it adds to or corrects. filing: how far the machine is with it, None where it has not begun or a
    person takes it there. unset: settings about who reports that are missing. destination_on: whether
    the settings still name its destination, enabled. two: whether two people send it. people: names by id.
    entries: what people entered for the checklist, without the words.
    """

    sheet: ReportSheet
    letter: Letter | None
    refusal: Refused | None = None
    checklist: Checklist | None = None
    named: str | None = field(default=None, repr=False)
    mark: str = ""
    desk_closed: bool = False
    follows: AuthorityReport | None = None
    filing: Filing | None = None
    unset: tuple[str, ...] = ()
    destination_on: bool = False
    two: bool = False
    elsewhere: int = 0
    people: dict[UUID, str] = field(default_factory=dict)
    entries: Mapping[ScheduleItem, ChecklistEntry] = field(default_factory=dict)

    @property
    def files_owed(self) -> int:
        """How many of its files they were told without that no report is planned to bring."""
        return sum(one.file is FileOwed.OWED for one in self.sheet.items)


def read(tx: Tx, settings: Settings, report_id: AuthorityReportId, *, actor: Actor, now: datetime) -> Reading:
    """Return a report as it is read, and put the view on record.

    Raises NotAllowed, ConflictOfInterest; NotFound, also for those who may not know of its case.
    """
    found = sheet(tx, report_id, actor=actor)
    report, said = found.report, settings.authorities
    audit.append(
        tx,
        at=now,
        actor=actor.label,
        verb="authority_report.view",
        object=f"authority_report:{report.id}",
        detail={"case": str(report.case_id)},
    )
    draft = _drafted(tx, settings, report, now)
    written, refusal = draft.written(now)
    declared = said.destinations.get(report.destination)
    return Reading(
        sheet=found,
        letter=written,
        refusal=refusal,
        checklist=draft.held,
        named=whom(draft.facts).reported,
        mark=draft.mark(),
        desk_closed=report.kind is DestinationKind.UK_NCA
        and report.priority in _HURRIED
        and is_out_of_hours(now),
        follows=rows.get(tx, report.follows) if report.follows is not None else None,
        filing=filings.get(tx, report.id),
        unset=_unset(said),
        destination_on=declared is not None and declared.enabled,
        two=said.second_person and report.emergency_id is None,
        elsewhere=draft.elsewhere,
        people=names(tx),
        entries=draft.entries,
    )


def may_decide(report: AuthorityReport, actor: Actor) -> bool:
    """Say whether somebody may send, decline or withdraw a report: that of a risk to life more people may."""
    urgent = report.emergency_id is not None and actor.may(Permission.EMERGENCY_DECLARE)
    return urgent or actor.may(Permission.AUTHORITY_SEND)


def send_as_read(
    desk: Desk, report_id: AuthorityReportId, *, actor: Actor, revision: int, mark: str
) -> AuthorityReport:
    """Let a report go that says what its sender has read. Raises as `Desk.send` does.

    mark: of the letter that they read. StaleRevision where it says something else by now: somebody's part was
    set since, an item was assessed or seen, the settings were changed.
    """

    def check(tx: Tx) -> None:
        report = sheet(tx, report_id, actor=actor).report
        if _drafted(tx, desk.settings, report, desk.clock()).mark() != mark:
            raise StaleRevision(
                "What this report says has changed since you read it.",
                advice="Nothing was sent. Read it once more, then send it.",
            )

    return desk.send(report_id, actor=actor, revision=revision, check=check)


def operator_of(said: AuthoritySettings) -> Operator:
    """Return who reports, as the settings say it."""
    contact = _contact(said.contact_person)
    return Operator(
        name=said.company or said.service or UNNAMED_OPERATOR,
        service=said.service,
        reporting_person=_contact(said.reporting_person),
        contact=contact if contact != Contact() else None,
        terms=said.terms,
        legal_url=said.legal_url or "",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What a letter is written from."""

    report: AuthorityReport
    facts: ReportFacts
    operator: Operator
    held: Checklist | None
    how: How | None
    elsewhere: int
    entries: Mapping[ScheduleItem, ChecklistEntry]

    def written(self, now: datetime) -> tuple[Letter | None, Refused | None]:
        """Return the letter, or why there is none."""
        urgent = urgency_of(self.report, self.facts)
        try:
            letter = letters.letter(
                self.facts,
                self.operator,
                urgent,
                to=self.report.destination,
                now=now,
                held=self.held,
                how=self.how,
            )
        except Refused as refused:
            return None, refused
        return letter, None

    def mark(self) -> str:
        """Return what tells this letter from one that says something else, whenever either is read."""
        written, _ = self.written(self.report.planned_at)
        if written is None:
            return ""
        text: list[Any] = [
            [part.heading, part.paragraphs, [[row.label, row.value] for row in part.rows]]
            for part in written.sections
        ]
        # A value that was put in the place of another changes no word of the letter.
        text += sorted(str(each.paper_id) for each in self.entries.values())
        return hashlib.sha256(json.dumps(text).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Gathered:
    """The facts of a report. elsewhere: of how many of its items, for they are in another case by now."""

    facts: ReportFacts
    elsewhere: int


def facts_of(tx: Tx, settings: Settings, report: AuthorityReport, *, now: datetime) -> Gathered:
    """Return what a report can say, as it is on record now."""
    untold = report.state in (AuthorityReportState.DECLINED, AuthorityReportState.WITHDRAWN)
    told = [one.item_id for one in rows.items_of(tx, report.id, standing=not untold)]
    # What was moved into another case since is in no letter; whoever reads it is told.
    here = in_case(tx, report.case_id, told)
    before = report.filed_at or now
    facts = gather(
        tx,
        report.case_id,
        here,
        now=now,
        visibilities={name: each.visibility for name, each in settings.surfaces.items()},
        prior=tuple(report_lists.references_before(tx, report, before=before)),
        relation=report.relation,
        names=report.subject_id,
    )
    if facts.is_correction:
        facts = replace(facts, wrong_alarm=report_facts.wrong_alarm_told(tx, report, before=before))
    return Gathered(facts, len(told) - len(here))


def _drafted(tx: Tx, settings: Settings, report: AuthorityReport, now: datetime) -> _Draft:
    gathered = facts_of(tx, settings, report, now=now)
    facts, operator = gathered.facts, operator_of(settings.authorities)
    has_checklist = report.kind is DestinationKind.UK_NCA and bool(facts.items)
    entered = entries.of_report(tx, report.id) if has_checklist else {}
    held = checklist(facts, operator, entries.unopened(entered)) if has_checklist else None
    return _Draft(
        report=report,
        facts=facts,
        operator=operator,
        held=held,
        how=how_of(settings, report, facts),
        elsewhere=gathered.elsewhere,
        entries=entered,
    )


def urgency_of(report: AuthorityReport, facts: ReportFacts) -> Urgency:
    """Return how urgent a report is as people chose it, with the reason for that on record."""
    suggested = urgency.suggested(facts)
    if suggested.priority is report.priority:
        return suggested
    reason = f"By what is on record it would be priority {suggested.priority}: {suggested.reason}"
    return Urgency(priority=report.priority, reason=reason)


def how_of(settings: Settings, report: AuthorityReport, facts: ReportFacts) -> How | None:
    """Return how the settings send a report that is to go as a parcel, None where they do not."""
    declared = settings.authorities.destinations.get(report.destination)
    if report.kind is not DestinationKind.PARCEL or declared is None or declared.delivery == "by_hand":
        return None
    behind = left_behind_of(settings, report, facts)
    words = {item_id: parcel.LEFT_BEHIND[why] for item_id, why in behind.items()}
    return How(said=way_of(declared, report.destination).said, left_behind=words)


def left_behind_of(settings: Settings, report: AuthorityReport, facts: ReportFacts) -> dict[ItemId, str]:
    """Return which of the files that are held do not go in the parcel of a report, and why, as a code."""
    declared = settings.authorities.destinations.get(report.destination)
    if declared is None:
        return {}
    sizes = [
        (each.id, each.media.size_bytes)
        for each in facts.told
        if each.media is not None and each.bytes is Bytes.SEALED
    ]
    return parcel.left_behind(
        sizes, with_files=declared.send_files, largest_bytes=declared.largest_mebibytes << 20
    )


def _contact(said: PersonSettings) -> Contact:
    return Contact(first_name=said.first_name, last_name=said.last_name, email=said.email, phone=said.phone)


def _unset(said: AuthoritySettings) -> tuple[str, ...]:
    known = {
        "authorities.company": said.company,
        "authorities.reporting_person.last_name": said.reporting_person.last_name,
        "authorities.reporting_person.email": said.reporting_person.email,
    }
    return tuple(name for name, value in known.items() if not value)
