"""Items: one appearance of media at one place and time. Context is a row of its own, so it can be erased."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from safehold.model.ids import ItemId, KeyId, MediaId, PageId, ScanId
from safehold.model.item import Context, Item, ItemKind, Page
from safehold.model.retention import Reach
from safehold.model.scan import ScanResult
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, is_among, metadata, one_of, owned_by, writes

page = sa.Table(
    "page",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    # NULL once erased.
    sa.Column("url", sa.Text),
    sa.Column("seen_at", Instant, nullable=False),
)

item = sa.Table(
    "item",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("surface", sa.Text, nullable=False),
    sa.Column("media_id", sa.ForeignKey("media.id")),
    sa.Column("page_id", sa.ForeignKey("page.id")),
    sa.Column("key_id", sa.ForeignKey("api_key.id")),
    sa.Column("scan_id", Uuid, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("rehearsal", sa.Boolean, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    one_of("kind", ItemKind),
    sa.CheckConstraint("result in ('hold', 'review')", name="result_kept"),
    sa.CheckConstraint("(kind = 'media') = (media_id is not null)", name="media_present"),
    sa.CheckConstraint("(kind = 'page') = (page_id is not null)", name="page_present"),
    # Nothing that a rule or a behaviour says of messages may hold anything.
    sa.CheckConstraint("kind <> 'messages' or result = 'review'", name="messages_never_hold"),
    sa.Index("ix_item_media_id", "media_id"),
)

item_context = sa.Table(
    "item_context",
    metadata,
    sa.Column("item_id", sa.ForeignKey("item.id", ondelete="cascade"), primary_key=True),
    sa.Column("content_id", sa.Text),
    sa.Column("account_id", sa.Text),
    sa.Column("uploaded_at", Instant),
    sa.Column("ip", sa.Text),
    sa.Column("port", sa.Integer),
    sa.Column("original_name", sa.Text),
    sa.Column("region", sa.Text),
    sa.Column("account_created_at", Instant),
    sa.Column("account_is_child", sa.Boolean),
    sa.Index("ix_item_context_account_id", "account_id"),
    sa.Index("ix_item_context_content_id", "content_id"),
)

owned_by("intake", page, item, item_context)

_CONTEXT_FIELDS = (
    "content_id",
    "account_id",
    "uploaded_at",
    "ip",
    "port",
    "original_name",
    "region",
    "account_created_at",
    "account_is_child",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredItem:
    """An item with what the scan said and who sent it. context is None once it was erased.

    result: the scan's result, hold or review. key_id: the platform's key, None for our own tools.
    """

    item: Item
    scan_id: ScanId
    result: ScanResult
    key_id: KeyId | None
    context: Context | None


@writes(item, item_context)
def put(
    tx: Tx,
    stored: Item,
    *,
    context: Context,
    scan_id: ScanId,
    result: ScanResult,
    key_id: KeyId | None,
) -> None:
    """Record an item and its context."""
    tx.run(
        item.insert().values(
            id=stored.id,
            kind=stored.kind.value,
            surface=stored.surface,
            media_id=stored.media_id,
            page_id=stored.page_id,
            key_id=key_id,
            scan_id=scan_id,
            result=result.value,
            rehearsal=stored.rehearsal,
            received_at=stored.received_at,
        )
    )
    values = {name: getattr(context, name) for name in _CONTEXT_FIELDS}
    tx.run(item_context.insert().values(item_id=stored.id, **values))


@writes(page)
def put_page(tx: Tx, seen: Page) -> None:
    """Record a page."""
    tx.run(page.insert().values(id=seen.id, url=seen.url, seen_at=seen.seen_at))


@writes(page)
def forget_pages(tx: Tx, item_ids: Iterable[ItemId]) -> None:
    """Erase the addresses of the pages that these items are."""
    ours = sa.select(item.c.page_id).where(item.c.id.in_(list(item_ids)), item.c.page_id.is_not(None))
    tx.run(page.update().where(page.c.id.in_(ours)).values(url=None))


def pages_of(tx: Tx, item_ids: Iterable[ItemId]) -> dict[ItemId, Page]:
    """Return the pages that these items are; items of other kinds are left out."""
    statement = (
        sa.select(item.c.id.label("item_id"), page)
        .join(page, page.c.id == item.c.page_id)
        .where(is_among(item.c.id, item_ids))
    )
    return {
        ItemId(row.item_id): Page(id=PageId(row.id), url=row.url, seen_at=row.seen_at)
        for row in tx.run(statement)
    }


@writes(item_context)
def forget_context(tx: Tx, item_ids: Iterable[ItemId]) -> list[ItemId]:
    """Erase where these items appeared and return those of which it had not been erased before."""
    statement = (
        item_context.delete()
        .where(item_context.c.item_id.in_(list(item_ids)))
        .returning(item_context.c.item_id)
    )
    return [ItemId(row.item_id) for row in tx.run(statement)]


def get(tx: Tx, item_id: ItemId) -> StoredItem | None:
    """Return one item, None when there is none."""
    return get_many(tx, [item_id]).get(item_id)


def get_bare(tx: Tx, item_id: ItemId) -> Item | None:
    """Return an item without where it appeared, None when there is none.

    It and `content_id_of` are all that the API's role can ask: accounts and addresses stay out of its reach.
    """
    row = tx.run(sa.select(item).where(item.c.id == item_id)).first()
    return item_of(row) if row else None


def of_key(tx: Tx, item_ids: Iterable[ItemId], key_id: KeyId) -> dict[ItemId, Item]:
    """Return those of these items that came by this key, without where they appeared."""
    statement = sa.select(item).where(item.c.id.in_(list(item_ids)), item.c.key_id == key_id)
    return {ItemId(row.id): item_of(row) for row in tx.run(statement)}


def content_id_of(tx: Tx, item_id: ItemId) -> str | None:
    """Return the platform's own id of an item, None when there is none or it was erased."""
    statement = sa.select(item_context.c.content_id).where(item_context.c.item_id == item_id)
    found: str | None = tx.run(statement).scalar_one_or_none()
    return found


def get_many(tx: Tx, item_ids: Iterable[ItemId]) -> dict[ItemId, StoredItem]:
    """Return these items by id; ids that do not exist are left out."""
    statement = (
        sa.select(
            item,
            item_context.c.item_id.label("context_of"),
            *(item_context.c[name] for name in _CONTEXT_FIELDS),
        )
        .outerjoin(item_context, item_context.c.item_id == item.c.id)
        .where(is_among(item.c.id, item_ids))
    )
    return {ItemId(row.id): _stored(row) for row in tx.run(statement).all()}


def of_media(tx: Tx, media_id: MediaId) -> list[ItemId]:
    """Return every appearance of these bytes, oldest first."""
    statement = (
        sa.select(item.c.id).where(item.c.media_id == media_id).order_by(item.c.received_at, item.c.id)
    )
    return [ItemId(row.id) for row in tx.run(statement)]


def reach_of(tx: Tx, item_ids: Collection[ItemId]) -> Reach:
    """Return what these items consist of: their media, and those that came without any."""
    statement = sa.select(item.c.id, item.c.media_id).where(is_among(item.c.id, item_ids))
    found = tx.run(statement).all()
    return Reach(
        media=tuple(sorted({MediaId(row.media_id) for row in found if row.media_id is not None})),
        records=tuple(sorted(ItemId(row.id) for row in found if row.media_id is None)),
    )


def _stored(row: Any) -> StoredItem:
    context = None
    if row.context_of is not None:
        context = Context(surface=row.surface, **{name: getattr(row, name) for name in _CONTEXT_FIELDS})
    return StoredItem(
        item=item_of(row),
        scan_id=ScanId(row.scan_id),
        result=ScanResult(row.result),
        key_id=row.key_id,
        context=context,
    )


def item_of(row: Any) -> Item:
    """Return the item of a row that has all columns of one."""
    return Item(
        id=ItemId(row.id),
        kind=ItemKind(row.kind),
        surface=row.surface,
        media_id=row.media_id,
        received_at=row.received_at,
        rehearsal=row.rehearsal,
        page_id=row.page_id,
    )
