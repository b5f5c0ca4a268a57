"""Serving: one process, an address for pages and one for pictures, and a supervised worker beside them."""

from __future__ import annotations

import gc
import logging
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from safehold.app.listening import address
from safehold.app.program import Program, open_program
from safehold.app.reader.client import ReaderClient
from safehold.app.reader.opening import open_reader
from safehold.app.settings import Settings
from safehold.app.wiring import worker
from safehold.model.errors import Unavailable
from safehold.web.application import create_app
from safehold.web.media.application import create_media_app
from safehold.web.origins import console_origins, media_origin
from safehold.web.patience import LARGEST_HEAD, USUAL, Patience, protocol_with

GRACE_SECONDS = 10
BACKLOG = 2048
"""Connections that wait to be taken."""
STOPPED_BY = (signal.SIGTERM, signal.SIGINT)
PICTURES = frozenset({"media"})
PAGES = frozenset({"api", "console", "portal"})
"""What answers at `web.listen`; pictures have an address of their own."""


_LIBRARY = logging.getLogger("uvicorn.error")


@dataclass(frozen=True, slots=True)
class Opened:
    """What is served: the program, and the reader of pictures. None for what these surfaces do not need."""

    settings: Settings
    surfaces: frozenset[str]
    program: Program | None
    reader: ReaderClient | None
    patience: Patience = USUAL


def serve_program(
    settings: Settings,
    surfaces: frozenset[str],
    *,
    listen: str | None = None,
    media_listen: str | None = None,
    when_ready: Callable[[Program], None] | None = None,
    when_answering: Callable[[Mapping[str, frozenset[str]]], None] | None = None,
) -> int:
    """Open what these surfaces need and serve them until a signal stops it; return the exit code.

    listen: where pages answer, media_listen: where pictures do; else as set. when_ready: called once, after
    everything is open and before the first request. when_answering: called once with the base of each
    address and the surfaces that answer there. Raises BadSettings, DatabaseDown, VaultDown, DecoderDown,
    ReaderDown, and Unavailable when an address cannot be listened on.
    """
    stopped = threading.Event()
    pages, pictures = listen or settings.web.listen, media_listen or settings.media.listen
    with ExitStack() as stack:
        taken = stack.enter_context(_taken(surfaces, pages, pictures))
        opened = stack.enter_context(_opened(settings, surfaces))
        told = stack.enter_context(_stopping(stopped))
        stack.enter_context(working(opened.program, on="worker" in surfaces))
        if when_ready is not None and opened.program is not None:
            when_ready(opened.program)
        told += stack.enter_context(_answering(opened, taken, when_ended=stopped.set))
        keep_for_good()
        if when_answering is not None:
            when_answering(_where(taken, surfaces))
        stopped.wait()
    return 0


def keep_for_good() -> None:
    """Have the collector of garbage pass over all that is there now, in a process that serves to its end.

    Else it walks through all modules and routes again and again: a batch of 500 took nearly twice as long.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def served(
    program: Program,
    surfaces: frozenset[str],
    *,
    listen: str = "127.0.0.1:0",
    patience: Patience = USUAL,
) -> Iterator[str]:
    """Serve an open program from threads for as long as the block lasts; yield the base URL of its pages.

    listen: port 0 takes a free one, and pictures take one anyway. No signal is listened to, and no worker
    is started: see `working`. Raises BadSettings, and Unavailable when the address cannot be listened on.
    """
    opened = Opened(program.settings, surfaces, program, program.reader, patience)
    with _taken(surfaces, listen, "127.0.0.1:0") as taken, _answering(opened, taken) as servers:
        yield servers[0].url


@contextmanager
def working(program: Program | None, *, on: bool) -> Iterator[None]:
    """Run a worker in a thread for as long as the block lasts."""
    if not on or program is None:
        yield
        return
    running = worker(program)
    thread = threading.Thread(target=running.run, name="worker")
    thread.start()
    try:
        yield
    finally:
        running.stop()
        thread.join()


@contextmanager
def _opened(settings: Settings, surfaces: frozenset[str]) -> Iterator[Opened]:
    if surfaces == PICTURES:
        with open_reader(settings) as reader:
            yield Opened(settings, surfaces, None, reader)
    else:
        with open_program(settings, surfaces=surfaces) as program:
            yield Opened(settings, surfaces, program, program.reader)


@contextmanager
def _stopping(stopped: threading.Event) -> Iterator[list[_Server]]:
    """Set `stopped` at a signal; at a second one, the servers that were put into the list do not wait."""
    servers: list[_Server] = []

    def stop(*_: object) -> None:
        for server in servers:
            server.force_exit = stopped.is_set()
        stopped.set()

    before = {number: signal.signal(number, stop) for number in STOPPED_BY}
    try:
        yield servers
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _answering(
    opened: Opened, taken: _Taken, *, when_ended: Callable[[], None] = lambda: None
) -> Iterator[list[_Server]]:
    """Answer at every address that was taken, for as long as the block lasts."""
    with ExitStack() as stack:
        yield [stack.enter_context(one) for one in _servers(opened, taken, when_ended)]


def _servers(opened: Opened, taken: _Taken, when_ended: Callable[[], None]) -> Iterator[_Server]:
    """Yield a server for each address. Pages and pictures have to know of each other; a port may be any."""
    settings, patience = opened.settings, opened.patience
    pages, pictures = taken.pages, taken.pictures
    if pages is not None and opened.program is not None:
        origin = media_origin(settings, pictures.listen if pictures else None)
        app: ASGIApp = create_app(opened.program, opened.surfaces, media_origin=origin, patience=patience)
        yield _Server(app, pages, when_ended, patience)
    if pictures is not None and opened.reader is not None:
        origins = console_origins(settings, pages.listen if pages else None)
        app = create_media_app(
            opened.reader,
            console_origins=origins,
            at_once=settings.media.at_once,
            patience=patience,
        )
        yield _Server(app, pictures, when_ended, patience)


def _where(taken: _Taken, surfaces: frozenset[str]) -> dict[str, frozenset[str]]:
    found = ((taken.pages, surfaces & PAGES), (taken.pictures, PICTURES))
    return {f"http://{at.listen}": answered for at, answered in found if at is not None}


@contextmanager
def _taken(surfaces: frozenset[str], pages: str, pictures: str) -> Iterator[_Taken]:
    """Take the addresses that these surfaces need, before anything is opened only to be closed again."""
    with ExitStack() as stack:
        yield _Taken(
            pages=stack.enter_context(_Socket(pages)) if surfaces & PAGES else None,
            pictures=stack.enter_context(_Socket(pictures)) if surfaces & PICTURES else None,
        )


class _Socket:
    """An address that is taken and not answered at yet."""

    def __init__(self, listen: str) -> None:
        """Raises BadSettings, and Unavailable when the address cannot be listened on."""
        host, port = address(listen)
        # Our own message and exit code tell a refusal, not the library's line and code.
        _LIBRARY.disabled = True
        try:
            self.socket = uvicorn.Config(_nothing, host=host, port=port, log_config=None).bind_socket()
        except SystemExit:
            raise _cannot_listen(listen) from None
        finally:
            _LIBRARY.disabled = False
        self.socket.set_inheritable(False)
        host, port = self.socket.getsockname()[:2]
        self.listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def __enter__(self) -> _Socket:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


@dataclass(frozen=True, slots=True)
class _Taken:
    """Where pages are answered and where pictures are; None for what is not served here."""

    pages: _Socket | None
    pictures: _Socket | None


class _Server(uvicorn.Server):
    """Answers in a thread for as long as its block lasts. url: the base of what it serves."""

    def __init__(
        self, app: ASGIApp, taken: _Socket, when_ended: Callable[[], None], patience: Patience
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=protocol_with(patience),
                h11_max_incomplete_event_size=LARGEST_HEAD,
                limit_concurrency=patience.connections,
                log_config=None,
                access_log=False,
                server_header=False,
                # Whom to believe about addresses is a setting of ours: web.trusted_proxies.
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self.url = f"http://{taken.listen}"
        self._taken = taken
        self._when_ended = when_ended
        self._answering = threading.Event()
        self._thread = threading.Thread(target=self._run, name="web")

    def __enter__(self) -> _Server:
        # Whoever took the same address at the same moment may listen by now. The event loop would not say so.
        try:
            self._taken.socket.listen(BACKLOG)
        except OSError:
            raise _cannot_listen(self._taken.listen) from None
        self._thread.start()
        self._answering.wait()
        if not self.started:
            self._thread.join()
            raise _cannot_listen(self._taken.listen)
        return self

    def __exit__(self, *_: object) -> None:
        self.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        try:
            self.run(sockets=[self._taken.socket])
        finally:
            self._answering.set()
            self._when_ended()

    async def startup(self, sockets: list[Any] | None = None) -> None:
        """Say when it answers."""
        await super().startup(sockets)
        self._answering.set()


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand where the library wants an application while only an address is taken."""


def _cannot_listen(listen: str) -> Unavailable:
    return Unavailable(
        f"Nothing can listen on {listen}.",
        advice="Another process has the address; stop it, or choose another: --listen, --media-listen,"
        " web.listen or media.listen.",
    )
