"""An item is one appearance of media, or of one message window, at one place and time; a page is one URL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from safehold.model.ids import ItemId, MediaId, PageId


class ItemKind(StrEnum):
    """What an item is an appearance of."""

    MEDIA = "media"
    SIGNALS = "signals"
    MESSAGES = "messages"
    PAGE = "page"
    """An address that somebody told us about; nothing of it is here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where an item appeared, as the platform told us. Personal data: never logged, erased with the item.

    surface: a declared surface. account_id, content_id: the platform's own ids, opaque to us.
    uploaded_at: aware. region: an ISO 3166 code or the platform's own name.
    account_created_at: aware. account_is_child: whether the platform knows it as a child's.
    reference: under which the platform finds the upload again should a later entry match it. It is kept with
    signals for look-back and nowhere else.
    """

    surface: str
    content_id: str | None = None
    account_id: str | None = None
    uploaded_at: datetime | None = None
    ip: str | None = None
    port: int | None = None
    original_name: str | None = None
    region: str | None = None
    reference: str | None = None
    account_created_at: datetime | None = None
    account_is_child: bool | None = None

    def __repr__(self) -> str:
        """Name the surface only: the rest is personal data."""
        return f"Context(surface={self.surface!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One appearance at one place and time. media_id is None when only signals, or an address, were sent."""

    id: ItemId
    kind: ItemKind
    surface: str
    media_id: MediaId | None
    received_at: datetime
    rehearsal: bool = False
    page_id: PageId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One URL at one time. It has items and is itself assessed. Never add pages to items or digests.

    url: None once erased.
    """

    id: PageId
    url: str | None
    seen_at: datetime

    def __repr__(self) -> str:
        """Name the id only: a listed URL must not end up in a log."""
        return f"Page({self.id})"
