"""Conversations: what each has shown so far, its window of messages, sealed, and what accounts do in several.

State is bytes that hold no text. Texts lie apart, sealed to the vault's public key, message by message, so
that each ends by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.ids import ConversationId, ItemId, KeyId, new_id
from safehold.storage.assessments import CONFIRMING_STANDS, STANDS, outcome
from safehold.storage.database import Tx
from safehold.storage.items import item_context
from safehold.storage.retention_clocks import holds
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

LARGEST_STATE = 256 * 1024
LARGEST_TEXT = 128 * 1024
"""Bytes, once sealed."""

conversation = sa.Table(
    "conversation",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("key_id", sa.ForeignKey("api_key.id")),
    sa.Column("surface", sa.Text, nullable=False),
    # The platform's own id.
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("rehearsal", sa.Boolean, nullable=False),
    sa.Column("state", sa.LargeBinary, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.UniqueConstraint("surface", "reference", name="uq_conversation_surface"),
    sa.CheckConstraint(f"octet_length(state) <= {LARGEST_STATE}", name="state_bounded"),
    sa.Index("ix_conversation_expires_at", "expires_at"),
)

# A message that is known by its id alone has left the window: only that it came is left.
conversation_message = sa.Table(
    "conversation_message",
    metadata,
    sa.Column("conversation_id", sa.ForeignKey("conversation.id", ondelete="cascade"), primary_key=True),
    sa.Column("message_id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("sent_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("sealed_as", Uuid),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("wrapped", sa.LargeBinary),
    sa.CheckConstraint(
        "(sealed is null) = (wrapped is null) and (sealed is null) = (sealed_as is null)",
        name="sealed_together",
    ),
    sa.CheckConstraint(
        f"octet_length(sealed) <= {LARGEST_TEXT} and octet_length(wrapped) <= 1024", name="text_bounded"
    ),
    sa.Index("ix_conversation_message_expires_at", "expires_at"),
    sa.Index(
        "ix_conversation_message_window",
        "conversation_id",
        "sent_at",
        postgresql_where=sa.text("sealed_as is not null"),
    ),
)

# Which items were made of a conversation: one for each time that somebody was asked to look.
conversation_item = sa.Table(
    "conversation_item",
    metadata,
    sa.Column("item_id", sa.ForeignKey("item.id"), primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversation.id", ondelete="cascade"), nullable=False),
    sa.Column("flagged_at", Instant, nullable=False),
    sa.Index("ix_conversation_item_conversation_id", "conversation_id", "flagged_at"),
)

account_habits = sa.Table(
    "account_habits",
    metadata,
    sa.Column("surface", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("habits", sa.LargeBinary, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.CheckConstraint(f"octet_length(habits) <= {LARGEST_STATE}", name="habits_bounded"),
    sa.Index("ix_account_habits_expires_at", "expires_at"),
)

owned_by("intake", conversation, conversation_message, conversation_item, account_habits)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConversation:
    """A conversation as it is on record.

    item_id: the last that was made of it, at `flagged_at`. decided_at: when it was settled, if it was.
    """

    id: ConversationId
    rehearsal: bool
    state: bytes = field(repr=False)
    item_id: ItemId | None = None
    flagged_at: datetime | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """One message of a window. sealed_as, sealed, wrapped: its text, None where there is none any more."""

    message_id: str
    account_id: str
    sent_at: datetime
    sealed_as: UUID | None = None
    sealed: bytes | None = field(default=None, repr=False)
    wrapped: bytes | None = field(default=None, repr=False)


@writes(conversation)
def find_or_begin(
    tx: Tx,
    *,
    surface: str,
    reference: str,
    key_id: KeyId | None,
    rehearsal: bool,
    state: bytes,
    expires_at: datetime,
) -> StoredConversation:
    """Return the conversation of this reference, locked; one is begun with this state where there is none."""
    values = {
        "id": ConversationId(new_id()),
        "key_id": key_id,
        "surface": surface,
        "reference": reference,
        "rehearsal": rehearsal,
        "state": state,
        "expires_at": expires_at,
    }
    tx.run(postgresql.insert(conversation).values(values).on_conflict_do_nothing())
    of_this = (conversation.c.surface == surface, conversation.c.reference == reference)
    row = tx.run(sa.select(conversation).where(*of_this).with_for_update()).one()
    return _with_item(
        tx, StoredConversation(id=ConversationId(row.id), rehearsal=row.rehearsal, state=row.state)
    )


@writes(conversation)
def set_state(tx: Tx, conversation_id: ConversationId, state: bytes, *, expires_at: datetime) -> None:
    """Record what a conversation has shown so far, and until when that is kept."""
    ours = conversation.c.id == conversation_id
    tx.run(conversation.update().where(ours).values(state=state, expires_at=expires_at))


@writes(conversation_message)
def put_message(
    tx: Tx, conversation_id: ConversationId, sent: StoredMessage, *, expires_at: datetime
) -> bool:
    """Record a message; False, and nothing is changed, where one of this id is on record."""
    values = {
        "conversation_id": conversation_id,
        "message_id": sent.message_id,
        "account_id": sent.account_id,
        "sent_at": sent.sent_at,
        "expires_at": expires_at,
        "sealed_as": sent.sealed_as,
        "sealed": sent.sealed,
        "wrapped": sent.wrapped,
    }
    inserted = postgresql.insert(conversation_message).values(values).on_conflict_do_nothing()
    return tx.run(inserted.returning(conversation_message.c.message_id)).first() is not None


@writes(conversation_message)
def thin(tx: Tx, conversation_id: ConversationId, *, window: int, keep: Iterable[str]) -> None:
    """Erase the text of all but the latest `window` messages and those of these ids."""
    ours = (
        conversation_message.c.conversation_id == conversation_id,
        conversation_message.c.sealed_as.is_not(None),
    )
    order = (conversation_message.c.sent_at.desc(), conversation_message.c.message_id.desc())
    beyond = sa.select(conversation_message.c.message_id).where(*ours).order_by(*order).offset(window)
    tx.run(
        conversation_message.update()
        .where(
            *ours,
            conversation_message.c.message_id.in_(beyond),
            conversation_message.c.message_id.not_in(list(keep)),
        )
        .values(sealed_as=None, sealed=None, wrapped=None)
    )


@writes(conversation_item)
def put_item(tx: Tx, item_id: ItemId, conversation_id: ConversationId, *, now: datetime) -> None:
    """Record that an item was made of a conversation."""
    tx.run(
        conversation_item.insert().values(item_id=item_id, conversation_id=conversation_id, flagged_at=now)
    )


def habits_of(tx: Tx, surface: str, account_id: str) -> bytes | None:
    """Return what an account did of late, None where nothing is known."""
    ours = (account_habits.c.surface == surface, account_habits.c.account_id == account_id)
    row = tx.run(sa.select(account_habits.c.habits).where(*ours)).first()
    return row.habits if row is not None else None


@writes(account_habits)
def set_habits(tx: Tx, surface: str, account_id: str, habits: bytes, *, expires_at: datetime) -> None:
    """Record what an account did of late, and until when that is kept."""
    values = {"surface": surface, "account_id": account_id, "habits": habits, "expires_at": expires_at}
    changed = {"habits": habits, "expires_at": expires_at}
    tx.run(
        postgresql.insert(account_habits)
        .values(values)
        .on_conflict_do_update(index_elements=["surface", "account_id"], set_=changed)
    )


def of_item(tx: Tx, item_id: ItemId) -> ConversationId | None:
    """Return the conversation that an item was made of, None for any other item."""
    found = sa.select(conversation_item.c.conversation_id).where(conversation_item.c.item_id == item_id)
    row = tx.run(found).first()
    return ConversationId(row.conversation_id) if row is not None else None


def window_of(tx: Tx, conversation_id: ConversationId) -> list[StoredMessage]:
    """Return the messages of which there is a text, sealed, in order of time."""
    statement = (
        sa.select(conversation_message)
        .where(
            conversation_message.c.conversation_id == conversation_id,
            conversation_message.c.sealed_as.is_not(None),
        )
        .order_by(conversation_message.c.sent_at, conversation_message.c.message_id)
    )
    return [
        StoredMessage(
            message_id=row.message_id,
            account_id=row.account_id,
            sent_at=row.sent_at,
            sealed_as=row.sealed_as,
            sealed=row.sealed,
            wrapped=row.wrapped,
        )
        for row in tx.run(statement)
    ]


@writes(conversation, conversation_message, account_habits)
def forget(tx: Tx, *, now: datetime, limit: int) -> Mapping[str, int]:
    """Destroy what is past its time, and return how many rows of each kind that was.

    What a person still has to decide about, what was confirmed, and what is under a legal hold stays as long
    as the context of its item.
    """
    kept = _kept_conversations()
    messages = sa.select(conversation_message.c.conversation_id, conversation_message.c.message_id).where(
        conversation_message.c.expires_at <= now, conversation_message.c.conversation_id.not_in(kept)
    )
    pair = sa.tuple_(conversation_message.c.conversation_id, conversation_message.c.message_id)
    past = sa.select(conversation.c.id).where(
        conversation.c.expires_at <= now, conversation.c.id.not_in(kept)
    )
    of_accounts = sa.tuple_(account_habits.c.surface, account_habits.c.account_id)
    habits = sa.select(account_habits.c.surface, account_habits.c.account_id).where(
        account_habits.c.expires_at <= now
    )
    return {
        "messages": _deleted(tx, conversation_message.delete().where(pair.in_(messages.limit(limit)))),
        "conversations": _deleted(tx, conversation.delete().where(conversation.c.id.in_(past.limit(limit)))),
        "habits": _deleted(tx, account_habits.delete().where(of_accounts.in_(habits.limit(limit)))),
    }


def _kept_conversations() -> sa.Select[tuple[object]]:
    decided = sa.exists().where(outcome.c.item_id == conversation_item.c.item_id, STANDS)
    confirmed = sa.exists().where(outcome.c.item_id == conversation_item.c.item_id, CONFIRMING_STANDS)
    return (
        sa.select(conversation_item.c.conversation_id)
        .join(item_context, item_context.c.item_id == conversation_item.c.item_id)
        .where(sa.not_(decided) | confirmed | holds(conversation_item.c.item_id))
    )


def _deleted(tx: Tx, statement: sa.Delete) -> int:
    return int(tx.run(statement).rowcount)


def _with_item(tx: Tx, found: StoredConversation) -> StoredConversation:
    last = (
        sa.select(conversation_item)
        .where(conversation_item.c.conversation_id == found.id)
        .order_by(conversation_item.c.flagged_at.desc())
        .limit(1)
    )
    row = tx.run(last).first()
    if row is None:
        return found
    decided = sa.select(sa.func.max(outcome.c.settled_at)).where(outcome.c.item_id == row.item_id, STANDS)
    return StoredConversation(
        id=found.id,
        rehearsal=found.rehearsal,
        state=found.state,
        item_id=ItemId(row.item_id),
        flagged_at=row.flagged_at,
        decided_at=tx.run(decided).scalar(),
    )
