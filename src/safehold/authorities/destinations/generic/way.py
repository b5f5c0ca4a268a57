"""How a parcel reaches a hotline or another authority, as the settings declare it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from safehold.egress.addresses import NONE, PermittedNetworks
from safehold.egress.mail import MailServer
from safehold.egress.urls import parse_target


@dataclass(frozen=True, slots=True, kw_only=True)
class ByWebhook:
    """A signed POST to an address. secrets: "whsec_…"; each request is signed with every one of them."""

    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    permitted: PermittedNetworks = NONE

    @property
    def place(self) -> tuple[str, ...]:
        """Where it goes."""
        return ("webhook", self.url)

    @property
    def said(self) -> str:
        """Where it goes, in words; the rest of an address may be a secret."""
        return f"to their address at {parse_target(self.url).host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByMail:
    """A mail with one attachment. mailboxes: of the receiver."""

    server: MailServer = field(repr=False)
    sender: str
    mailboxes: tuple[str, ...]

    @property
    def place(self) -> tuple[str, ...]:
        """Where it goes."""
        return ("mail", *self.mailboxes)

    @property
    def said(self) -> str:
        """Where it goes, in words."""
        return f"by mail to {', '.join(self.mailboxes)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a destination is reached. recipients: public keys of age: who can open what arrives.

    with_files: whether media go along. largest_bytes: of the media of one parcel, all together. seconds: how
    long sending an empty one may take.
    """

    by: ByWebhook | ByMail
    recipients: tuple[str, ...]
    with_files: bool = True
    largest_bytes: int = 16 << 20
    seconds: float = 900.0

    @property
    def place(self) -> tuple[str, ...]:
        """What production is switched on for: where it goes, and who can open it."""
        return (*self.by.place, *self.recipients)

    @property
    def said(self) -> str:
        """Return how it goes, as a letter says it."""
        return f"The machine sends it as one file that only they can open, {self.by.said}."

    def lasts(self, size: int) -> timedelta:
        """Return how long sending so many bytes may take, at a megabyte a second."""
        return timedelta(seconds=self.seconds + size / (1 << 20))
