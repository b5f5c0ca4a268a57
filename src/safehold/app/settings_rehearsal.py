"""What the settings of a rehearsal may hold: nothing that is meant, and nothing that leaves this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from safehold.app.listening import is_this_machine

if TYPE_CHECKING:
    from safehold.app.settings import Settings


def what_is_meant(settings: Settings) -> str | None:
    """Return the first thing in these settings that a rehearsal must not have, in words; None for practice.

    In a rehearsal each surface is declared one, and whatever is told goes to this machine.
    """
    if settings.production:
        return "production: a rehearsal is none"
    for name, surface in settings.surfaces.items():
        if not surface.rehearsal:
            return f"surfaces.{name}: in a rehearsal each surface is declared rehearsal = true"
    for name, host in _told(settings):
        if not is_this_machine(host):
            return f"{name}: a rehearsal tells nobody outside this machine; name 127.0.0.1"
    return None


def _told(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield whatever is sent to, by its place in the settings, with its host, "" where none is named."""
    for name, webhook in settings.webhooks.items():
        yield f"webhooks.{name}", _host(webhook.url)
    for name, channel in settings.emergency.on_call.items():
        yield f"emergency.on_call.{name}", channel.host or _host(channel.url)
    for name, anchor in settings.audit.anchors.items():
        # The store may be a folder.
        if anchor.host or "://" in (anchor.url or ""):
            yield f"audit.anchors.{name}", anchor.host or _host(anchor.url)
    addressed = {f"classifiers.{name}": each.url for name, each in settings.classifiers.items()}
    # Without an address a person takes a pack there; that of practice says on its first line not to.
    for name, authority in settings.authorities.destinations.items():
        addressed[f"authorities.destinations.{name}"] = authority.url
        if authority.host is not None:
            yield f"authorities.destinations.{name}", authority.host
    yield from ((name, _host(url)) for name, url in addressed.items() if url is not None)


def _host(url: str | None) -> str:
    return urlsplit(url or "").hostname or ""
