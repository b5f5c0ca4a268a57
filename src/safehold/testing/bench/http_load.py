"""A light load: connections that are kept, each sending the next prepared request when it has its answer."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import cast


@dataclass(slots=True)
class Load:
    """What came back: how long it took in all, and each answer's time in seconds, and their statuses."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    last_body: bytes = b""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.seconds

    def milliseconds(self, share: float) -> float:
        """The time within which so large a share of the answers came."""
        return 1000 * sorted(self.times)[min(len(self.times) - 1, int(share * len(self.times)))]


def request(path: str, body: bytes, headers: Mapping[str, str], *, method: str = "POST") -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def put_load(
    port: int, requests: Sequence[bytes], *, connections: int, seconds: float, at_most: int = 1_000_000
) -> Load:
    """Send the requests by turns over so many connections for so long; return what came back."""
    return asyncio.run(_put_load(port, requests, connections, seconds, at_most))


async def _put_load(
    port: int, requests: Sequence[bytes], connections: int, seconds: float, at_most: int
) -> Load:
    load, loop = Load(), asyncio.get_running_loop()
    sending = itertools.islice(itertools.cycle(requests), at_most)
    ended: list[asyncio.Future[None]] = []
    until = time.perf_counter() + seconds
    began = time.perf_counter()
    for _ in range(connections):
        is_over = loop.create_future()
        ended.append(is_over)
        sender = partial(_Sender, sending, load, until, is_over)
        await loop.create_connection(sender, "127.0.0.1", port)
    await asyncio.gather(*ended)
    load.seconds = time.perf_counter() - began
    return load


class _Sender(asyncio.Protocol):
    def __init__(
        self, sending: Iterator[bytes], load: Load, until: float, is_over: asyncio.Future[None]
    ) -> None:
        self._sending = sending
        self._load = load
        self._until = until
        self._is_over = is_over
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or len(body) < _length(head):
            return
        self._load.times.append(time.perf_counter() - self._sent)
        self._load.statuses[int(head[9:12])] += 1
        self._load.last_body = body
        self._received = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._is_over.done():
            self._is_over.set_exception(exc or ConnectionError("the server closed the connection"))

    def _next(self) -> None:
        request = next(self._sending, None)
        if request is None or time.perf_counter() > self._until:
            self._is_over.set_result(None)
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


def _length(head: bytes) -> int:
    lower = head.lower()
    start = lower.index(b"content-length:") + 15
    end = lower.find(b"\r", start)
    return int(lower[start:] if end < 0 else lower[start:end])


def timed(run: Callable[[], object]) -> float:
    """Return the processor time of this thread that a call takes, in seconds."""
    begun = time.thread_time()
    run()
    return time.thread_time() - begun
