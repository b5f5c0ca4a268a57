"""Peers that keep the server waiting are left: a few slow ones must not keep everybody else out."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive
from uvicorn.protocols.http.h11_impl import H11Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a server waits for its peers.

    head_seconds: so long a request line and its headers may take to arrive, from the connection or from their
    first byte. body_seconds: so long it waits for a body in all, and a second more for each body_rate bytes
    that came. connections: at once to one address; whoever comes on top is answered 503. A process has 1,024
    files.
    """

    head_seconds: float = 20.0
    body_seconds: float = 30.0
    body_rate: int = 4096
    connections: int = 500


USUAL = Patience()

LARGEST_HEAD = 64 * 1024
"""Bytes of a request line and its headers; what is longer is refused, however it arrives."""
_PIECE = 4096


class PatientProtocol(H11Protocol):
    """HTTP/1.1 by the strict reader, which bounds the head to LARGEST_HEAD, with a time for it to arrive."""

    patience: ClassVar[Patience] = USUAL

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_is_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a head."""
        super().connection_made(transport)
        self._wait_for_a_head()

    def data_received(self, data: bytes) -> None:
        """Wait on while a head is not whole, and no longer when it is."""
        # The reader bounds what it cannot read yet: it would let any head pass that came at once.
        while self._awaits_a_head and len(data) > _PIECE and not self.transport.is_closing():
            super().data_received(data[:_PIECE])
            data = data[_PIECE:]
        if not self.transport.is_closing():
            super().data_received(data)
        self._wait_for_a_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing."""
        super().connection_lost(exc)
        self._stop_waiting()

    @property
    def _awaits_a_head(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)

    def _wait_for_a_head(self) -> None:
        if not self._awaits_a_head:
            self._stop_waiting()
        elif self._head_is_due is None:
            self._head_is_due = self.loop.call_later(self.patience.head_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._head_is_due is not None:
            self._head_is_due.cancel()
            self._head_is_due = None


def protocol_with(patience: Patience) -> type[PatientProtocol]:
    """Return the protocol that waits so long: uvicorn makes one for each connection, of a class."""
    return type("Patient", (PatientProtocol,), {"patience": patience})


class PatientReceive:
    """Receives the messages of one request, and gives up on a body that comes too slowly."""

    def __init__(self, receive: Receive, patience: Patience) -> None:
        self._receive = receive
        self._patience = patience
        self._waited = 0.0
        self._bytes = 0
        self._is_whole = False

    async def __call__(self) -> Message:
        """Return the next message. Raises HTTPException 408 when the body is overdue."""
        if self._is_whole:  # what comes now is that the client left, whenever it does
            return await self._receive()
        began = time.monotonic()
        try:
            patience = self._patience
            most = patience.body_seconds + self._bytes / patience.body_rate
            async with asyncio.timeout(most - self._waited):
                message = await self._receive()
        except TimeoutError:
            # The framework lets its own exception pass where it would wrap another.
            raise HTTPException(408, headers={"Connection": "close"}) from None
        self._waited += time.monotonic() - began
        self._bytes += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        return message
