"""The mail channel: one plain message to the addresses that settings name."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from uuid import UUID

from safehold.act.channels.base import Receipt, Verdict
from safehold.egress import mail
from safehold.egress.connection import Resolve, system_resolve
from safehold.egress.mail import Mail, MailServer
from safehold.model.errors import AddressRefused, MailFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDestination:
    """Addresses behind a mail server, as the settings declare them. Inactive until enabled."""

    name: str
    server: MailServer = field(repr=False)
    sender: str = field(repr=False)
    recipients: tuple[str, ...] = field(repr=False)
    enabled: bool = False
    resolve: Resolve = field(default=system_resolve, repr=False)


def send(
    destination: MailDestination, *, message_id: UUID, subject: str, text: str, now: datetime
) -> Receipt:
    """Make one attempt to hand a message over; a failure is a receipt, never an error.

    message_id: the same on every attempt, by which a receiver knows a repeat.
    """
    domain = destination.sender.rpartition("@")[2]
    headers = {
        "Subject": subject,
        "Date": format_datetime(now.astimezone(UTC)),
        "Message-ID": f"<{message_id.hex}@{domain}>",
        "Importance": "high",
    }
    written = Mail(sender=destination.sender, recipients=destination.recipients, headers=headers, text=text)
    try:
        mail.send(written, destination.server, introduced_as=domain, resolve=destination.resolve)
    except MailFailed as failure:
        return Receipt(verdict=Verdict.DOWN, error=failure.reason)
    except AddressRefused as failure:
        return Receipt(verdict=Verdict.DOWN, error=failure.code)
    return Receipt(verdict=Verdict.TAKEN)
