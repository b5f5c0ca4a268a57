"""Pictures nearly like one: which of them wait, and which were decided. It reads, and writes nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safehold.model.assessment import Category, Finding
from safehold.model.case import Case, CaseState, WaitsFor
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, ItemId, MediaId
from safehold.model.item import Item
from safehold.storage.assessments import STANDS, assessment, outcome
from safehold.storage.cases import CaseItem, case_item, case_item_of, case_of, review_case
from safehold.storage.database import Tx
from safehold.storage.items import item, item_of
from safehold.storage.media import bits_apart, media_signal, nearly_the_same
from safehold.storage.tables import is_among

Place = tuple[CaseId, ItemId]
"""Where an item lies: a case, and the item in it."""

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


def cases(tx: Tx, case_ids: Collection[CaseId]) -> dict[CaseId, Case]:
    """Return these cases by id; ids that do not exist are left out."""
    statement = sa.select(review_case).where(is_among(review_case.c.id, case_ids))
    return {CaseId(row.id): case_of(row) for row in tx.run(statement)}


def items(tx: Tx, item_ids: Collection[ItemId]) -> dict[ItemId, Item]:
    """Return these items by id, without where they appeared; ids that do not exist are left out."""
    statement = sa.select(item).where(is_among(item.c.id, item_ids))
    return {ItemId(row.id): item_of(row) for row in tx.run(statement)}


def places(tx: Tx, wanted: Collection[Place]) -> dict[Place, CaseItem]:
    """Return where these items stand in these cases; an item that is not in its case is left out."""
    statement = sa.select(case_item).where(*_are_of(case_item, wanted))
    found = {(one.case_id, one.item_id): one for one in map(case_item_of, tx.run(statement))}
    return {place: found[place] for place in wanted if place in found}


def numbers_in(tx: Tx, wanted: Collection[Place]) -> dict[Place, int]:
    """Return how many items of its case joined before each of these items."""
    before = case_item.alias("before")
    earlier = (
        sa.select(sa.func.count())
        .where(
            before.c.case_id == case_item.c.case_id,
            sa.tuple_(before.c.joined_at, before.c.item_id)
            < sa.tuple_(case_item.c.joined_at, case_item.c.item_id),
        )
        .scalar_subquery()
    )
    statement = sa.select(case_item.c.case_id, case_item.c.item_id, earlier.label("earlier"))
    found = tx.run(statement.where(*_are_of(case_item, wanted)))
    return {(CaseId(row.case_id), ItemId(row.item_id)): int(row.earlier) for row in found}


def assessed(tx: Tx, wanted: Collection[Place]) -> set[tuple[CaseId, ItemId, int]]:
    """Return in which rounds somebody found something of these items by themselves, and repeated nothing.

    What of these items lies in another of these cases may be among them.
    """
    columns = (assessment.c.case_id, assessment.c.item_id, assessment.c.round)
    statement = sa.select(*columns).where(*_are_of(assessment, wanted), assessment.c.same_as.is_(None))
    return {(CaseId(row.case_id), ItemId(row.item_id), int(row.round)) for row in tx.run(statement)}


def purposes_settled(tx: Tx, item_ids: Collection[ItemId]) -> set[tuple[ItemId, Purpose]]:
    """Return for which purposes outcomes of these items stand, in whichever case."""
    statement = sa.select(outcome.c.item_id, outcome.c.purpose).where(
        is_among(outcome.c.item_id, item_ids), STANDS
    )
    return {(ItemId(row.item_id), Purpose(row.purpose)) for row in tx.run(statement)}


def standing_of_media(
    tx: Tx, media_ids: Collection[MediaId], *, purpose: Purpose
) -> list[tuple[MediaId, ItemId, bool, Finding, Category | None]]:
    """Return what people found of these media, of which item, and whether that is for practice.

    Of what stands for this purpose; what only repeats a finding is left out.
    """
    statement = (
        sa.select(item.c.media_id, item.c.id, item.c.rehearsal, assessment.c.finding, assessment.c.category)
        .join(outcome, outcome.c.rests_on == assessment.c.id)
        .join(item, item.c.id == outcome.c.item_id)
        .where(
            is_among(item.c.media_id, media_ids),
            outcome.c.purpose == purpose.value,
            assessment.c.same_as.is_(None),
            STANDS,
        )
    )
    return [
        (
            MediaId(row.media_id),
            ItemId(row.id),
            row.rehearsal,
            Finding(row.finding),
            Category(row.category) if row.category else None,
        )
        for row in tx.run(statement)
    ]


def _are_of(table: sa.Table, wanted: Collection[Place]) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions of rows about these items in these cases, whichever lies in which of them."""
    return (
        is_among(table.c.case_id, {case_id for case_id, _ in wanted}),
        is_among(table.c.item_id, {item_id for _, item_id in wanted}),
    )


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
