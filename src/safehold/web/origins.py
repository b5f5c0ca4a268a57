"""Which origins belong together: the console's, whose scripts may fetch, and the one that gives pictures."""

from __future__ import annotations

from safehold.app.listening import address
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
