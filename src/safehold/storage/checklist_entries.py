"""What people entered for items of a report's checklist: who, when and in which state; the words are papers.

An entry is its paper: where that was destroyed, there is none, and the row that is left goes with the next
sweep. Papers are copied apart from other tables, so no constraint ties the two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.ids import AuthorityReportId, CaseId, PaperId, UserId
from safehold.storage.authority_papers import SealedPaper, authority_paper
from safehold.storage.authority_reports import authority_report
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

checklist_entry = sa.Table(
    "checklist_entry",
    metadata,
    sa.Column("report_id", sa.ForeignKey("authority_report.id"), primary_key=True),
    sa.Column("item", sa.Text, primary_key=True),
    # Whether there are values, or a reason why there are none; what they say is sealed.
    sa.Column("has_value", sa.Boolean, nullable=False),
    sa.Column("paper_id", Uuid, nullable=False, unique=True),
    sa.Column("entered_by", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("entered_at", Instant, nullable=False),
    sa.CheckConstraint("item ~ '^[a-z_]{2,40}$'", name="item_named"),
)

owned_by("authorities", checklist_entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistEntry:
    """One item as somebody entered it. item: its name. has_value: else it says why nothing is held."""

    report_id: AuthorityReportId
    item: str
    has_value: bool
    paper_id: PaperId
    entered_by: UserId
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """The words of an entry, still sealed."""

    item: str
    paper_id: PaperId
    sealed: SealedPaper = field(repr=False)


@dataclass(frozen=True, slots=True)
class About:
    """What a report is about. urgent: a declared risk to life."""

    case_id: CaseId
    urgent: bool


@writes(checklist_entry)
def put(tx: Tx, entry: ChecklistEntry) -> None:
    """Put an entry in the place of the one that this report has for the item, if any."""
    values = {name: getattr(entry, name) for name in ChecklistEntry.__slots__}
    changed = {name: values[name] for name in ("has_value", "paper_id", "entered_by", "entered_at")}
    statement = postgresql.insert(checklist_entry).values(values)
    tx.run(statement.on_conflict_do_update(index_elements=["report_id", "item"], set_=changed))


@writes(checklist_entry)
def remove(tx: Tx, report_id: AuthorityReportId, item: str) -> None:
    """Take an entry away; nothing happens where there is none."""
    tx.run(
        checklist_entry.delete().where(
            checklist_entry.c.report_id == report_id, checklist_entry.c.item == item
        )
    )


def of_report(tx: Tx, report_id: AuthorityReportId) -> list[ChecklistEntry]:
    """Return what was entered for a report, by the names of the items."""
    statement = (
        sa.select(checklist_entry)
        .join(authority_paper, authority_paper.c.id == checklist_entry.c.paper_id)
        .where(checklist_entry.c.report_id == report_id)
        .order_by(checklist_entry.c.item)
    )
    return [
        ChecklistEntry(
            report_id=AuthorityReportId(row.report_id),
            item=row.item,
            has_value=row.has_value,
            paper_id=PaperId(row.paper_id),
            entered_by=UserId(row.entered_by),
            entered_at=row.entered_at,
        )
        for row in tx.run(statement)
    ]


def sealed_of(tx: Tx, report_id: AuthorityReportId) -> list[SealedEntry]:
    """Return the words of all that was entered for a report, sealed, by the names of the items."""
    statement = (
        sa.select(
            checklist_entry.c.item, authority_paper.c.id, authority_paper.c.sealed, authority_paper.c.wrapped
        )
        .join(authority_paper, authority_paper.c.id == checklist_entry.c.paper_id)
        .where(checklist_entry.c.report_id == report_id)
        .order_by(checklist_entry.c.item)
    )
    return [
        SealedEntry(row.item, PaperId(row.id), SealedPaper(bytes(row.sealed), bytes(row.wrapped)))
        for row in tx.run(statement)
    ]


@writes(checklist_entry)
def sweep(tx: Tx) -> None:
    """Remove what is left of entries whose papers were destroyed."""
    paper = sa.exists(authority_paper.c.id).where(authority_paper.c.id == checklist_entry.c.paper_id)
    tx.run(checklist_entry.delete().where(~paper))


def about(tx: Tx, report_id: AuthorityReportId) -> About | None:
    """Return what a report is about, None where there is no such report."""
    columns = (authority_report.c.case_id, authority_report.c.emergency_id)
    row = tx.run(sa.select(*columns).where(authority_report.c.id == report_id)).first()
    return About(CaseId(row.case_id), row.emergency_id is not None) if row is not None else None
