"""What each person chose about their exposure, and how many severe cases they were offered in a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.exposure import ExposureChoices, ExposureKind
from safehold.model.ids import CaseId, UserId
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, TextArray, array_of, metadata, owned_by, writes

exposure_choice = sa.Table(
    "exposure_choice",
    metadata,
    sa.Column("user_id", sa.ForeignKey("app_user.id"), primary_key=True),
    sa.Column("day_minutes", sa.SmallInteger),
    sa.Column("spell_minutes", sa.SmallInteger),
    sa.Column("break_minutes", sa.SmallInteger),
    # Minutes after midnight UTC at which the person's own day begins.
    sa.Column("day_begins", sa.SmallInteger, nullable=False),
    sa.Column("opted_out", TextArray, nullable=False),
    # Who may see this person's figures.
    sa.Column("contact_id", sa.ForeignKey("app_user.id")),
    sa.Column("press_to_show", sa.Boolean, nullable=False),
    sa.CheckConstraint("day_minutes >= 1 and spell_minutes >= 1 and break_minutes >= 1", name="some_time"),
    sa.CheckConstraint("day_begins between 0 and 1439", name="day_begins_in_it"),
    sa.CheckConstraint(f"opted_out <@ {array_of(ExposureKind)}", name="opted_out_known"),
    sa.CheckConstraint("contact_id <> user_id", name="contact_is_another"),
)

exposure_turn = sa.Table(
    "exposure_turn",
    metadata,
    sa.Column("user_id", sa.ForeignKey("app_user.id"), primary_key=True),
    # The last case that they were offered: to be offered it once more is no further one.
    sa.Column("case_id", sa.ForeignKey("review_case.id"), nullable=False),
    sa.Column("severe_in_a_row", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.CheckConstraint("severe_in_a_row >= 0", name="counts"),
)

owned_by("review", exposure_choice, exposure_turn)


@dataclass(frozen=True, slots=True)
class Turn:
    """The last case that somebody was offered, and how many severe ones came in a row by then."""

    case_id: CaseId
    severe_in_a_row: int


def opted_out_of(kinds: sa.ColumnElement[list[str]], user: UUID) -> sa.ColumnElement[bool]:
    """Return the question whether this person opted out of any of these kinds, for a statement."""
    return sa.exists().where(
        exposure_choice.c.user_id == user, exposure_choice.c.opted_out.bool_op("&&")(kinds)
    )


def choices_of(tx: Tx, user_id: UserId) -> ExposureChoices:
    """Return what a person chose; the defaults where they chose nothing."""
    row = tx.run(sa.select(exposure_choice).where(exposure_choice.c.user_id == user_id)).first()
    if row is None:
        return ExposureChoices()
    return ExposureChoices(
        day_minutes=row.day_minutes,
        spell_minutes=row.spell_minutes,
        break_minutes=row.break_minutes,
        day_begins=row.day_begins,
        opted_out=frozenset(ExposureKind(kind) for kind in row.opted_out),
        contact=UserId(row.contact_id) if row.contact_id else None,
        press_to_show=row.press_to_show,
    )


@writes(exposure_choice)
def put_choices(tx: Tx, user_id: UserId, chosen: ExposureChoices) -> None:
    """Store what a person chose, in the place of what they chose before."""
    values = {
        "day_minutes": chosen.day_minutes,
        "spell_minutes": chosen.spell_minutes,
        "break_minutes": chosen.break_minutes,
        "day_begins": chosen.day_begins,
        "opted_out": sorted(kind.value for kind in chosen.opted_out),
        "contact_id": chosen.contact,
        "press_to_show": chosen.press_to_show,
    }
    statement = postgresql.insert(exposure_choice).values(user_id=user_id, **values)
    tx.run(statement.on_conflict_do_update(index_elements=["user_id"], set_=values))


def who_chose(tx: Tx, contact: UserId) -> list[UserId]:
    """Return the people who let this person see their figures."""
    statement = sa.select(exposure_choice.c.user_id).where(exposure_choice.c.contact_id == contact)
    return [UserId(row.user_id) for row in tx.run(statement.order_by(exposure_choice.c.user_id))]


def turn_of(tx: Tx, user_id: UserId, *, since: datetime) -> Turn | None:
    """Return what this person was last offered, None where that was before since."""
    statement = sa.select(exposure_turn).where(
        exposure_turn.c.user_id == user_id, exposure_turn.c.at >= since
    )
    row = tx.run(statement).first()
    return Turn(CaseId(row.case_id), row.severe_in_a_row) if row else None


@writes(exposure_turn)
def put_turn(tx: Tx, user_id: UserId, turn: Turn, *, at: datetime) -> None:
    """Store what this person was offered just now."""
    values = {"case_id": turn.case_id, "severe_in_a_row": turn.severe_in_a_row, "at": at}
    statement = postgresql.insert(exposure_turn).values(user_id=user_id, **values)
    tx.run(statement.on_conflict_do_update(index_elements=["user_id"], set_=values))
