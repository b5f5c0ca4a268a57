"""Whether what answers a request is a rehearsal: then every page says so, those of failures too."""

from __future__ import annotations

from contextvars import ContextVar

from starlette.types import ASGIApp, Receive, Scope, Send

_REHEARSING: ContextVar[bool] = ContextVar("rehearsing", default=False)


def is_rehearsing() -> bool:
    """Say whether the request that is being answered came to a rehearsal."""
    return _REHEARSING.get()


class Rehearsing:
    """Marks everything that is answered below it as a rehearsal's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        before = _REHEARSING.set(True)
        try:
            await self.app(scope, receive, send)
        finally:
            _REHEARSING.reset(before)
