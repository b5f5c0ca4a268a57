"""Messages come in: each once, its text sealed and apart, in a window that ends by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from safehold.model.ids import ConversationId, ItemId, KeyId, ObjectId, ScanId, new_id
from safehold.model.item import Context, Item, ItemKind
from safehold.model.scan import ScanResult
from safehold.storage import conversations as rows
from safehold.storage import items as item_rows
from safehold.storage.conversations import StoredConversation, StoredMessage
from safehold.storage.database import Tx
from safehold.vault.vault import Vault

__all__ = [
    "FUTURE",
    "TERM",
    "WINDOW",
    "Message",
    "StoredConversation",
    "conversation",
    "forget",
    "habits",
    "keep",
    "keep_habits",
    "make_item",
    "take",
]

TERM = timedelta(hours=72)
"""From the last message on, a conversation's state is kept so long, and each text from when it came."""
WINDOW = 50
"""Texts of a conversation that are kept, the latest, besides those that show something."""
FUTURE = timedelta(minutes=5)
"""A message that says it was sent later than this after it came is taken for sent when it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as it was sent. id, by: the platform's ids of it and of who wrote it. sent_at: aware."""

    id: str
    by: str
    sent_at: datetime
    language: str | None = None
    text: str | None = field(default=None, repr=False)


def conversation(
    tx: Tx,
    *,
    surface: str,
    reference: str,
    key_id: KeyId | None,
    rehearsal: bool,
    empty: bytes,
    now: datetime,
) -> StoredConversation:
    """Return the conversation of this reference on a surface, locked until the transaction ends.

    One is begun where there is none, with `empty` as its state.
    """
    return rows.find_or_begin(
        tx,
        surface=surface,
        reference=reference,
        key_id=key_id,
        rehearsal=rehearsal,
        state=empty,
        expires_at=now + TERM,
    )


def take(
    tx: Tx, conversation_id: ConversationId, sent: Message, *, vault: Vault, longest: int, now: datetime
) -> bool:
    """Record a message, its text sealed; False, and nothing changes, where one of this id has come before.

    longest: characters of a text that are kept.
    """
    found = StoredMessage(message_id=sent.id, account_id=sent.by, sent_at=sent.sent_at)
    if sent.text:
        object_id = ObjectId(new_id())
        sealed = vault.seal_beside(sent.text[:longest].encode("utf-8", "replace"), object_id=object_id)
        found = StoredMessage(
            message_id=sent.id,
            account_id=sent.by,
            sent_at=sent.sent_at,
            sealed_as=object_id,
            sealed=sealed.ciphertext,
            wrapped=sealed.wrapped_key,
        )
    return rows.put_message(tx, conversation_id, found, expires_at=now + TERM)


def keep(
    tx: Tx, conversation_id: ConversationId, state: bytes, *, shows: Iterable[str], now: datetime
) -> None:
    """Record the state, and let texts go that left the window. shows: ids of messages that show something."""
    rows.set_state(tx, conversation_id, state, expires_at=now + TERM)
    rows.thin(tx, conversation_id, window=WINDOW, keep=shows)


def habits(tx: Tx, surface: str, account_id: str) -> bytes | None:
    """Return what an account did of late, None where nothing is known, locked until the transaction ends.

    Whoever asks for several asks in the order of their ids.
    """
    tx.lock(f"habits of {surface} {account_id}")
    return rows.habits_of(tx, surface, account_id)


def keep_habits(tx: Tx, surface: str, account_id: str, stored: bytes, *, now: datetime) -> None:
    """Record what an account did of late."""
    rows.set_habits(tx, surface, account_id, stored, expires_at=now + TERM)


def make_item(
    tx: Tx,
    found: StoredConversation,
    *,
    context: Context,
    key_id: KeyId | None,
    now: datetime,
) -> ItemId:
    """Make an item of the window of a conversation, so that a person can look, and return its id.

    context: content_id is the conversation as the platform names it, account_id whom it is about.
    """
    item = Item(
        id=ItemId(new_id()),
        kind=ItemKind.MESSAGES,
        surface=context.surface,
        media_id=None,
        received_at=now,
        rehearsal=found.rehearsal,
    )
    scan_id = ScanId(new_id())
    item_rows.put(tx, item, context=context, scan_id=scan_id, result=ScanResult.REVIEW, key_id=key_id)
    rows.put_item(tx, item.id, found.id, now=now)
    return item.id


def forget(tx: Tx, *, now: datetime, limit: int = 5_000) -> Mapping[str, int]:
    """Destroy texts, states and habits that are past their time; return how many of each.

    What waits for a person's decision, or was confirmed, stays as long as the context of its item.
    """
    return rows.forget(tx, now=now, limit=limit)
