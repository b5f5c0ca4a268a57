"""What a page shows: items on record here that somebody named when they reported it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from safehold.model.ids import CaseId, InboundReportId, ItemId
from safehold.storage.assessments import CONFIRMING, STANDS, outcome
from safehold.storage.cases import case_item
from safehold.storage.database import Tx
from safehold.storage.inbound_reports import inbound_report
from safehold.storage.tables import metadata, owned_by, writes

reported_item = sa.Table(
    "reported_item",
    metadata,
    sa.Column("report_id", sa.ForeignKey("inbound_report.id"), primary_key=True),
    sa.Column("item_id", sa.ForeignKey("item.id"), primary_key=True),
    sa.Index("ix_reported_item_item_id", "item_id"),
)

owned_by("intake", reported_item)


@writes(reported_item)
def insert(tx: Tx, report_id: InboundReportId, item_ids: Collection[ItemId]) -> None:
    """Record that the page of a report shows these items. Nothing happens without any."""
    if item_ids:
        tx.run(reported_item.insert(), [{"report_id": report_id, "item_id": each} for each in item_ids])


def of_report(tx: Tx, report_id: InboundReportId) -> list[ItemId]:
    """Return the items that the page of a report shows, by id."""
    statement = sa.select(reported_item.c.item_id).where(reported_item.c.report_id == report_id)
    return sorted(ItemId(item_id) for item_id in tx.run(statement).scalars())


def shown_on(tx: Tx, page_id: ItemId) -> list[ItemId]:
    """Return the items that a page shows, by id. page_id: the item that the page is; of others, none."""
    statement = _pairs(reported_item.c.item_id).where(inbound_report.c.item_id == page_id)
    return sorted(ItemId(item_id) for item_id in tx.run(statement).scalars())


def pages_of(tx: Tx, item_id: ItemId) -> list[ItemId]:
    """Return the pages that show an item, as the items that they are, by id."""
    statement = _pairs(inbound_report.c.item_id).where(
        reported_item.c.item_id == item_id, inbound_report.c.item_id.is_not(None)
    )
    return sorted(ItemId(page_id) for page_id in tx.run(statement).scalars())


def shown_within(tx: Tx, page_id: ItemId, case_id: CaseId) -> list[ItemId]:
    """Return the items that a page shows and that lie in this case, in the order in which they joined it.

    What was in it and went on in another, leaving no outcome here, lies there.
    """
    statement = (
        _pairs(case_item.c.item_id)
        .join(case_item, case_item.c.item_id == reported_item.c.item_id)
        .where(inbound_report.c.item_id == page_id, case_item.c.case_id == case_id, _lies_here(case_item))
        .order_by(case_item.c.joined_at, case_item.c.item_id)
    )
    return [ItemId(item_id) for item_id in tx.run(statement).scalars()]


def pages_within(tx: Tx, case_id: CaseId) -> list[tuple[ItemId, ItemId]]:
    """Return each page that lies in a case and was not let go there, with each item on it that lies there.

    What went on in another case, leaving no outcome here, lies there.
    """
    page = case_item.alias("page")
    let_go = sa.exists().where(*_stands_in(page), outcome.c.finding.not_in(CONFIRMING))
    statement = (
        _pairs(page.c.item_id.label("page"), case_item.c.item_id.label("shown"))
        .join(page, page.c.item_id == inbound_report.c.item_id)
        .join(case_item, case_item.c.item_id == reported_item.c.item_id)
        .where(page.c.case_id == case_id, case_item.c.case_id == case_id)
        .where(_lies_here(page), _lies_here(case_item), page.c.waits_for.is_not(None) | ~let_go)
    )
    return [(ItemId(row.page), ItemId(row.shown)) for row in tx.run(statement)]


def _lies_here(place: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.or_(place.c.waits_for.is_not(None), sa.exists().where(*_stands_in(place)))


def _stands_in(place: sa.FromClause) -> tuple[sa.ColumnElement[bool], ...]:
    return outcome.c.case_id == place.c.case_id, outcome.c.item_id == place.c.item_id, STANDS


def _pairs(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return sa.select(*columns).join_from(
        reported_item, inbound_report, inbound_report.c.id == reported_item.c.report_id
    )
