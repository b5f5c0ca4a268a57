"""Reaching: whether somebody listens where something would be sent. Nothing is said once connected."""

from __future__ import annotations

from safehold.egress.addresses import PermittedNetworks
from safehold.egress.connection import Deadline, PinnedBackend, Resolve, checked_addresses, system_resolve
from safehold.egress.mail import MailServer
from safehold.egress.urls import parse_target


def address(
    url: str, permitted: PermittedNetworks, *, seconds: float, resolve: Resolve = system_resolve
) -> None:
    """Connect to the host of an address and let go. Raises AddressRefused, FetchFailed."""
    deadline, target = Deadline(seconds), parse_target(url)
    found = checked_addresses(target, permitted, resolve, deadline)
    PinnedBackend(found, deadline, seconds).connect_tcp(target.host, target.port).close()


def mail_server(server: MailServer, *, resolve: Resolve = system_resolve) -> None:
    """Connect to a mail server and let go, before either has said anything. Raises as `address`."""
    reach = server.permitted.join(PermittedNetworks(public_ports=frozenset({server.port})))
    url = f"https://{server.host}:{server.port}/"
    address(url, reach, seconds=server.deadline_seconds, resolve=resolve)
