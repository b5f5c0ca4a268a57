"""Authority reports and the items that they tell about. No item is told to the same destination twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.authority_report import (
    AuthorityReport,
    AuthorityReportState,
    DestinationKind,
    FileOwed,
    PlanReason,
    Priority,
    Relation,
    ReportedItem,
)
from safehold.model.case import SubjectPart
from safehold.model.errors import StaleRevision
from safehold.model.ids import AuthorityReportId, CaseId, EmergencyId, ItemId, OutcomeId, SubjectId, UserId
from safehold.storage.database import Tx
from safehold.storage.tables import (
    Instant,
    TextArray,
    Uuid,
    array_of,
    is_among,
    metadata,
    one_of,
    owned_by,
    writes,
)

authority_report = sa.Table(
    "authority_report",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("case_id", sa.ForeignKey("review_case.id"), nullable=False),
    # As the settings name it: it may be gone from there by now.
    sa.Column("destination", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("priority", sa.SmallInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reasons", TextArray, nullable=False),
    sa.Column("planned_at", Instant, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("rehearsal", sa.Boolean, nullable=False),
    sa.Column("unverified", sa.Boolean, nullable=False),
    sa.Column("emergency_id", sa.ForeignKey("emergency.id")),
    sa.Column("follows", sa.ForeignKey("authority_report.id")),
    sa.Column("relation", sa.Text),
    sa.Column("approved_by", sa.ForeignKey("app_user.id")),
    sa.Column("approved_at", Instant),
    sa.Column("second_by", sa.ForeignKey("app_user.id")),
    # Whom it names as the person reported, and what part they have.
    sa.Column("subject_id", Uuid),
    sa.Column("subject_part", sa.Text),
    sa.Column("ended_at", Instant),
    sa.Column("filed_at", Instant),
    sa.Column("reference", sa.Text),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    # When its papers were destroyed.
    sa.Column("papers_gone_at", Instant),
    one_of("kind", DestinationKind),
    one_of("state", AuthorityReportState),
    one_of("relation", Relation),
    sa.CheckConstraint("priority between 1 and 3", name="priority_known"),
    sa.CheckConstraint(f"reasons <@ {array_of(PlanReason)}", name="reasons_known"),
    sa.CheckConstraint("due_at > planned_at", name="clock_runs_forward"),
    sa.CheckConstraint("(follows is null) = (relation is null)", name="follows_as_something"),
    # Only a declared risk to life is told before anybody has assessed it; files of it may follow.
    sa.CheckConstraint(
        "not unverified or emergency_id is not null or (relation is not null and relation = 'supplement')",
        name="unverified_in_emergencies_alone",
    ),
    # The part travels with the subject: nobody is named while theirs is unknown or victim. What was filed was
    # true when it was; where the part changes since, a correction says so.
    sa.ForeignKeyConstraint(
        ["subject_id", "subject_part"],
        ["subject.id", "subject.part"],
        name="fk_authority_report_subject",
        onupdate="CASCADE",
    ),
    sa.CheckConstraint(
        "subject_id is null or state in ('filed', 'declined', 'withdrawn')"
        " or (subject_part is not null and subject_part = 'suspected')",
        name="names_no_unknown_or_victim",
    ),
    sa.CheckConstraint("(approved_by is null) = (approved_at is null)", name="approved_together"),
    sa.CheckConstraint("second_by is null or second_by <> approved_by", name="second_is_another"),
    # Nothing goes out that no person has sent on.
    sa.CheckConstraint(
        "state in ('planned', 'declined', 'withdrawn') or approved_by is not null", name="sent_by_a_person"
    ),
    sa.CheckConstraint(
        "(state = 'filed') = (filed_at is not null) and (state = 'filed') = (reference is not null)",
        name="filed_with_a_reference",
    ),
    sa.CheckConstraint(
        "(state in ('filed', 'declined', 'withdrawn')) = (ended_at is not null)", name="ended_once"
    ),
    sa.CheckConstraint("length(reference) between 1 and 200", name="reference_bounded"),
    sa.CheckConstraint("papers_gone_at >= ended_at", name="papers_outlast_it"),
    sa.Index("ix_authority_report_case_id", "case_id"),
    sa.Index(
        "ix_authority_report_open",
        "due_at",
        postgresql_where=sa.text("state in ('planned', 'sending', 'stuck')"),
    ),
    # What is found later joins the plan that waits, instead of making another.
    sa.Index(
        "uq_authority_report_planned",
        "case_id",
        "destination",
        "relation",
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("state = 'planned' and emergency_id is null"),
    ),
    sa.Index(
        "uq_authority_report_emergency",
        "emergency_id",
        "destination",
        unique=True,
        postgresql_where=sa.text("emergency_id is not null and state not in ('declined', 'withdrawn')"),
    ),
)

authority_report_item = sa.Table(
    "authority_report_item",
    metadata,
    sa.Column("report_id", sa.ForeignKey("authority_report.id"), primary_key=True),
    sa.Column("item_id", sa.ForeignKey("item.id"), primary_key=True),
    sa.Column("outcome_id", sa.ForeignKey("outcome.id")),
    sa.Column("destination", sa.Text, nullable=False),
    sa.Column("first_told", sa.Boolean, nullable=False),
    # Whether its report stands: one that was declined or withdrawn has told nobody anything.
    sa.Column("stands", sa.Boolean, nullable=False, server_default=sa.true()),
    # Whether its file is owed to the destination, or brought by this report.
    sa.Column("file", sa.Text),
    one_of("file", FileOwed),
    sa.CheckConstraint("file <> 'brought' or not first_told", name="brings_what_was_told_before"),
    sa.Index("ix_authority_report_item_item_id", "item_id"),
    sa.Index(
        "ix_authority_report_item_owed", "report_id", postgresql_where=sa.text("file = 'owed' and stands")
    ),
    sa.Index(
        "uq_authority_report_item_brought",
        "item_id",
        "destination",
        unique=True,
        postgresql_where=sa.text("file = 'brought' and stands"),
    ),
    sa.Index(
        "uq_authority_report_item_told",
        "item_id",
        "destination",
        unique=True,
        postgresql_where=sa.text("first_told and stands"),
    ),
)

owned_by("authorities", authority_report, authority_report_item)

_COLUMNS = tuple(AuthorityReport.__slots__)
OPEN = tuple(state.value for state in AuthorityReportState if state.is_open)
_CLOSED = (AuthorityReportState.DECLINED.value, AuthorityReportState.WITHDRAWN.value)


@writes(authority_report)
def insert(tx: Tx, report: AuthorityReport) -> bool:
    """Add a report. False, and nothing written, where one that waits already takes what it would tell."""
    values = {name: _plain(getattr(report, name)) for name in _COLUMNS}
    statement = postgresql.insert(authority_report).values(values).on_conflict_do_nothing()
    return tx.run(statement.returning(authority_report.c.id)).first() is not None


@writes(authority_report_item)
def add_items(
    tx: Tx, report_id: AuthorityReportId, destination: str, items: Sequence[ReportedItem]
) -> list[ItemId]:
    """Add items to a report and return those that were added.

    Left out is what the report tells already, and what another that stands tells this destination first.
    """
    if not items:
        return []
    values = [
        {
            "report_id": report_id,
            "item_id": one.item_id,
            "outcome_id": one.outcome_id,
            "destination": destination,
            "first_told": one.first_told,
        }
        for one in items
    ]
    statement = postgresql.insert(authority_report_item).values(values).on_conflict_do_nothing()
    added = tx.run(statement.returning(authority_report_item.c.item_id)).scalars()
    return [ItemId(each) for each in added]


@writes(authority_report)
def change(tx: Tx, report: AuthorityReport, **values: Any) -> None:
    """Change a report and raise its revision. Raises StaleRevision where it is not what was read."""
    plain = {name: _plain(value) for name, value in values.items()}
    statement = (
        authority_report.update()
        .where(authority_report.c.id == report.id, authority_report.c.revision == report.revision)
        .values(**plain, revision=report.revision + 1)
    )
    if tx.run(statement).rowcount != 1:
        raise StaleRevision()


@writes(authority_report)
def name(tx: Tx, report: AuthorityReport, subject_id: SubjectId, part: SubjectPart) -> None:
    """Say whom a report names as the person reported; the revision stays. Nobody else can be named."""
    tx.run(
        authority_report.update()
        .where(authority_report.c.id == report.id)
        .values(subject_id=subject_id, subject_part=part.value)
    )


@writes(authority_report)
def set_papers_gone(tx: Tx, report_id: AuthorityReportId, *, at: datetime) -> None:
    """Note when a report's papers were destroyed; the revision stays: nothing of the report changed."""
    of_it = authority_report.c.id == report_id
    # Never before it ended, whatever time the machine has.
    gone = sa.func.greatest(at, authority_report.c.ended_at)
    tx.run(authority_report.update().where(of_it).values(papers_gone_at=gone))


@writes(authority_report_item)
def set_standing(
    tx: Tx, report_id: AuthorityReportId, stands: bool, *, items: Collection[ItemId] | None = None
) -> None:
    """Say whether items of a report count as told, all of them where none are named."""
    statement = authority_report_item.update().where(authority_report_item.c.report_id == report_id)
    if items is not None:
        statement = statement.where(authority_report_item.c.item_id.in_(items))
    tx.run(statement.values(stands=stands))


@writes(authority_report_item)
def rest_on(tx: Tx, report_id: AuthorityReportId, item_id: ItemId, outcome_id: OutcomeId) -> bool:
    """Note what an item of a report rests on that was told unverified. False where it rested on something."""
    unverified = authority_report_item.update().where(
        authority_report_item.c.report_id == report_id,
        authority_report_item.c.item_id == item_id,
        authority_report_item.c.outcome_id.is_(None),
    )
    return tx.run(unverified.values(outcome_id=outcome_id)).rowcount == 1


@writes(authority_report_item)
def owe_files(tx: Tx, report_id: AuthorityReportId, items: Collection[ItemId], *, owed: bool = True) -> None:
    """Note that these items of a report were told without their files, or that nothing is owed any more."""
    statement = authority_report_item.update().where(
        authority_report_item.c.report_id == report_id, authority_report_item.c.item_id.in_(items)
    )
    tx.run(statement.values(file=FileOwed.OWED.value if owed else None))


@writes(authority_report_item)
def bring_files(
    tx: Tx, report_id: AuthorityReportId, destination: str, items: Collection[ItemId]
) -> list[ItemId]:
    """Let a report bring the files of these items that other reports owe its destination; return whose."""
    table = authority_report_item
    owed = table.update().where(
        table.c.item_id.in_(items),
        table.c.destination == destination,
        table.c.report_id != report_id,
        table.c.file == FileOwed.OWED.value,
        table.c.stands,
    )
    brought = [ItemId(each) for each in tx.run(owed.values(file=None).returning(table.c.item_id)).scalars()]
    mine = table.update().where(table.c.report_id == report_id, table.c.item_id.in_(brought))
    tx.run(mine.values(file=FileOwed.BROUGHT.value))
    return brought


def owing_files(tx: Tx, *, limit: int) -> list[AuthorityReportId]:
    """Return the filed reports that owe files, the most urgent first, then those that were filed first."""
    owes = sa.exists().where(
        authority_report_item.c.report_id == authority_report.c.id,
        authority_report_item.c.file == FileOwed.OWED.value,
        authority_report_item.c.stands,
    )
    statement = (
        sa.select(authority_report.c.id)
        .where(owes, authority_report.c.state == AuthorityReportState.FILED.value)
        .order_by(authority_report.c.priority, authority_report.c.filed_at, authority_report.c.id)
        .limit(limit)
    )
    return [AuthorityReportId(each) for each in tx.run(statement).scalars()]


def is_told_verified(tx: Tx, item_id: ItemId) -> bool:
    """Say whether a report that stands tells of an item by an outcome; a correction does not count."""
    told = (
        sa.exists()
        .where(
            authority_report_item.c.item_id == item_id,
            authority_report_item.c.stands,
            authority_report_item.c.outcome_id.is_not(None),
        )
        .where(
            authority_report.c.id == authority_report_item.c.report_id,
            authority_report.c.relation.is_distinct_from(Relation.CORRECTION.value),
        )
    )
    return bool(tx.run(sa.select(told)).scalar_one())


def get(tx: Tx, report_id: AuthorityReportId, *, for_change: bool = False) -> AuthorityReport | None:
    """Return one report, None when there is none. for_change: nobody else changes it until the end."""
    statement = sa.select(authority_report).where(authority_report.c.id == report_id)
    row = tx.run(statement.with_for_update() if for_change else statement).mappings().first()
    return report_of(row) if row else None


def papers_gone_at(tx: Tx, report_id: AuthorityReportId) -> datetime | None:
    """Return when a report's papers were destroyed; None while they are there, or where there were none."""
    statement = sa.select(authority_report.c.papers_gone_at).where(authority_report.c.id == report_id)
    return tx.run(statement).scalar_one_or_none()


def of_case(tx: Tx, case_id: CaseId, *, for_change: bool = False) -> list[AuthorityReport]:
    """Return the reports about a case, oldest first."""
    statement = (
        sa.select(authority_report)
        .where(authority_report.c.case_id == case_id)
        .order_by(authority_report.c.planned_at, authority_report.c.id)
    )
    return [
        report_of(row) for row in tx.run(statement.with_for_update() if for_change else statement).mappings()
    ]


def of_cases(tx: Tx, case_ids: Collection[CaseId]) -> dict[CaseId, list[AuthorityReport]]:
    """Return the reports about each of these cases, oldest first; cases without any are left out."""
    statement = (
        sa.select(authority_report)
        .where(is_among(authority_report.c.case_id, case_ids))
        .order_by(authority_report.c.planned_at, authority_report.c.id)
    )
    found: dict[CaseId, list[AuthorityReport]] = {}
    for row in tx.run(statement).mappings():
        found.setdefault(CaseId(row["case_id"]), []).append(report_of(row))
    return found


def items_of(tx: Tx, report_id: AuthorityReportId, *, standing: bool = True) -> list[ReportedItem]:
    """Return what a report tells about, in the order of the items. standing: leave out what fell."""
    statement = (
        sa.select(authority_report_item)
        .where(authority_report_item.c.report_id == report_id)
        .order_by(authority_report_item.c.item_id)
    )
    if standing:
        statement = statement.where(authority_report_item.c.stands)
    return [
        ReportedItem(
            item_id=ItemId(row.item_id),
            outcome_id=OutcomeId(row.outcome_id) if row.outcome_id else None,
            first_told=row.first_told,
            file=FileOwed(row.file) if row.file else None,
        )
        for row in tx.run(statement)
    ]


def telling(tx: Tx, item_id: ItemId, *, for_change: bool = False) -> list[AuthorityReport]:
    """Return the reports that tell about an item and stand, oldest first."""
    statement = (
        sa.select(authority_report)
        .join(authority_report_item, authority_report_item.c.report_id == authority_report.c.id)
        .where(authority_report_item.c.item_id == item_id, authority_report_item.c.stands)
        .order_by(authority_report.c.planned_at, authority_report.c.id)
    )
    if for_change:
        statement = statement.with_for_update(of=authority_report)
    return [report_of(row) for row in tx.run(statement).mappings()]


def open_ones(
    tx: Tx, *, limit: int, kinds: Collection[DestinationKind] = tuple(DestinationKind)
) -> list[AuthorityReport]:
    """Return the reports about which something is to be done, the soonest due first."""
    statement = (
        sa.select(authority_report)
        .where(
            authority_report.c.state.in_(OPEN),
            authority_report.c.kind.in_([kind.value for kind in kinds]),
        )
        .order_by(authority_report.c.due_at, authority_report.c.id)
        .limit(limit)
    )
    return [report_of(row) for row in tx.run(statement).mappings()]


def practice_left(tx: Tx, *, planned_before: datetime, limit: int) -> list[AuthorityReport]:
    """Return practice that waits for a person since before an instant; not that of a risk to life."""
    statement = (
        sa.select(authority_report)
        .where(
            authority_report.c.state == AuthorityReportState.PLANNED.value,
            authority_report.c.rehearsal,
            authority_report.c.emergency_id.is_(None),
            authority_report.c.planned_at < planned_before,
        )
        .order_by(authority_report.c.planned_at, authority_report.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [report_of(row) for row in tx.run(statement).mappings()]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [part.value for part in value]
    return int(value) if isinstance(value, Priority) else value


def report_of(row: Mapping[Any, Any]) -> AuthorityReport:
    """Return the report of a row of the table."""
    named = {name: row[name] for name in _COLUMNS}
    return AuthorityReport(
        **{
            **named,
            "id": AuthorityReportId(row["id"]),
            "case_id": CaseId(row["case_id"]),
            "kind": DestinationKind(row["kind"]),
            "priority": Priority(row["priority"]),
            "state": AuthorityReportState(row["state"]),
            "reasons": tuple(PlanReason(each) for each in row["reasons"]),
            "emergency_id": EmergencyId(row["emergency_id"]) if row["emergency_id"] else None,
            "follows": AuthorityReportId(row["follows"]) if row["follows"] else None,
            "relation": Relation(row["relation"]) if row["relation"] else None,
            "approved_by": UserId(row["approved_by"]) if row["approved_by"] else None,
            "second_by": UserId(row["second_by"]) if row["second_by"] else None,
            "subject_id": SubjectId(row["subject_id"]) if row["subject_id"] else None,
        }
    )
