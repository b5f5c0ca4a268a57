"""What every answer of the media origin carries, and who gets one at all: the console's own scripts."""

from __future__ import annotations

import json

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from safehold.model.errors import NotFound
from safehold.web.errors import PROBLEM, problem

HEADERS = {
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
    "accept-ranges": "none",
    "vary": "origin",
}


class ForTheConsole:
    """Turns everybody away but the scripts of these origins: a picture in a tab of its own would stay there.

    Whoever is turned away gets the answer of an address at which nothing is, and their ticket is not used.
    """

    def __init__(self, app: ASGIApp, *, origins: frozenset[str]) -> None:
        self.app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        is_script = headers.get("sec-fetch-dest", "empty") == "empty"
        if scope["method"] != "GET" or origin not in self._origins or not is_script:
            await _nothing_here(scope, send)
            return

        async def send_readable(message: Message) -> None:
            if message["type"] == "http.response.start":
                allowed = (b"access-control-allow-origin", origin.encode())
                message["headers"] = [*message.get("headers", []), allowed]
            await send(message)

        await self.app(scope, receive, send_readable)


async def _nothing_here(scope: Scope, send: Send) -> None:
    error = NotFound("There is nothing at this address.")
    body = json.dumps(problem(error, scope["safehold.request_id"])).encode()
    headers = [(b"content-type", PROBLEM.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
