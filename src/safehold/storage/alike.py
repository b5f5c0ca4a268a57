"""Pictures nearly like one: which of them wait, and which were decided. It reads, and writes nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safehold.model.case import CaseState, WaitsFor
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, ItemId
from safehold.storage.assessments import STANDS, assessment, outcome
from safehold.storage.cases import case_item, review_case
from safehold.storage.database import Tx
from safehold.storage.items import item
from safehold.storage.media import bits_apart, media_signal, nearly_the_same

_OWN, _OTHER = media_signal.alias("own"), media_signal.alias("other")
_OF = item.alias("of_item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """An item of a case, like another one. bits: by which they differ, None for the same bytes."""

    case_id: CaseId
    item_id: ItemId
    bits: int | None


def waiting(
    tx: Tx, item_id: ItemId, *, purpose: Purpose, among: Collection[CaseId], bits: int, most: int
) -> list[Alike]:
    """Return items like this one that wait in open cases for somebody to assess them the first time.

    The same bytes come first, then the nearest. among: in which cases; one by one, only these are compared.
    Left out is what waits because an outcome was reversed or is contested.
    """
    waits = sa.and_(
        case_item.c.case_id.in_(among),
        case_item.c.waits_for == WaitsFor.ASSESSMENT.value,
        case_item.c.round == 1,
        review_case.c.state == CaseState.OPEN.value,
        review_case.c.purpose == purpose.value,
    )
    places = case_item.join(review_case, review_case.c.id == case_item.c.case_id)
    return _alike(
        tx, (case_item.c.case_id, case_item.c.item_id), places, item_id, waits, bits=bits, most=most
    )


def decided_by(
    tx: Tx, item_id: ItemId, *, purpose: Purpose, by: AnalystId, since: datetime, bits: int, most: int
) -> list[Alike]:
    """Return items like this one whose standing outcomes rest on this person's own assessment since then.

    Repeats are left out. The same bytes come first, then the nearest.
    """
    theirs = sa.and_(
        assessment.c.analyst_id == by,
        assessment.c.filed_at >= since,
        assessment.c.same_as.is_(None),
        outcome.c.purpose == purpose.value,
        STANDS,
    )
    places = outcome.join(assessment, assessment.c.id == outcome.c.rests_on)
    return _alike(tx, (outcome.c.case_id, outcome.c.item_id), places, item_id, theirs, bits=bits, most=most)


def _alike(
    tx: Tx,
    place: tuple[sa.Column[Any], sa.Column[Any]],
    places: sa.Join,
    item_id: ItemId,
    condition: sa.ColumnElement[bool],
    *,
    bits: int,
    most: int,
) -> list[Alike]:
    others = (
        sa.select(place[0].label("case_id"), place[1].label("item_id"))
        .select_from(places.join(item, item.c.id == place[1]).join(_OF, _OF.c.id == item_id))
        .where(condition, item.c.id != item_id, item.c.rehearsal == _OF.c.rehearsal)
    )
    exact = others.add_columns(sa.null().cast(sa.Integer).label("bits")).where(
        item.c.media_id == _OF.c.media_id
    )
    near = (
        others.add_columns(sa.func.min(bits_apart(_OWN, _OTHER)).label("bits"))
        .join(_OWN, _OWN.c.media_id == _OF.c.media_id)
        .join(_OTHER, _OTHER.c.media_id == item.c.media_id)
        .where(item.c.media_id != _OF.c.media_id, nearly_the_same(_OWN, _OTHER, bits=bits))
        .group_by(place[0], place[1])
    )
    both = sa.union_all(exact, near).subquery()
    order = (both.c.bits.asc().nulls_first(), both.c.case_id, both.c.item_id)
    return [
        Alike(case_id=CaseId(row.case_id), item_id=ItemId(row.item_id), bits=row.bits)
        for row in tx.run(sa.select(both).order_by(*order).limit(most))
    ]
