"""Peers that keep the server waiting are left: a few slow ones must not keep everybody else out."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 20.0
"""So long a request line and its headers may take to arrive, from the connection or from their first byte."""
BODY_SECONDS = 30.0
"""So long the server waits for a body in all, and a second more for each BODY_RATE bytes that came."""
BODY_RATE = 4096
CONNECTIONS = 500
"""Connections at once to one address; whoever comes on top is answered 503. A process has 1,024 files."""


class PatientProtocol(H11Protocol):
    """HTTP/1.1 by the strict reader, which bounds the head to 64 KiB, with a time for the head to arrive."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_is_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a head."""
        super().connection_made(transport)
        self._wait_for_a_head()

    def data_received(self, data: bytes) -> None:
        """Wait on while a head is not whole, and no longer when it is."""
        super().data_received(data)
        self._wait_for_a_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing."""
        super().connection_lost(exc)
        self._stop_waiting()

    def _wait_for_a_head(self) -> None:
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._stop_waiting()
        elif self._head_is_due is None:
            self._head_is_due = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._head_is_due is not None:
            self._head_is_due.cancel()
            self._head_is_due = None


class PatientReceive:
    """Receives the messages of one request, and gives up on a body that comes too slowly."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._waited = 0.0
        self._bytes = 0
        self._is_whole = False

    async def __call__(self) -> Message:
        """Return the next message. Raises HTTPException 408 when the body is overdue."""
        if self._is_whole:  # what comes now is that the client left, whenever it does
            return await self._receive()
        began = time.monotonic()
        try:
            async with asyncio.timeout(BODY_SECONDS + self._bytes / BODY_RATE - self._waited):
                message = await self._receive()
        except TimeoutError:
            # The framework lets its own exception pass where it would wrap another.
            raise HTTPException(408, headers={"Connection": "close"}) from None
        self._waited += time.monotonic() - began
        self._bytes += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        return message
