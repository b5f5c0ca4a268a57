"""The reader's side of the line: connections are accepted, judged by who is at the other end, and served."""

from __future__ import annotations

import os
import selectors
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta

import structlog

from safehold.app.confined import check_walls
from safehold.app.logs import describe
from safehold.app.reader import messages
from safehold.app.reader.service import Service, unforeseen
from safehold.app.reader.setup import Setup
from safehold.app.reader.talk import Talk
from safehold.app.reader.throttle import Throttle
from safehold.model.clock import utc_now
from safehold.model.errors import NotAllowed, SafeholdError
from safehold.storage.database import Database
from safehold.vault.channel import ChannelBroken, Line, Listener, Message
from safehold.vault.decoding.pool import DecoderPool
from safehold.vault.hardening import harden
from safehold.vault.store import CiphertextStore
from safehold.vault.vault import Reader

AT_ONCE = 16
"""Connections that are served at the same time; more are turned away, and who may ask nothing before."""
REST_SECONDS = 60.0
"""A connection on which nothing is asked for so long is ended."""
ANSWER_SECONDS = 30.0
"""How long taking an answer may last."""
FINISH_SECONDS = 7.0
"""How long requests under way may go on when it is told to stop; then their decoding is ended."""
NOTE_SECONDS = 2.0
"""How long those may take to note that. Both together are less than whoever started us waits."""

_NOT_FOR_YOU = "This reader opens nothing for you for this purpose."
_log = structlog.get_logger()


class ReaderServer:
    """Serves one listener until it is told to stop. Each connection has a thread, and AT_ONCE have one."""

    def __init__(self, service: Service, listener: Listener, setup: Setup) -> None:
        self._service = service
        self._listener = listener
        self._setup = setup
        self._served: dict[threading.Thread, Line] = {}
        self._lock = threading.Lock()

    def run(self, stopped_by: int) -> None:
        """Accept until there is something to read at this descriptor, or its other end is closed.

        Requests that are under way then are finished, answered and on record when this returns.
        """
        self._accept(stopped_by)
        self._finish()

    def _accept(self, stopped_by: int) -> None:
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
        purposes = self._purposes_of(line.peer_uid)
        if not purposes:
            _refuse(line)
            return
        thread = threading.Thread(target=self._serve, args=(line, purposes), name="reader line", daemon=True)
        with self._lock:
            if len(self._served) >= AT_ONCE:
                line.close()
                return
            self._served[thread] = line
        thread.start()

    def _serve(self, line: Line, purposes: frozenset[str]) -> None:
        try:
            while (asked := line.receive(seconds=REST_SECONDS)) is not None:
                line.send(self._answered(asked, purposes, Talk(line)), seconds=ANSWER_SECONDS)
        except (ChannelBroken, OSError):
            return
        except Exception as error:  # noqa: BLE001 - a traceback of the thread could quote what was asked
            _log.error("reader_unforeseen", exception=describe(error))
        finally:
            line.close()
            with self._lock:
                del self._served[threading.current_thread()]

    def _finish(self) -> None:
        with self._lock:
            served = dict(self._served)
        for line in served.values():
            line.end_requests()
        if not _all_ended(served, FINISH_SECONDS):
            self._service.end_decoding()
            _all_ended(served, NOTE_SECONDS)

    def _purposes_of(self, uid: int) -> frozenset[str]:
        if uid in (os.geteuid(), 0):
            return frozenset(self._setup.own_purposes)
        showing = self._setup.client_purposes if uid in self._setup.client_uids else ()
        filing = self._setup.filing_purposes if uid in self._setup.filing_uids else ()
        packing = self._setup.packing_purposes if uid in self._setup.packing_uids else ()
        return frozenset((*showing, *filing, *packing))

    def _answered(self, asked: Message, purposes: frozenset[str], talk: Talk) -> Message:
        try:
            request = messages.parse(asked)
            if request.purpose not in purposes:
                raise NotAllowed(_NOT_FOR_YOU)
            return self._service.answer(request, talk)
        except SafeholdError as error:
            return messages.failure(error)
        except Exception as error:  # noqa: BLE001 - one request that fails strangely must not end the reader
            _log.error("reader_unforeseen", exception=describe(error))
            return messages.failure(unforeseen())


def _refuse(line: Line) -> None:
    """Say at once that nothing is opened for them, and end the line: they cannot keep others out."""
    with suppress(ChannelBroken):
        line.send(messages.failure(NotAllowed(_NOT_FOR_YOU)), seconds=0)
    line.close()


def _all_ended(threads: Iterable[threading.Thread], seconds: float) -> bool:
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)


@contextmanager
def opened(setup: Setup, listen: Callable[[], Listener]) -> Iterator[ReaderServer]:
    """Wall this process in, load the key and open all that a reader needs, for as long as the block lasts.

    Decoders start first, before any thread or connection exists. Raises BadSettings, DatabaseDown,
    DecoderDown, VaultDown, Unavailable, Unconfined.
    """
    walls = harden()
    with ExitStack() as stack:
        decoders = stack.enter_context(DecoderPool(1, limits=setup.limits))
        check_walls(decoders, required=setup.must_be_confined)
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
