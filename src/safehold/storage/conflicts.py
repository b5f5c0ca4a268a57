"""Conflicts of interest: who knows somebody in a case, and is kept from it until another person ends that."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.ids import CaseId, ConflictId, UserId
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

declared_conflict = sa.Table(
    "declared_conflict",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("app_user.id"), nullable=False),
    # What a case gathers by: "account:…" where an account is known, else "media:…", "item:…" or "case:…".
    sa.Column("about", sa.Text, nullable=False),
    # NULL: declared in the shell of the machine.
    sa.Column("declared_by", sa.ForeignKey("app_user.id")),
    sa.Column("declared_at", Instant, nullable=False),
    sa.Column("ended_by", sa.ForeignKey("app_user.id")),
    sa.Column("ended_at", Instant),
    sa.CheckConstraint("(ended_at is null) = (ended_by is null)", name="ended_together"),
    sa.CheckConstraint("ended_by <> user_id", name="ended_by_another"),
    sa.Index(
        "uq_declared_conflict_standing",
        "user_id",
        "about",
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    ),
)

owned_by("review", declared_conflict)

ACCOUNT = "account:"
"""How `about` begins where it names an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One standing conflict. about: what the cases gather by; declared_by: None when in the shell."""

    id: ConflictId
    user_id: UserId
    about: str = field(repr=False)
    declared_by: UserId | None
    declared_at: datetime


def of_user_and_case(case_id: sa.ColumnElement[UUID], user: UUID) -> sa.ColumnElement[bool]:
    """Return the question whether this person has a standing conflict about a case, for a statement."""
    return sa.func.has_conflict(case_id, sa.literal(user, Uuid), type_=sa.Boolean)


def knows_nobody_in(case_id: sa.ColumnElement[UUID], user: UUID) -> sa.ColumnElement[bool]:
    """Return the condition that this person has no standing conflict about a case, for a statement over many.

    Whoever has none at all, as most people, is asked once and not about each case.
    """
    any_at_all = sa.exists(
        sa.select(declared_conflict.c.id).where(
            declared_conflict.c.user_id == user, declared_conflict.c.ended_at.is_(None)
        )
    )
    return ~sa.and_(any_at_all, of_user_and_case(case_id, user))


def stands(tx: Tx, case_id: CaseId, user: UUID) -> bool:
    """Say whether this person has a standing conflict about this case. Any role may ask."""
    return bool(tx.run(sa.select(of_user_and_case(sa.literal(case_id, Uuid), user))).scalar_one())


def with_conflict(tx: Tx, case_ids: list[CaseId], user: UUID) -> set[CaseId]:
    """Return those of these cases about which this person has a standing conflict."""
    asked = sa.func.unnest(sa.cast(case_ids, postgresql.ARRAY(Uuid))).table_valued("id").render_derived()
    statement = sa.select(asked.c.id).where(of_user_and_case(asked.c.id, user))
    return {CaseId(row.id) for row in tx.run(statement)}


@writes(declared_conflict)
def put(
    tx: Tx, *, id: ConflictId, user_id: UserId, about: str, declared_by: UserId | None, at: datetime
) -> bool:
    """Record a conflict; say False when the same one stands already."""
    statement = (
        postgresql.insert(declared_conflict)
        .values(id=id, user_id=user_id, about=about, declared_by=declared_by, declared_at=at)
        .on_conflict_do_nothing()
        .returning(declared_conflict.c.id)
    )
    return tx.run(statement).first() is not None


@writes(declared_conflict)
def end(tx: Tx, conflict_id: ConflictId, *, by: UserId, at: datetime) -> None:
    """End a conflict. Whose it is cannot end it: the database refuses that as well."""
    tx.run(
        declared_conflict.update()
        .where(declared_conflict.c.id == conflict_id)
        .values(ended_by=by, ended_at=at)
    )


def find_standing(tx: Tx, conflict_id: ConflictId) -> Conflict | None:
    """Return one conflict while it stands, locked against other changes; None otherwise."""
    found = _standing(tx, declared_conflict.c.id == conflict_id, for_change=True)
    return found[0] if found else None


def standing(tx: Tx) -> list[Conflict]:
    """Return every conflict that stands, oldest first."""
    return _standing(tx)


def _standing(tx: Tx, *where: sa.ColumnElement[bool], for_change: bool = False) -> list[Conflict]:
    statement = (
        sa.select(declared_conflict)
        .where(declared_conflict.c.ended_at.is_(None), *where)
        .order_by(declared_conflict.c.declared_at, declared_conflict.c.id)
    )
    return [_conflict(row) for row in tx.run(statement.with_for_update() if for_change else statement)]


def _conflict(row: Any) -> Conflict:
    return Conflict(
        id=ConflictId(row.id),
        user_id=UserId(row.user_id),
        about=row.about,
        declared_by=UserId(row.declared_by) if row.declared_by else None,
        declared_at=row.declared_at,
    )
