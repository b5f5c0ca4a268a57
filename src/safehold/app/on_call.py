"""The channels by which whoever is on call is reached, as the settings declare them."""

from __future__ import annotations

from safehold.act.calls import Channel
from safehold.act.channels.base import Destination
from safehold.act.channels.mail import MailDestination
from safehold.app.settings import Settings
from safehold.app.settings_emergency import OnCallSettings
from safehold.app.settings_outside import mail_server
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.mail import Mail

DEADLINE_SECONDS = 10.0
"""For one attempt: whoever declared waits for the first one."""


def on_call_channels(settings: Settings) -> tuple[Channel, ...]:
    """Return the channels that the settings declare. Raises BadSettings for one that cannot be."""
    return tuple(_channel(name, each) for name, each in settings.emergency.on_call.items())


def _channel(name: str, each: OnCallSettings) -> Channel:
    if each.kind == "webhook":
        return Destination(
            name=name,
            url=each.url or "",
            secrets=tuple(secret.get_secret_value() for secret in each.secrets),
            kinds=frozenset(),
            enabled=each.enabled,
            permitted=PermittedNetworks.of(*each.permitted_networks),
            deadline_seconds=DEADLINE_SECONDS,
        )
    server = mail_server(each, named=f"emergency.on_call.{name}", deadline_seconds=DEADLINE_SECONDS)
    recipients = tuple(each.recipients)
    # A wrong address is found at the start, not on the day on which somebody is to be called.
    Mail(sender=each.sender or "", recipients=recipients, headers={}, text="")
    return MailDestination(
        name=name, server=server, sender=each.sender or "", recipients=recipients, enabled=each.enabled
    )
