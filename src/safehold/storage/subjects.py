"""Subjects: an account's or a person's part in a case, unknown until a person sets it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.case import Subject, SubjectPart
from safehold.model.errors import Refused
from safehold.model.ids import AnalystId, CaseId, SubjectId
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, one_of, owned_by, writes

subject = sa.Table(
    "subject",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("case_id", sa.ForeignKey("review_case.id"), nullable=False),
    sa.Column("account_id", sa.Text),
    sa.Column("part", sa.Text, nullable=False, server_default="unknown"),
    sa.Column("part_set_by", sa.ForeignKey("app_user.id")),
    sa.Column("part_set_at", Instant),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    one_of("part", SubjectPart),
    # Only a person moves a part away from unknown.
    sa.CheckConstraint("part = 'unknown' or part_set_by is not null", name="part_set_by_person"),
    # A planned account action refers to both columns.
    sa.UniqueConstraint("id", "part", name="uq_subject_part"),
    sa.UniqueConstraint("case_id", "account_id", name="uq_subject_account"),
)

owned_by("review", subject)

_PLANNED_AGAINST = "never_against_unknown_or_victim"
_NAMED_IN = "names_no_unknown_or_victim"


@writes(subject)
def put(tx: Tx, case_id: CaseId, *, subject_id: SubjectId, account_id: str) -> bool:
    """Record an account as a subject with part unknown; say whether it was not one in this case before."""
    statement = (
        postgresql.insert(subject)
        .values(id=subject_id, case_id=case_id, account_id=account_id, part=SubjectPart.UNKNOWN.value)
        .on_conflict_do_nothing(index_elements=["case_id", "account_id"])
        .returning(subject.c.id)
    )
    return tx.run(statement).first() is not None


def get(tx: Tx, subject_id: SubjectId, *, for_change: bool = False) -> Subject | None:
    """Return one subject, None when there is none. for_change: nobody else changes it until the end."""
    statement = sa.select(subject).where(subject.c.id == subject_id)
    row = tx.run(statement.with_for_update() if for_change else statement).first()
    return _subject(row) if row else None


def of_case(tx: Tx, case_id: CaseId) -> list[Subject]:
    """Return the subjects of a case, in the order in which they came."""
    statement = sa.select(subject).where(subject.c.case_id == case_id).order_by(subject.c.id)
    return [_subject(row) for row in tx.run(statement)]


@writes(subject)
def set_part(tx: Tx, subject_id: SubjectId, part: SubjectPart, *, by: AnalystId, at: datetime) -> None:
    """Set the part and raise the subject's revision.

    Raises Refused, and leaves the transaction usable, when a planned or approved account action names
    the subject and the new part forbids any.
    """
    statement = (
        subject.update()
        .where(subject.c.id == subject_id)
        .values(part=part.value, part_set_by=by, part_set_at=at, revision=subject.c.revision + 1)
    )
    try:
        with tx.connection.begin_nested():
            tx.run(statement)
    except sa.exc.IntegrityError as error:
        if _NAMED_IN in str(error.orig):
            raise Refused(
                "A report to an authority that names this subject as the person reported is being sent.",
                advice="Withdraw the report first, then set the part; it can be planned anew.",
            ) from None
        if _PLANNED_AGAINST not in str(error.orig):
            raise
        raise Refused(
            "An account action against this subject is planned or was approved.",
            advice="Decline or withdraw the account action first, then set the part.",
        ) from None


@writes(subject)
def carry_parts(tx: Tx, source: CaseId, target: CaseId) -> None:
    """Let the parts that people set in one case hold in another, for accounts whose part is unknown there."""
    there = subject.alias("there")
    tx.run(
        subject.update()
        .where(
            subject.c.case_id == target,
            subject.c.part == SubjectPart.UNKNOWN.value,
            there.c.case_id == source,
            there.c.account_id == subject.c.account_id,
            there.c.part != SubjectPart.UNKNOWN.value,
        )
        .values(part=there.c.part, part_set_by=there.c.part_set_by, part_set_at=there.c.part_set_at)
    )


@writes(subject)
def forget_accounts(tx: Tx, case_ids: Collection[CaseId]) -> None:
    """Erase the accounts of the subjects of these cases. Their parts stay."""
    tx.run(subject.update().where(subject.c.case_id.in_(case_ids)).values(account_id=None))


def _subject(row: Any) -> Subject:
    return Subject(
        id=SubjectId(row.id),
        case_id=CaseId(row.case_id),
        account_id=row.account_id,
        part=SubjectPart(row.part),
        revision=row.revision,
    )
