"""Uploads: record media once, each appearance of it as an item, and the context so that it can be erased."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from safehold.model.errors import InvalidInput, NotFound
from safehold.model.ids import ItemId, KeyId, MediaId, ScanId, new_id
from safehold.model.item import Context, Item, ItemKind
from safehold.model.media import Examined
from safehold.model.permissions import system_actor
from safehold.model.scan import ScanResult
from safehold.model.signal import Signal
from safehold.storage import audit
from safehold.storage import inbound_reports as report_rows
from safehold.storage import items as item_rows
from safehold.storage import media as media_rows
from safehold.storage.database import Tx
from safehold.storage.items import StoredItem
from safehold.storage.media import MediaFacts

_INTAKE = system_actor("intake").label
_NOT_EXAMINED = Examined(media_type="application/octet-stream")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    """An item as it was sent. media: None when only signals were. stored.context: None once erased."""

    stored: StoredItem
    media: MediaFacts | None


def receive(  # noqa: PLR0913 - everything a scan knows of an upload, each by its name
    tx: Tx,
    *,
    scan_id: ScanId,
    context: Context,
    rehearsal: bool,
    result: ScanResult,
    digest_sha256: bytes | None,
    examined: Examined | None,
    size_bytes: int,
    signals: Sequence[Signal],
    key_id: KeyId | None,
    now: datetime,
) -> tuple[ItemId, MediaId | None]:
    """Record an item that matched or was flagged and return its id and that of its media.

    digest_sha256: the 32 bytes of the upload's SHA-256, None when signals alone were sent; then there is
    no media, the id is None, and `signals` are kept by nobody. examined: None when nothing could look
    into the bytes. Two identical uploads at once become one media and two items. Raises InvalidInput for
    any result but hold and review: nothing is kept of the others.
    """
    if result not in (ScanResult.HOLD, ScanResult.REVIEW):
        raise InvalidInput("Only what matched or was flagged is kept.")
    media_id = None
    if digest_sha256 is not None:
        media_id = media_rows.put(
            tx,
            media_id=MediaId(new_id()),
            sha256=digest_sha256,
            examined=examined or _NOT_EXAMINED,
            size_bytes=size_bytes,
            at=now,
        )
        media_rows.put_signals(tx, media_id, signals)
    item = Item(
        id=ItemId(new_id()),
        kind=ItemKind.SIGNALS if media_id is None else ItemKind.MEDIA,
        surface=context.surface,
        media_id=media_id,
        received_at=now,
        rehearsal=rehearsal,
    )
    item_rows.put(tx, item, context=context, scan_id=scan_id, result=result, key_id=key_id)
    return item.id, media_id


def known_media(tx: Tx, sha256: bytes) -> MediaId | None:
    """Return the media that these bytes are, None when nothing of them was ever kept. sha256: 32 bytes."""
    return media_rows.by_digest(tx, sha256)


def add_signals(tx: Tx, media_id: MediaId, signals: Sequence[Signal], *, now: datetime) -> int:
    """Record signals that were taken anew of media that is known, and return how many it has now.

    Those that were there stay as they are. One audit record says so.
    """
    media_rows.put_signals(tx, media_id, signals)
    known = len(media_rows.signals_of(tx, media_id))
    audit.append(
        tx,
        at=now,
        actor=_INTAKE,
        verb="media.signals",
        object=f"media:{media_id}",
        detail={"taken": len(signals), "known": known},
    )
    return known


def forget_context(
    tx: Tx,
    *,
    media_id: MediaId | None = None,
    item_ids: Iterable[ItemId] = (),
    now: datetime,
) -> int:
    """Erase where these items, and every appearance of this media, were seen; return how many it was.

    The items themselves stay, without account, address or name, and without what somebody wrote about
    them. Where nobody ever decided, how to reach whoever reported goes, too; elsewhere its time runs from
    the outcome. Doing it again erases nothing more. One audit record names each item, and each contact.
    """
    appearances = item_rows.of_media(tx, media_id) if media_id is not None else []
    erased = item_rows.forget_context(tx, [*appearances, *item_ids])
    item_rows.forget_pages(tx, erased)
    report_rows.forget_statements(tx, erased)
    for report_id in report_rows.forget_undecided_contacts(tx, erased):
        verb, about = "inbound_report.forget_contact", f"inbound_report:{report_id}"
        audit.append(tx, at=now, actor=_INTAKE, verb=verb, object=about)
    for item_id in erased:
        audit.append(tx, at=now, actor=_INTAKE, verb="item.forget_context", object=f"item:{item_id}")
    return len(erased)


def item_facts(tx: Tx, item_id: ItemId) -> ItemFacts:
    """Return what is known of one item. Raises NotFound."""
    stored = item_rows.get(tx, item_id)
    if stored is None:
        raise NotFound("There is no such item.")
    media_id = stored.item.media_id
    media = media_rows.facts_of(tx, [media_id]).get(media_id) if media_id is not None else None
    return ItemFacts(stored=stored, media=media)
