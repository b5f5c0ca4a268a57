"""Messages as a table that any spreadsheet opens: CSV by RFC 4180, in UTF-8, one message a row.

A cell that a spreadsheet might take for a formula gets an apostrophe in front: one that begins with = + - @,
with one of their full-width forms, with a tab or a line break. So does one that begins with an apostrophe;
whoever takes the first apostrophe of each cell away has what was written.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from safehold.authorities.fitting import REPLACEMENT

COLUMNS = (
    "sent_at",
    "conversation_id",
    "conversation_kind",
    "message_id",
    "sender_account",
    "recipient_accounts",
    "sender_ip",
    "relied_on",
    "text",
)
"""The first row. Times are UTC; several recipients stand with a space between them."""

_DANGEROUS = tuple("=+-@\t\r\n'\uff1d\uff0b\uff0d\uff20")
_KEPT = frozenset("\t\r\n")


class ConversationKind(StrEnum):
    """Whether two talk, or more."""

    DIRECT = "direct"
    GROUP = "group"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation, as the platform has it.

    sender, recipients: accounts. relied_on: whether somebody's finding relies on it.
    """

    id: str
    conversation_id: str
    kind: ConversationKind
    sent_at: datetime
    sender: str = field(repr=False)
    recipients: tuple[str, ...] = field(default=(), repr=False)
    text: str = field(default="", repr=False)
    ip: str | None = field(default=None, repr=False)
    relied_on: bool = False


def to_csv(messages: Iterable[Message]) -> bytes:
    """Return the messages by conversation and time, the same bytes for the same messages in whatever order.

    Characters that no document can hold become U+FFFD; line breaks within a message stay.
    """
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for each in sorted(messages, key=lambda one: (one.conversation_id, one.sent_at, one.id)):
        table.writerow([safe_cell(cell) for cell in _cells(each)])
    return text.getvalue().encode()


def safe_cell(text: str) -> str:
    """Return what stands in a cell: never what a spreadsheet takes for a formula."""
    written = "".join(_writable(one) for one in text)
    return f"'{written}" if written.startswith(_DANGEROUS) else written


def _cells(message: Message) -> tuple[str, ...]:
    return (
        message.sent_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        message.conversation_id,
        message.kind.value,
        message.id,
        message.sender,
        " ".join(message.recipients),
        message.ip or "",
        "yes" if message.relied_on else "no",
        message.text,
    )


def _writable(one: str) -> str:
    unwritable = unicodedata.category(one) in ("Cc", "Cs") and one not in _KEPT
    return REPLACEMENT if unwritable else one
