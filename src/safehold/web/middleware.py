"""Plain ASGI pieces around everything: request ids, headers, body limits, a log without content."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from safehold.model.errors import TooLarge
from safehold.model.ids import new_id
from safehold.web.errors import PROBLEM, Page, problem, unforeseen
from safehold.web.patience import Patience, PatientReceive

log = structlog.get_logger()

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'{}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""In the braces: the only other origin that a page's script may fetch from."""
_UPLOADS = re.compile("/v1/scan|/v1/streams/[^/]+/frames")
"""Where files come in."""
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY.format(""),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "x-frame-options": "DENY",
}


def headers_of_pages(media_origin: str) -> Mapping[str, str]:
    """Return the headers of answers whose scripts may fetch pictures from this origin."""
    return {**HEADERS, "content-security-policy": CONTENT_SECURITY_POLICY.format(f" {media_origin}")}


class RequestFrame:
    """Gives each request an id and an answer, each answer the security headers, the log one bare line."""

    def __init__(self, app: ASGIApp, *, page: Page, headers: Mapping[str, str] = HEADERS) -> None:
        self.app = app
        self._page = page
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = str(new_id())
        scope["safehold.request_id"] = request_id
        started = time.perf_counter()
        status = 0

        async def send_framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _framed(message.get("headers", []), self._headers, request_id)
            await send(message)

        try:
            await self.app(scope, receive, send_framed)
        except ClientDisconnect:
            log.info("client_left", request_id=request_id)
        except Exception as error:
            if status:
                raise
            await unforeseen(Request(scope), error, page=self._page)(scope, receive, send_framed)
        finally:
            # The route's own template, never the path that was sent, and no query string.
            route = getattr(scope.get("route"), "path", "none")
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            log.info(
                "request",
                request_id=request_id,
                method=scope["method"],
                route=route,
                status=status,
                milliseconds=milliseconds,
            )


class BodyLimit:
    """Refuses bodies above a limit, at once if the length is declared, and bodies that come too slowly."""

    def __init__(self, app: ASGIApp, *, upload_bytes: int, json_bytes: int, patience: Patience) -> None:
        self.app = app
        self._upload_bytes = upload_bytes
        self._json_bytes = json_bytes
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self._limit(scope)
        if _declared_length(scope) > limit:
            await _refuse(scope, send, limit)
            return
        received = 0
        receive_in_time = PatientReceive(receive, self._patience)

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive_in_time()
            received += len(message.get("body", b""))
            if received > limit:
                # The framework lets its own exception pass where it would wrap another.
                raise HTTPException(413)
            return message

        await self.app(scope, receive_counted, send)

    def _limit(self, scope: Scope) -> int:
        content_type = _header(scope, b"content-type")
        is_upload = content_type.startswith(b"multipart/form-data") and _UPLOADS.fullmatch(scope["path"])
        return self._upload_bytes if is_upload else self._json_bytes


def _framed(
    headers: list[tuple[bytes, bytes]], ours: Mapping[str, str], request_id: str
) -> list[tuple[bytes, bytes]]:
    present = {name.lower() for name, _ in headers}
    added = {**ours, "x-request-id": request_id, "cache-control": "no-store"}
    return [*headers, *((k.encode(), v.encode()) for k, v in added.items() if k.encode() not in present)]


def _declared_length(scope: Scope) -> int:
    declared = _header(scope, b"content-length")
    return int(declared) if declared.isdigit() else 0


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


async def _refuse(scope: Scope, send: Send, limit: int) -> None:
    error = TooLarge(f"The body is larger than {limit} bytes.")
    body = problem(error, str(scope.get("safehold.request_id", "")))
    headers = [(b"content-type", PROBLEM.encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
