"""Filings: how far the machine is with each report that it files, so that any process can go on with it.

Every change names the revision that was read: whoever was overtaken is refused, before it calls anybody. A
lease keeps others away while somebody is at it; it is a courtesy, and nothing rests on it being right.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.authority_report import FILED_BY_MACHINE, AuthorityReportState, DestinationKind, Priority
from safehold.model.errors import StaleRevision
from safehold.model.ids import AuthorityReportId, ItemId, MediaId, PaperId
from safehold.storage.authority_reports import authority_report, authority_report_item
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Json, Uuid, metadata, owned_by, writes

STAGES = ("prepared", "opened", "taking_back", "filed", "stuck")
CALLS = ("open", "upload", "describe", "finish", "take_back", "send")
LONGEST_PAUSE, LONGEST_LEASE = timedelta(hours=25), timedelta(hours=6)
"""None lasts longer: what claims to is from a future that a wrong clock made."""

filing = sa.Table(
    "filing",
    metadata,
    sa.Column("report_id", sa.ForeignKey("authority_report.id"), primary_key=True),
    sa.Column("stage", sa.Text, nullable=False),
    # What was about to be called: while it stands here, nobody knows whether it was.
    sa.Column("pending", sa.Text),
    # What they call the report while it is open with them, and once it is filed. As text: it is theirs.
    sa.Column("remote_id", sa.Text),
    # How often they opened it; of a parcel, how often it was sent with an end that nobody knows.
    sa.Column("beginnings", sa.SmallInteger, nullable=False),
    # Which files are sent, in order; written once for each time that the contents are made.
    sa.Column("files", Json, nullable=False),
    # How far each of them is.
    sa.Column("sent", Json, nullable=False),
    sa.Column("missing", postgresql.ARRAY(sa.Integer), nullable=False),
    sa.Column("unconfirmed", sa.Boolean, nullable=False),
    sa.Column("why", sa.Text),
    # The sealed papers that are sent; NULL until the contents are made. They may be destroyed by now.
    sa.Column("report_paper", Uuid),
    sa.Column("details_paper", Uuid),
    # Whether they are made anew before it is opened again: a person has said that what was sent is wrong.
    sa.Column("anew", sa.Boolean, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    # How long was waited since the last call that led anywhere: a sum of pauses, whatever a clock says.
    sa.Column("waited_seconds", sa.Integer, nullable=False),
    sa.Column("waits_for", sa.Text),
    sa.Column("next_attempt_at", Instant, nullable=False),
    sa.Column("opened_at", Instant),
    sa.Column("changed_at", Instant),
    sa.Column("held_until", Instant),
    sa.Column("begun_at", Instant, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.CheckConstraint("stage in ('" + "', '".join(STAGES) + "')", name="stage_known"),
    sa.CheckConstraint("pending in ('" + "', '".join(CALLS) + "')", name="pending_known"),
    sa.CheckConstraint("(stage = 'stuck') = (why is not null)", name="stuck_says_why"),
    sa.CheckConstraint("stage <> 'filed' or remote_id is not null", name="filed_is_named"),
    sa.CheckConstraint("(report_paper is null) = (details_paper is null)", name="contents_together"),
    sa.CheckConstraint(
        "stage in ('prepared', 'stuck') or report_paper is not null", name="nothing_goes_without_contents"
    ),
    sa.Index("ix_filing_due", "next_attempt_at", postgresql_where=sa.text("stage <> 'filed'")),
)

owned_by("authorities", filing)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingFile:
    """A file that is sent: an item's bytes, or a paper of ours. size: bytes, before sealing."""

    item_id: ItemId | None = None
    media_id: MediaId | None = None
    paper_id: PaperId | None = None
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingSent:
    """How far a file is. file_id: as they call it. left_out: the code of why it is not sent."""

    file_id: str | None = None
    described: bool = False
    left_out: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """A filing as it lies in the database.

    waits_for: the code of what it waits for, None while it goes on. opened_at, changed_at: of the report
    that is open with them; unless finished, it is deleted an hour after changed_at. held_until: the end of
    the lease.
    """

    report_id: AuthorityReportId
    stage: str = "prepared"
    pending: str | None = None
    remote_id: str | None = None
    beginnings: int = 0
    files: tuple[FilingFile, ...] = ()
    sent: tuple[FilingSent, ...] = ()
    missing: tuple[int, ...] = ()
    unconfirmed: bool = False
    why: str | None = None
    report_paper: PaperId | None = None
    details_paper: PaperId | None = None
    anew: bool = False
    attempts: int = 0
    waited_seconds: int = 0
    waits_for: str | None = None
    next_attempt_at: datetime
    opened_at: datetime | None = None
    changed_at: datetime | None = None
    held_until: datetime | None = None
    begun_at: datetime
    revision: int = 1

    @property
    def may_be_there(self) -> bool:
        """Whether a parcel was sent and nobody knows what became of it."""
        return self.beginnings > 0 or self.pending == "send"


_BY_MACHINE = authority_report.c.kind.in_(sorted(each.value for each in FILED_BY_MACHINE))
_SENDING = authority_report.c.state == AuthorityReportState.SENDING.value
_GOING = sa.and_(_SENDING, filing.c.stage.in_(("prepared", "opened", "taking_back")))
# Of a report that nobody wants sent any more, what lies half done with them is taken back.
_LEFT_BEHIND = sa.and_(
    authority_report.c.state.not_in(("sending", "stuck", "filed")),
    filing.c.stage != "filed",
    filing.c.remote_id.is_not(None),
)


@writes(filing)
def enrol(tx: Tx, *, now: datetime) -> list[AuthorityReportId]:
    """Begin a filing for each report that is to be filed by machine and has none; return which."""
    wanted = (
        sa.select(authority_report.c.id)
        .where(
            _SENDING,
            _BY_MACHINE,
            ~sa.exists().where(filing.c.report_id == authority_report.c.id),
        )
        .order_by(authority_report.c.priority, authority_report.c.due_at)
    )
    reports = list(tx.run(wanted).scalars())
    if not reports:
        return []
    fresh = [
        _row(Filing(report_id=AuthorityReportId(each), next_attempt_at=now, begun_at=now)) for each in reports
    ]
    once = postgresql.insert(filing).values(fresh).on_conflict_do_nothing().returning(filing.c.report_id)
    return [AuthorityReportId(each) for each in tx.run(once).scalars()]


@writes(filing)
def claim(
    tx: Tx, *, destinations: Collection[str], up_to: Priority, now: datetime, until: datetime
) -> Filing | None:
    """Take the filing that is most urgent of those that are due, and hold others off it until an instant.

    destinations: those that can be reached. up_to: no less urgent than this. None where nothing is due.
    """
    statement = (
        sa.select(filing)
        .join(authority_report, authority_report.c.id == filing.c.report_id)
        .where(
            sa.or_(_GOING, _LEFT_BEHIND),
            authority_report.c.destination.in_(destinations),
            authority_report.c.priority <= int(up_to),
            _over(filing.c.next_attempt_at, now, LONGEST_PAUSE),
            sa.or_(filing.c.held_until.is_(None), _over(filing.c.held_until, now, LONGEST_LEASE)),
        )
        .order_by(authority_report.c.priority, authority_report.c.due_at, filing.c.report_id)
        .limit(1)
        .with_for_update(of=filing, skip_locked=True)
    )
    row = tx.run(statement).mappings().first()
    if row is None:
        return None
    return keep(tx, _filing(row), held_until=until)


@writes(filing)
def keep(tx: Tx, read: Filing, **changed: Any) -> Filing:
    """Change a filing and return it as it is then. Raises StaleRevision where another went on with it."""
    after = replace(read, **changed, revision=read.revision + 1)
    row = _row(after)
    statement = (
        filing.update()
        .where(filing.c.report_id == read.report_id, filing.c.revision == read.revision)
        .values({name: row[name] for name in (*changed, "revision")})
    )
    if tx.run(statement).rowcount != 1:
        raise StaleRevision()
    return after


@writes(authority_report_item)
def told_after_all(tx: Tx, report_id: AuthorityReportId) -> None:
    """Let the items of a report count as told that was filed although somebody had withdrawn it.

    What another report tells the same destination first stays with that one.
    """
    other = authority_report_item.alias("other")
    taken = sa.exists().where(
        other.c.item_id == authority_report_item.c.item_id,
        other.c.destination == authority_report_item.c.destination,
        other.c.report_id != authority_report_item.c.report_id,
        other.c.first_told,
        other.c.stands,
    )
    mine = authority_report_item.update().where(authority_report_item.c.report_id == report_id, ~taken)
    tx.run(mine.values(stands=True))


def get(tx: Tx, report_id: AuthorityReportId) -> Filing | None:
    """Return the filing of a report, None where the machine has not begun one."""
    row = tx.run(sa.select(filing).where(filing.c.report_id == report_id)).mappings().first()
    return _filing(row) if row else None


def is_sent_on(tx: Tx, report_id: AuthorityReportId, *, kinds: Collection[DestinationKind]) -> bool:
    """Say whether a person has sent this report on, and it is to go now, in one of these ways.

    It asks for no more than the reader's role may read.
    """
    sent_on = sa.exists(authority_report.c.id).where(
        authority_report.c.id == report_id,
        authority_report.c.kind.in_([each.value for each in kinds]),
        _SENDING,
        authority_report.c.approved_by.is_not(None),
    )
    return bool(tx.run(sa.select(sent_on)).scalar_one())


def destinations_waiting(tx: Tx) -> dict[str, set[DestinationKind]]:
    """Return the destinations to which something is to be sent, or taken back from, by name, and how."""
    statement = (
        sa.select(authority_report.c.destination, authority_report.c.kind)
        .join(filing, filing.c.report_id == authority_report.c.id)
        .where(sa.or_(_GOING, _LEFT_BEHIND))
        .distinct()
        .order_by(authority_report.c.destination)
    )
    waiting: dict[str, set[DestinationKind]] = {}
    for row in tx.run(statement):
        waiting.setdefault(row.destination, set()).add(DestinationKind(row.kind))
    return waiting


@writes(filing)
def note_unreachable(tx: Tx, destination: str, code: str) -> list[AuthorityReportId]:
    """Note what the reports to a destination wait for, and return those of which that is new."""
    mine = sa.select(authority_report.c.id).where(_SENDING, authority_report.c.destination == destination)
    statement = (
        filing.update()
        .where(
            filing.c.report_id.in_(mine),
            filing.c.stage != "filed",
            filing.c.waits_for.is_distinct_from(code),
        )
        .values(waits_for=code, revision=filing.c.revision + 1)
        .returning(filing.c.report_id)
    )
    return [AuthorityReportId(each) for each in tx.run(statement).scalars()]


def still_stuck(tx: Tx, ids: Collection[UUID]) -> set[UUID]:
    """Return which of these reports are stuck."""
    stuck = sa.select(authority_report.c.id).where(
        authority_report.c.id.in_(ids), authority_report.c.state == AuthorityReportState.STUCK.value
    )
    return set(tx.run(stuck).scalars())


def lacking_files(tx: Tx, ids: Collection[UUID]) -> set[UUID]:
    """Return which of these reports are filed without files that were sent: they do not name them."""
    lacking = sa.select(filing.c.report_id).where(
        filing.c.report_id.in_(ids), sa.func.cardinality(filing.c.missing) > 0
    )
    return set(tx.run(lacking).scalars())


def waiting_for(tx: Tx, codes: Collection[str]) -> set[AuthorityReportId]:
    """Return the reports that are to be sent and wait for one of these."""
    statement = (
        sa.select(filing.c.report_id)
        .join(authority_report, authority_report.c.id == filing.c.report_id)
        .where(_SENDING, filing.c.waits_for.in_(codes))
    )
    return {AuthorityReportId(each) for each in tx.run(statement).scalars()}


def unchanged_since(tx: Tx, *, after: datetime, until: datetime) -> dict[AuthorityReportId, datetime]:
    """Return the reports that are open with them and were changed last in this time, and when.

    after: exclusive. until: inclusive. Those that nobody wants sent any more may well expire.
    """
    statement = (
        sa.select(filing.c.report_id, filing.c.changed_at)
        .join(authority_report, authority_report.c.id == filing.c.report_id)
        .where(
            filing.c.remote_id.is_not(None),
            filing.c.stage.in_(("opened", "stuck")),
            authority_report.c.state.in_(("sending", "stuck")),
            filing.c.changed_at > after,
            filing.c.changed_at <= until,
        )
    )
    return {AuthorityReportId(row.report_id): row.changed_at for row in tx.run(statement)}


def overdue(tx: Tx, now: datetime) -> dict[AuthorityReportId, datetime]:
    """Return the reports that wait for a person or for the machine though they were due, and when.

    Those of a standing risk to life have an alarm of their own.
    """
    statement = sa.select(authority_report.c.id, authority_report.c.due_at).where(
        authority_report.c.state.in_(("planned", "sending", "stuck")),
        authority_report.c.due_at < now,
        authority_report.c.emergency_id.is_(None),
    )
    return {AuthorityReportId(row.id): row.due_at for row in tx.run(statement)}


def _over(column: sa.Column[datetime], now: datetime, longest: timedelta) -> sa.ColumnElement[bool]:
    """Say that an instant has come, or lies so far ahead that a wrong clock must have set it."""
    return sa.or_(column <= now, column > now + longest)


def _row(one: Filing) -> dict[str, Any]:
    row = {name: getattr(one, name) for name in Filing.__slots__}
    row["files"] = [_file_row(each) for each in one.files]
    row["sent"] = [[each.file_id, each.described, each.left_out] for each in one.sent]
    row["missing"] = list(one.missing)
    return row


def _file_row(one: FilingFile) -> dict[str, Any]:
    named = {"item": one.item_id, "media": one.media_id, "paper": one.paper_id}
    return {"size": one.size, **{name: str(value) for name, value in named.items() if value is not None}}


def _filing(row: Mapping[Any, Any]) -> Filing:
    named = {name: row[name] for name in Filing.__slots__}
    return Filing(
        **{
            **named,
            "report_id": AuthorityReportId(row["report_id"]),
            "files": tuple(_file(each) for each in row["files"]),
            "sent": tuple(_sent(each) for each in row["sent"]),
            "missing": tuple(row["missing"]),
        }
    )


def _file(row: Mapping[str, Any]) -> FilingFile:
    ids = {name: UUID(row[name]) if name in row else None for name in ("item", "media", "paper")}
    return FilingFile(
        item_id=ItemId(ids["item"]) if ids["item"] else None,
        media_id=MediaId(ids["media"]) if ids["media"] else None,
        paper_id=PaperId(ids["paper"]) if ids["paper"] else None,
        size=row["size"],
    )


def _sent(row: Sequence[Any]) -> FilingSent:
    file_id, described, left_out = row
    return FilingSent(file_id=file_id, described=described, left_out=left_out)
