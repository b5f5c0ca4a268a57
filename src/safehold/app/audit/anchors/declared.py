"""Which anchors the settings declare, made ready to be asked, and which of them are outside of this host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from safehold.app.audit.anchors.base import Anchor
from safehold.app.audit.anchors.mail import MailToOthers
from safehold.app.audit.anchors.object_store import StoreOfOthers
from safehold.app.audit.anchors.rfc3161 import TimeStampServer
from safehold.app.settings import Settings
from safehold.app.settings_anchors import AnchorSettings
from safehold.app.settings_outside import USER_AGENT, mail_server
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.client import Egress
from safehold.egress.urls import parse_target
from safehold.model.errors import AddressRefused, BadSettings


@dataclass(frozen=True, slots=True)
class Declared:
    """One enabled anchor and how often it is to be given the head."""

    anchor: Anchor
    every: timedelta


def declared(settings: Settings) -> tuple[Declared, ...]:
    """Return the anchors that are switched on, by name. Raises BadSettings for one that cannot be."""
    return tuple(
        Declared(made(name, each, settings.audit.name), timedelta(hours=each.every_hours))
        for name, each in sorted(settings.audit.anchors.items())
        if each.enabled
    )


def made(name: str, each: AnchorSettings, log: str) -> Anchor:
    """Return the anchor that these settings describe, switched on or not. Raises BadSettings, by its name."""
    try:
        return _MAKERS[each.kind](name, each, log)
    except BadSettings as error:
        section = f"audit.anchors.{name}"
        if error.what.startswith(section):
            raise
        raise BadSettings(f"{section}: {error.what}", advice=error.advice_now) from None


def check(settings: Settings) -> None:
    """Make every anchor, and read the files that it is checked with. Raises BadSettings."""
    for name, each in settings.audit.anchors.items():
        anchor = made(name, each, settings.audit.name)
        if isinstance(anchor, TimeStampServer):
            anchor.certificates()


def outside_anchors(settings: Settings) -> int:
    """Return how many anchors are switched on and lie, by what the settings say, outside of this host.

    A folder, a store in memory, and anything at a loopback address are on this host. A name is not looked
    up: one that leads here is the operator's to know.
    """
    return sum(_is_outside(each) for each in settings.audit.anchors.values() if each.enabled)


def _is_outside(each: AnchorSettings) -> bool:
    if each.kind == "mail":
        return not _is_here(f"https://{each.host}/")
    url = each.url or ""
    if each.kind == "rfc3161":
        return not _is_here(url)
    endpoint = each.options.get("endpoint")
    is_remote = "://" in url and not url.lower().startswith(("memory:", "file:"))
    return is_remote and not (endpoint is not None and _is_here(endpoint.get_secret_value()))


def _is_here(url: str) -> bool:
    try:
        target = parse_target(url)
    except AddressRefused:
        return True
    if target.literal is not None:
        return target.literal.is_loopback or target.literal.is_unspecified
    return target.host == "localhost" or target.host.endswith(".localhost")


def _time_stamp_server(name: str, each: AnchorSettings, _log: str) -> Anchor:
    return TimeStampServer(
        name=name,
        url=each.url or "",
        roots=tuple(each.roots),
        policy=each.policy,
        permitted=PermittedNetworks.of(*each.permitted_networks),
        egress=_egress(name, each),
    )


def _egress(name: str, each: AnchorSettings) -> Egress:
    try:
        return Egress(user_agent=USER_AGENT, ca_file=each.ca_file)
    except OSError:
        raise BadSettings(f"audit.anchors.{name}.ca_file: it is missing or holds no certificates.") from None


def _mail(name: str, each: AnchorSettings, log: str) -> Anchor:
    server = mail_server(each, named=f"audit.anchors.{name}")
    return MailToOthers(
        name=name, log=log, server=server, sender=each.sender or "", recipients=tuple(each.recipients)
    )


def _object_store(name: str, each: AnchorSettings, _log: str) -> Anchor:
    options = {key: value.get_secret_value() for key, value in each.options.items()}
    return StoreOfOthers(name=name, place=each.url or "", options=options)


_MAKERS: Final[dict[str, Callable[[str, AnchorSettings, str], Anchor]]] = {
    "rfc3161": _time_stamp_server,
    "mail": _mail,
    "object_store": _object_store,
}
