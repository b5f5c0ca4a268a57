"""Cases that were merged and split: which items went from which to which, and whether that was undone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, CaseMoveId, ItemId
from safehold.storage.assessments import STANDS, assessment, outcome
from safehold.storage.cases import Gathering, case_item, review_case
from safehold.storage.database import Tx
from safehold.storage.inbound_reports import inbound_report
from safehold.storage.matches import flag, match
from safehold.storage.recusals import recusal
from safehold.storage.tables import Instant, Uuid, metadata, one_of, owned_by, writes


class MoveKind(StrEnum):
    """How items went on in another case."""

    MERGE = "merge"
    """All that waited, and whatever joins later: two cases became one."""
    SPLIT = "split"
    """Some that waited: one case became two."""


case_move = sa.Table(
    "case_move",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("from_case", Uuid, nullable=False),
    sa.Column("to_case", Uuid, nullable=False),
    # Both cases are of one purpose: the keys say so.
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("moved_by", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("moved_at", Instant, nullable=False),
    sa.Column("undone_by", sa.ForeignKey("app_user.id")),
    sa.Column("undone_at", Instant),
    one_of("kind", MoveKind),
    sa.CheckConstraint("from_case <> to_case", name="to_another"),
    sa.CheckConstraint("(undone_by is null) = (undone_at is null)", name="undone_together"),
    *(
        sa.ForeignKeyConstraint(
            [case, "purpose"], ["review_case.id", "review_case.purpose"], name=f"fk_case_move_{case}"
        )
        for case in ("from_case", "to_case")
    ),
    sa.Index("ix_case_move_from_case", "from_case"),
    sa.Index("ix_case_move_to_case", "to_case"),
    sa.Index(
        "uq_case_move_merged",
        "from_case",
        unique=True,
        postgresql_where=sa.text("kind = 'merge' and undone_at is null"),
    ),
)

case_move_item = sa.Table(
    "case_move_item",
    metadata,
    sa.Column("move_id", sa.ForeignKey("case_move.id"), primary_key=True),
    sa.Column("item_id", sa.ForeignKey("item.id"), primary_key=True),
)

owned_by("review", case_move, case_move_item)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMove:
    """Items that went on in another case. undone_at: since when they are back, as far as they waited."""

    id: CaseMoveId
    kind: MoveKind
    from_case: CaseId
    to_case: CaseId
    purpose: Purpose
    by: AnalystId
    at: datetime
    undone_at: datetime | None = None


@writes(case_move, case_move_item)
def insert(tx: Tx, move: CaseMove, item_ids: Collection[ItemId]) -> None:
    """Record that these items go on in another case."""
    tx.run(
        case_move.insert().values(
            id=move.id,
            kind=move.kind.value,
            from_case=move.from_case,
            to_case=move.to_case,
            purpose=move.purpose.value,
            moved_by=move.by,
            moved_at=move.at,
        )
    )
    if item_ids:
        tx.run(case_move_item.insert(), [{"move_id": move.id, "item_id": item_id} for item_id in item_ids])


@writes(case_move)
def set_undone(tx: Tx, move_id: CaseMoveId, *, by: AnalystId, at: datetime) -> None:
    """Record that a move was undone."""
    tx.run(case_move.update().where(case_move.c.id == move_id).values(undone_by=by, undone_at=at))


def get(tx: Tx, move_id: CaseMoveId) -> CaseMove | None:
    """Return one move, locked against other changes; None when there is none."""
    row = tx.run(sa.select(case_move).where(case_move.c.id == move_id).with_for_update()).first()
    return _move(row) if row else None


def of_case(tx: Tx, case_id: CaseId) -> list[CaseMove]:
    """Return the moves from and to a case, oldest first."""
    statement = (
        sa.select(case_move)
        .where(sa.or_(case_move.c.from_case == case_id, case_move.c.to_case == case_id))
        .order_by(case_move.c.moved_at, case_move.c.id)
    )
    return [_move(row) for row in tx.run(statement)]


def merged_into(tx: Tx, gathering: Gathering) -> CaseId | None:
    """Return the open case into which one that gathers so was merged in the end; None where none was."""
    row = tx.run(_MERGED_INTO, {"by": gathering.by, **_rest(gathering)}).first()
    return CaseId(row.id) if row else None


def goes_on_in(tx: Tx, case_id: CaseId) -> CaseId | None:
    """Return the case into which this one was merged in the end, None where it was not."""
    row = tx.run(_GOES_ON_IN, {"case": case_id}).first()
    return CaseId(row.id) if row else None


def items_of(tx: Tx, move_id: CaseMoveId) -> list[ItemId]:
    """Return the items that a move was about."""
    statement = sa.select(case_move_item.c.item_id).where(case_move_item.c.move_id == move_id)
    return [ItemId(item_id) for item_id in tx.run(statement).scalars()]


def waiting_items(tx: Tx, case_id: CaseId, among: Collection[ItemId] | None = None) -> list[ItemId]:
    """Return the items of a case that wait for something, of these where some are named."""
    statement = sa.select(case_item.c.item_id).where(
        case_item.c.case_id == case_id, case_item.c.waits_for.is_not(None)
    )
    if among is not None:
        statement = statement.where(case_item.c.item_id.in_(among))
    return [ItemId(item_id) for item_id in tx.run(statement.order_by(case_item.c.joined_at)).scalars()]


def single_and_flagged(tx: Tx, case_ids: Collection[CaseId]) -> set[CaseId]:
    """Return those of these cases that are real and no more than one item, without account, that was flagged.

    No list and no report knows the item.
    """
    ours = case_item.c.case_id == review_case.c.id
    # Not all of its columns: the console may read few of them.
    reported = sa.select(inbound_report.c.id).join(case_item, case_item.c.item_id == inbound_report.c.item_id)
    matched = sa.select(match.c.id).join(case_item, case_item.c.item_id == match.c.item_id)
    flagged = sa.select(flag.c.id).join(case_item, case_item.c.item_id == flag.c.item_id)
    items = sa.select(sa.func.count()).select_from(case_item).where(ours).scalar_subquery()
    statement = sa.select(review_case.c.id).where(
        review_case.c.id.in_(list(case_ids)),
        review_case.c.account_id.is_(None),
        ~review_case.c.rehearsal,
        items == 1,
        sa.exists(flagged.where(ours)),
        ~sa.exists(matched.where(ours)),
        ~sa.exists(reported.where(ours)),
    )
    return {CaseId(case_id) for case_id in tx.run(statement).scalars()}


def has_outcome(tx: Tx, case_id: CaseId, item_ids: Collection[ItemId]) -> bool:
    """Say whether an outcome of one of these items stands in a case."""
    ours = (outcome.c.case_id == case_id, outcome.c.item_id.in_(item_ids), STANDS)
    return tx.run(sa.select(outcome.c.id).where(*ours).limit(1)).first() is not None


@writes(case_item, assessment, recusal)
def move_items(
    tx: Tx, item_ids: Collection[ItemId], from_case: CaseId, to_case: CaseId, *, at: datetime
) -> None:
    """Let items that wait go on in another case as they stand.

    What they wait for, their round, what was assessed in it and who is kept from it go along. What was
    assessed in earlier rounds stays beside the outcomes that were reversed.
    """
    values: dict[str, Any] = {"items": list(item_ids), "source": from_case, "target": to_case, "at": at}
    for statement in _MOVE:
        tx.run(statement, values)


_MERGED_INTO = sa.text("""
with recursive step(id) as (
  select m.to_case from case_move m join review_case c on c.id = m.from_case
  where c.gathered_by = :by and c.purpose = :purpose and c.rehearsal = :rehearsal
    and m.kind = 'merge' and m.undone_at is null
  union
  select m.to_case from case_move m join step on step.id = m.from_case
  where m.kind = 'merge' and m.undone_at is null
)
select c.id from review_case c join step on step.id = c.id where c.state = 'open' order by c.opened_at limit 1
""")

_GOES_ON_IN = sa.text("""
with recursive step(id, far) as (
  select to_case, 1 from case_move where from_case = :case and kind = 'merge' and undone_at is null
  union all
  select m.to_case, step.far + 1 from case_move m join step on step.id = m.from_case
  where m.kind = 'merge' and m.undone_at is null and step.far < 100
)
select id from step order by far desc limit 1
""")

_MOVE = (
    sa.text("""
insert into case_item (case_id, item_id, joined_at, waits_for, round)
select :target, i.item_id, :at, i.waits_for, i.round from case_item i
where i.case_id = :source and i.item_id = any(:items)
on conflict (case_id, item_id) do update set joined_at = excluded.joined_at,
  waits_for = excluded.waits_for, round = greatest(case_item.round, excluded.round)
"""),
    sa.text("""
update assessment a set case_id = :target, round = t.round from case_item s
join case_item t on t.case_id = :target and t.item_id = s.item_id
where s.case_id = :source and s.item_id = any(:items)
  and a.case_id = s.case_id and a.item_id = s.item_id and a.round = s.round
"""),
    sa.text("""
insert into recusal (case_id, item_id, analyst_id, round)
select :target, r.item_id, r.analyst_id, t.round from recusal r
join case_item s on s.case_id = r.case_id and s.item_id = r.item_id and s.round = r.round
join case_item t on t.case_id = :target and t.item_id = r.item_id
where r.case_id = :source and r.item_id = any(:items)
on conflict do nothing
"""),
    sa.text("""
update case_item set waits_for = null where case_id = :source and item_id = any(:items)
"""),
)


def _rest(gathering: Gathering) -> dict[str, Any]:
    return {"purpose": gathering.purpose.value, "rehearsal": gathering.rehearsal}


def _move(row: Any) -> CaseMove:
    return CaseMove(
        id=CaseMoveId(row.id),
        kind=MoveKind(row.kind),
        from_case=CaseId(row.from_case),
        to_case=CaseId(row.to_case),
        purpose=Purpose(row.purpose),
        by=AnalystId(row.moved_by),
        at=row.moved_at,
        undone_at=row.undone_at,
    )
