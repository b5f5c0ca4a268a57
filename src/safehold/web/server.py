"""Serving: one process, uvicorn in the main thread or beside a test, and a supervised worker beside it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from safehold.app.program import Program, open_program
from safehold.app.settings import Settings
from safehold.app.wiring import worker
from safehold.model.errors import BadSettings, Unavailable
from safehold.web.application import create_app

GRACE_SECONDS = 10
STOPPED_BY = (signal.SIGTERM, signal.SIGINT)


def serve_program(
    settings: Settings,
    surfaces: frozenset[str],
    *,
    listen: str | None = None,
    when_ready: Callable[[Program], None] | None = None,
) -> int:
    """Open the program and serve these surfaces until a signal stops it; return the exit code.

    when_ready: called once, after everything is open and before the first request. Raises BadSettings,
    DatabaseDown, VaultDown, DecoderDown, and Unavailable when the address cannot be listened on.
    """
    listen = listen or settings.web.listen
    with open_program(settings, surfaces=surfaces) as program:
        server = _server(program, surfaces, listen)
        with working(program, on="worker" in surfaces):
            if when_ready is not None:
                when_ready(program)
            server.run()
    if not server.started:
        raise _cannot_listen(listen)
    return 0


@contextmanager
def served(program: Program, surfaces: frozenset[str], *, listen: str = "127.0.0.1:0") -> Iterator[str]:
    """Serve an open program from a thread for as long as the block lasts; yield its base URL.

    listen: port 0 takes a free one. No signal is listened to, and no worker is started: see `working`.
    Raises BadSettings, and Unavailable when the address cannot be listened on.
    """
    server = _server(program, surfaces, listen)
    thread = threading.Thread(target=server.run, name="web")
    thread.start()
    try:
        server.answering.wait()
        if not server.started:
            raise _cannot_listen(listen)
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def working(program: Program, *, on: bool) -> Iterator[None]:
    """Run a worker in a thread for as long as the block lasts."""
    if not on:
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


def address(listen: str) -> tuple[str, int]:
    """Split "host:port". Raises BadSettings for anything else."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise BadSettings(f"web.listen: {listen!r} is not host:port.")
    return host.strip("[]"), int(port)


class _Server(uvicorn.Server):
    """Says when it answers, and does not end the process itself when it cannot."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = threading.Event()
        """Set once it answers, or it is known that it never will; `started` says which."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal, and go on: the library would raise it again, and nothing else would be closed."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in STOPPED_BY}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[Any] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:
            # The address is taken: our own exit codes tell it, not the library's.
            self.should_exit = True
        finally:
            self.answering.set()


def _server(program: Program, surfaces: frozenset[str], listen: str) -> _Server:
    host, port = address(listen)
    return _Server(
        uvicorn.Config(
            create_app(program, surfaces),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )


def _cannot_listen(listen: str) -> Unavailable:
    return Unavailable(
        f"Nothing can listen on {listen}.",
        advice="Another process has the address; stop it, or choose another: --listen or web.listen.",
    )
