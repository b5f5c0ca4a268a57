"""Papers of authority reports: what was sent, and what came back, sealed in the database.

Sealed with the vault's public key like a reporter's contact: only the reader opens them. They lie with their
wrapped keys in a table of their own, which is copied apart and whose copies end apart; deleting a row
destroys it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from safehold.model.ids import AuthorityReportId, PaperId
from safehold.storage.authority_reports import authority_report
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, one_of, owned_by, writes


class PaperKind(StrEnum):
    """What a paper is."""

    REPORT = "report"
    """The report as it is sent, before its files."""
    FILE_DETAILS = "file_details"
    """What is said of each file, in their order."""
    TRANSCRIPT = "transcript"
    """A file that we made."""
    RECEIPT = "receipt"
    """What the authority answered in the end."""
    PACK = "pack"
    """What a person carried there."""
    ENTERED = "entered"
    """What a person entered for one item of the checklist."""


SENT_KINDS = frozenset({PaperKind.REPORT, PaperKind.FILE_DETAILS, PaperKind.TRANSCRIPT})
"""What the machine has to open again in order to send it."""

REREAD_KINDS = frozenset(PaperKind) - {PaperKind.ENTERED}
"""What is read again to see what was sent: what people entered went with a pack, and has a way of its own."""

authority_paper = sa.Table(
    "authority_paper",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("report_id", sa.ForeignKey("authority_report.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    # Of what is inside: so that what was sent can be shown to be what is on record.
    sa.Column("sha256", sa.LargeBinary, nullable=False),
    sa.Column("at", Instant, nullable=False),
    one_of("kind", PaperKind),
    sa.CheckConstraint("octet_length(sha256) = 32", name="sha256_length"),
    sa.Index("ix_authority_paper_report_id", "report_id"),
)

owned_by("authorities", authority_paper)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper without what is in it. sha256: of that."""

    id: PaperId
    report_id: AuthorityReportId
    kind: PaperKind
    sha256: bytes = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class SealedPaper:
    """What is in a paper, as only the vault's private key opens it."""

    sealed: bytes = field(repr=False)
    wrapped: bytes = field(repr=False)


_SHOWN = tuple(authority_paper.c[name] for name in Paper.__slots__)


@writes(authority_paper)
def insert(tx: Tx, paper: Paper, contents: SealedPaper) -> None:
    """Add a paper."""
    shown = {name: getattr(paper, name) for name in Paper.__slots__}
    values = {**shown, "kind": paper.kind.value, "sealed": contents.sealed, "wrapped": contents.wrapped}
    tx.run(authority_paper.insert().values(values))


def of_report(tx: Tx, report_id: AuthorityReportId) -> list[Paper]:
    """Return the papers of a report, oldest first."""
    statement = (
        sa.select(*_SHOWN)
        .where(authority_paper.c.report_id == report_id)
        .order_by(authority_paper.c.at, authority_paper.c.id)
    )
    return [
        Paper(
            id=PaperId(row.id),
            report_id=AuthorityReportId(row.report_id),
            kind=PaperKind(row.kind),
            sha256=bytes(row.sha256),
            at=row.at,
        )
        for row in tx.run(statement)
    ]


def sealed(tx: Tx, report_id: AuthorityReportId, paper_id: PaperId) -> tuple[PaperKind, SealedPaper] | None:
    """Return what is in a paper of this report, sealed, and its kind; None where there is no such paper."""
    statement = sa.select(authority_paper).where(
        authority_paper.c.id == paper_id, authority_paper.c.report_id == report_id
    )
    row = tx.run(statement).first()
    if row is None:
        return None
    return PaperKind(row.kind), SealedPaper(bytes(row.sealed), bytes(row.wrapped))


@writes(authority_paper)
def forget(tx: Tx, report_id: AuthorityReportId) -> int:
    """Destroy the papers of a report and return how many there were. What else is on record of it stays."""
    return tx.run(authority_paper.delete().where(authority_paper.c.report_id == report_id)).rowcount


def of_ended(
    tx: Tx,
    *,
    without: Callable[[sa.ColumnElement[Any]], sa.ColumnElement[bool]],
    after: AuthorityReportId | None,
    limit: int,
) -> list[AuthorityReportId]:
    """Return reports that ended and have papers, by id, those after one. without: which to leave out."""
    statement = (
        sa.select(authority_report.c.id)
        .where(
            authority_report.c.ended_at.is_not(None),
            sa.exists(authority_paper.c.id).where(authority_paper.c.report_id == authority_report.c.id),
            ~without(authority_report.c.id),
        )
        .order_by(authority_report.c.id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(authority_report.c.id > after)
    return [AuthorityReportId(each) for each in tx.run(statement).scalars()]
