"""Which origins belong together: the console's, whose scripts may fetch, and the one that gives pictures."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from safehold.app.listening import address, is_this_machine
from safehold.app.settings import Settings

_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")


def media_origin(settings: Settings, listen: str | None = None) -> str:
    """Return the origin of pictures as browsers know it. listen: where it listens, else as set."""
    return settings.media.origin or f"http://{listen or settings.media.listen}"


def console_origins(settings: Settings, listen: str | None = None) -> frozenset[str]:
    """Return the origins of the console. listen: where it listens, else as set.

    Named in the settings, they are what is named; else every name that this machine has for itself.
    """
    named = settings.media.console_origins or ([settings.web.origin] if settings.web.origin else [])
    if named:
        return frozenset(named)
    host, port = address(listen or settings.web.listen)
    hosts = _THIS_MACHINE if host in ("127.0.0.1", "::1", "localhost") else (host,)
    return frozenset({f"http://{name}:{port}" for name in hosts} | set(settings.web.allowed_origins))


def leads_here(host: str, listens: Collection[str], allowed: Collection[str]) -> bool:
    """Say whether what a browser asked for ("name:port") is an address of the console's own.

    Those are this machine's own names, the hosts that are listened on, and those of the origins that are
    allowed. Any other name may be a stranger's that was made to lead here.
    """
    name = _name_of(f"//{host}")
    return is_this_machine(name) or (bool(name) and name in {*listens, *map(_name_of, allowed)})


def _name_of(origin: str) -> str:
    """Return the name or address in an origin, in small letters; "" for none."""
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""
