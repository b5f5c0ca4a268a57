"""The reader's side of the line: connections are accepted, judged by who is at the other end, and served."""

from __future__ import annotations

import os
import selectors
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import structlog

from safehold.app.logs import describe
from safehold.app.reader import messages
from safehold.app.reader.service import Service
from safehold.app.reader.setup import Setup
from safehold.app.reader.throttle import Throttle
from safehold.model.clock import utc_now
from safehold.model.errors import NotAllowed, SafeholdError, Unconfined
from safehold.storage.database import Database
from safehold.vault.channel import ChannelBroken, Line, Listener, Message
from safehold.vault.decoding.pool import DecoderPool
from safehold.vault.hardening import harden
from safehold.vault.store import CiphertextStore
from safehold.vault.vault import Reader

AT_ONCE = 16
"""Connections that are served at the same time; more are turned away."""
REST_SECONDS = 60.0
"""A connection on which nothing is asked for so long is ended."""
ANSWER_SECONDS = 30.0
"""How long taking an answer may last."""

_log = structlog.get_logger()


class ReaderServer:
    """Serves one listener until it is told to stop. Each connection has a thread, and AT_ONCE have one."""

    def __init__(self, service: Service, listener: Listener, setup: Setup) -> None:
        self._service = service
        self._listener = listener
        self._setup = setup
        self._free = threading.Semaphore(AT_ONCE)

    def run(self, stopped_by: int) -> None:
        """Accept until there is something to read at this descriptor, or its other end is closed."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._listener, selectors.EVENT_READ)
            waiting.register(stopped_by, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in waiting.select()}
                if stopped_by in ready:
                    return
                line = self._listener.accept()
                if line is not None:
                    self._begin(line)

    def _begin(self, line: Line) -> None:
        if not self._free.acquire(blocking=False):
            line.close()
            return
        threading.Thread(target=self._serve, args=(line,), name="reader line", daemon=True).start()

    def _serve(self, line: Line) -> None:
        try:
            purposes = self._purposes_of(line.peer_uid)
            while (asked := line.receive(seconds=REST_SECONDS)) is not None:
                line.send(self._answered(asked, purposes), seconds=ANSWER_SECONDS)
        except (ChannelBroken, OSError):
            return
        finally:
            line.close()
            self._free.release()

    def _purposes_of(self, uid: int) -> frozenset[str]:
        if uid in (os.geteuid(), 0):
            return frozenset(self._setup.own_purposes)
        return frozenset(self._setup.client_purposes) if uid in self._setup.client_uids else frozenset()

    def _answered(self, asked: Message, purposes: frozenset[str]) -> Message:
        try:
            request = messages.parse(asked)
            if request.purpose not in purposes:
                raise NotAllowed("This reader opens nothing for you for this purpose.")
            return self._service.answer(request)
        except SafeholdError as error:
            return messages.failure(error)
        except Exception as error:  # noqa: BLE001 - one request that fails strangely must not end the reader
            _log.error("reader_unforeseen", exception=describe(error))
            return messages.failure(SafeholdError("Something failed that we did not foresee."))


@contextmanager
def opened(setup: Setup, listen: Callable[[], Listener]) -> Iterator[ReaderServer]:
    """Wall this process in, load the key and open all that a reader needs, for as long as the block lasts.

    Decoders start first, before any thread or connection exists. Raises BadSettings, DatabaseDown,
    DecoderDown, VaultDown, Unavailable, Unconfined.
    """
    walls = harden()
    with ExitStack() as stack:
        decoders = stack.enter_context(DecoderPool(1, limits=setup.limits))
        _check_confined(setup, decoders)
        keys = setup.keys()
        database = Database(setup.database, pool_size=4, application="safehold reader")
        stack.callback(database.close)
        database.ping()
        service = Service(
            database=database,
            vault=Reader(CiphertextStore(setup.vault), keys),
            decoders=decoders,
            clock=utc_now,
            session_idle=timedelta(seconds=setup.session_idle_seconds),
            throttle=Throttle(setup.views),
            walls=walls,
        )
        listener = listen()
        stack.callback(listener.close)
        yield ReaderServer(service, listener, setup)


def _check_confined(setup: Setup, decoders: DecoderPool) -> None:
    level = decoders.confinement
    if level.missing and setup.must_be_confined:
        raise Unconfined(
            "Evidence may not be opened here: `production` is on, and around the reader's decoder these walls"
            f" do not hold: {', '.join(level.missing)}."
        )
