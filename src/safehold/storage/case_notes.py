"""Notes that people leave for whoever goes on with a case: words for people alone, never for a log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from safehold.model.case import CaseState
from safehold.model.ids import AnalystId, CaseId, CaseNoteId
from safehold.storage.cases import nothing_left, review_case
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

LONGEST = 2000
"""Characters."""

case_note = sa.Table(
    "case_note",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("case_id", sa.ForeignKey("review_case.id"), nullable=False),
    sa.Column("written_by", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("written_at", Instant, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.CheckConstraint(f"length(btrim(words)) between 1 and {LONGEST}", name="some_words"),
    sa.Index("ix_case_note_case_id", "case_id", "written_at"),
)

owned_by("review", case_note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What somebody wrote for whoever goes on with a case."""

    id: CaseNoteId
    case_id: CaseId
    by: AnalystId
    at: datetime
    words: str = field(repr=False)


@writes(case_note)
def insert(tx: Tx, note: Note) -> None:
    """Record a note."""
    values = {"id": note.id, "case_id": note.case_id, "written_by": note.by, "written_at": note.at}
    tx.run(case_note.insert().values(words=note.words, **values))


def of_cases(tx: Tx, until: Mapping[CaseId, datetime | None], *, limit: int) -> list[Note]:
    """Return the newest notes of these cases, at most `limit`, oldest first.

    until: of each case, the instant up to which its notes are wanted; None: all of them.
    """
    wanted = [
        sa.and_(case_note.c.case_id == case_id, case_note.c.written_at <= end if end else sa.true())
        for case_id, end in until.items()
    ]
    statement = (
        sa.select(case_note)
        .where(sa.or_(*wanted))
        .order_by(case_note.c.written_at.desc(), case_note.c.id.desc())
        .limit(limit)
    )
    found = [
        Note(
            id=CaseNoteId(row.id),
            case_id=CaseId(row.case_id),
            by=AnalystId(row.written_by),
            at=row.written_at,
            words=row.words,
        )
        for row in tx.run(statement)
    ]
    return found[::-1]


@writes(case_note)
def forget(tx: Tx, case_ids: Collection[CaseId]) -> None:
    """Erase the notes of these cases."""
    tx.run(case_note.delete().where(case_note.c.case_id.in_(case_ids)))


@writes(case_note)
def forget_idle(tx: Tx, *, limit: int) -> list[CaseId]:
    """Erase the notes of settled cases of which nothing is left, at most so many cases, and return these.

    That is when none of the items has its context any more, and none is confirmed.
    """
    # Not all of its columns: the worker reads no words.
    noted = sa.exists(sa.select(case_note.c.id).where(case_note.c.case_id == review_case.c.id))
    idle = (
        sa.select(review_case.c.id)
        .where(review_case.c.state == CaseState.SETTLED.value, noted, nothing_left())
        .order_by(review_case.c.id)
        .limit(limit)
    )
    found = [CaseId(case_id) for case_id in tx.run(idle).scalars()]
    forget(tx, found)
    return found
