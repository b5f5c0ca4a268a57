"""What makes a case urgent, what one would look at in it, and what it asks of whoever takes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from safehold.model.band import Band
from safehold.model.case import CaseState, PriorityPart
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, UserId
from safehold.storage.cases import review_case
from safehold.storage.database import Tx
from safehold.storage.tables import writes

_OTHER_PURPOSES = sa.text("""
select distinct d.purpose from review_case c
  join case_item x on x.case_id = c.id
  join case_item y on y.item_id = x.item_id and y.case_id <> x.case_id
  join review_case d on d.id = y.case_id
where c.id = :case and d.purpose <> c.purpose
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgency:
    """What makes a case urgent: its priority and the parts of it, and the instants that follow from them.

    turn_at: by which cases are ordered. decide_by, weigh_at: None where nothing is due. band: set where the
    case waits for the budget of what machines alone flag.
    """

    priority: int
    priority_parts: tuple[PriorityPart, ...]
    turn_at: datetime
    decide_by: datetime | None = None
    weigh_at: datetime | None = None
    band: Band | None = None


@writes(review_case)
def set_urgency(tx: Tx, case_id: CaseId, urgency: Urgency) -> None:
    """Store what makes the case urgent, and how much."""
    values = asdict(urgency) | {
        "priority_parts": [asdict(part) for part in urgency.priority_parts],
        "band": urgency.band.value if urgency.band is not None else "",
    }
    tx.run(review_case.update().where(review_case.c.id == case_id).values(**values))


@writes(review_case)
def set_contents(tx: Tx, case_id: CaseId, kinds: Iterable[ExposureKind], *, skills: Iterable[str]) -> None:
    """Store what one would look at in the case; skills: what that asks for, besides what it asks for already.

    The other purposes for which its items lie in cases are found anew. Whoever held the case and may not know
    of it any more holds it no longer.
    """
    further = tx.run(_OTHER_PURPOSES, {"case": case_id}).scalars().all()
    known = tx.run(
        sa.select(review_case.c.skills, review_case.c.other_purposes).where(review_case.c.id == case_id)
    ).one()
    values = {
        "exposure_kinds": sorted({kind.value for kind in kinds}),
        "skills": sorted({*known.skills, *skills}),
        "other_purposes": sorted({*known.other_purposes, *further}),
    }
    tx.run(review_case.update().where(review_case.c.id == case_id).values(**values))
    let_go_of_outsiders(tx, review_case.c.id == case_id)


@writes(review_case)
def widen(tx: Tx, case_ids: Collection[CaseId], purpose: Purpose) -> None:
    """Let those alone know of these cases who work in the queue of this purpose as well."""
    if not case_ids:
        return
    others, chosen = review_case.c.other_purposes, review_case.c.id.in_(case_ids)
    not_yet = sa.and_(review_case.c.purpose != purpose.value, ~others.contains([purpose.value]))
    wider = sa.func.array_append(others, purpose.value)
    tx.run(review_case.update().where(chosen, not_yet).values(other_purposes=wider))
    let_go_of_outsiders(tx, chosen)


@writes(review_case)
def let_go_of_outsiders(tx: Tx, *which: sa.ColumnElement[bool]) -> None:
    """Let nobody hold any of these cases who may not know of it."""
    outside = ~sa.func.may_know(review_case.c.id, review_case.c.locked_by, type_=sa.Boolean)
    tx.run(
        review_case.update()
        .where(review_case.c.locked_by.is_not(None), outside, *which)
        .values(locked_by=None, locked_until=None)
    )


@writes(review_case)
def let_go_by(tx: Tx, user_id: UserId) -> None:
    """Let a person hold no case any more of which they may not know."""
    let_go_of_outsiders(tx, review_case.c.locked_by == user_id)


@writes(review_case)
def set_for_lead(tx: Tx, case_id: CaseId, for_lead: bool) -> None:
    """Store whether a lead is to take the case, because others passed it on."""
    tx.run(review_case.update().where(review_case.c.id == case_id).values(for_lead=for_lead))


@writes(review_case)
def set_skills(tx: Tx, case_id: CaseId, skills: Iterable[str]) -> None:
    """Store what the case asks of whoever takes it."""
    tx.run(review_case.update().where(review_case.c.id == case_id).values(skills=sorted(skills)))


@writes(review_case)
def take_over(tx: Tx, source: CaseId, target: CaseId) -> None:
    """Let what keeps people from one case, and what it asks of them, hold for another as well."""
    columns = ("other_purposes", "skills", "exposure_kinds")
    both = sa.select(*(review_case.c[name] for name in columns)).where(review_case.c.id.in_([source, target]))
    rows = tx.run(both).all()
    values = {name: sorted({each for row in rows for each in getattr(row, name)}) for name in columns}
    tx.run(review_case.update().where(review_case.c.id == target).values(**values))
    let_go_of_outsiders(tx, review_case.c.id == target)


@writes(review_case)
def weigh_soon(tx: Tx, case_id: CaseId, now: datetime) -> None:
    """Let the case be weighed anew by the next sweep."""
    tx.run(review_case.update().where(review_case.c.id == case_id).values(weigh_at=now))


def to_weigh(tx: Tx, now: datetime, *, limit: int) -> list[CaseId]:
    """Return open cases whose parts weigh something else by now, the longest due first."""
    statement = (
        sa.select(review_case.c.id)
        .where(review_case.c.state == CaseState.OPEN.value, review_case.c.weigh_at <= now)
        .order_by(review_case.c.weigh_at)
        .limit(limit)
    )
    return [CaseId(case_id) for case_id in tx.run(statement).scalars()]
