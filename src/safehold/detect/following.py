"""Following the lists: what any process commits is matched by this one within moments, without a pause.

A thread catches up as soon as the database tells of a change, together with what else was told since it last
did, and looks by itself twice a second, for what was told may be lost. Besides, every scan asks in one round
trip whether its lists are the newest, and catches up with little by itself: so whoever has committed an entry
finds it with the next scan. Only where much is to come, a scan goes on with what there is; after two seconds
it says that its lists are behind. No clock of any other machine has a part in it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import cached_property, partial

import structlog

from safehold.detect.known import KnownLists, in_use
from safehold.model.errors import SafeholdError
from safehold.storage.database import Database, Tx
from safehold.storage.list_mark import ListMark
from safehold.storage.list_news import ListNews

LOOK_EVERY = 0.5
"""Seconds after which the thread looks by itself."""
BREATH = 0.05
"""Seconds between two turns of the thread: in a stream of changes, each takes in what came meanwhile."""
FEW = 5_000
"""Changes that a scan loads by itself; it takes some 50 ms."""
PATIENCE = 1.0
"""Seconds that a scan waits for whoever is loading a few changes; where they are many, it does not wait."""
FIRST_CHECK, CHECK_EVERY = 60.0, 6 * 3600.0
"""Seconds after which files on the disk are read again, for most of them this process has not read itself."""
_PAUSE = 2.0
"""Seconds before the database is asked again after it was down."""

log = structlog.get_logger()


class ListFollower:
    """Keeps lists as the database has them. Safe to share between threads."""

    def __init__(
        self,
        known: KnownLists,
        database: Database,
        *,
        look_every: float = LOOK_EVERY,
        patience: float = PATIENCE,
    ) -> None:
        """Follow once `start` or `ensure` is called. Both in seconds; look_every is for what nobody told."""
        self.known = known
        self._patience = patience
        self._look_every = look_every
        self._database = database
        self._news = ListNews(database)
        self._marks: list[ListMark] = []
        self._mark: str | None = None
        self._connections = 0
        self._asking = threading.Lock()
        self._asked_at = float("-inf")
        self._stopping = threading.Event()
        self._caught_up = threading.Event()
        self._thread: threading.Thread | None = None
        self._checker: threading.Thread | None = None

    def start(self, *, patience: float = 0) -> None:
        """Begin to follow; wait for so many seconds, at most, until everything is loaded."""
        self._thread = threading.Thread(target=self._follow, name="list-follower", daemon=True)
        self._thread.start()
        self._checker = threading.Thread(target=self._check, name="index-check", daemon=True)
        self._checker.start()
        self._caught_up.wait(patience)

    def close(self) -> None:
        """Stop following. A merge of an index that is under way is waited for."""
        self._stopping.set()
        self.known.stop()
        for thread in (self._thread, self._checker):
            if thread is not None:
                thread.join()
        self._news.close()
        for mark in self._marks:
            mark.close()
        self.known.close()

    def ensure(self, asked_at: float | None = None) -> None:
        """Return once the lists are those that the database had when this was called, or nearly.

        asked_at: at an earlier moment, as time.monotonic has it: where the database was asked since, that is
        enough.

        Where more than FEW changes are to come, they are left to the thread, and the lists say by themselves
        that they are late. Threads that ask at once share a question that was put after they had asked.
        Raises DatabaseDown, and Damaged for an entry that cannot be.
        """
        asked_at = time.monotonic() if asked_at is None else asked_at
        with _Once(self._database) as once:
            with self._asking:
                if self._asked_at < asked_at:
                    begun = time.monotonic()
                    self._look(once)
                    self._asked_at = begun
            to_come = self.known.changes_to_come()
            alone = self._thread is None
            if to_come and (alone or to_come <= FEW):
                self.known.catch_up(once.tx, patience=-1 if alone else self._patience)

    def ensure_in_loop(self) -> Callable[[], Awaitable[None]]:
        """Return what does as `ensure` for one task at a time of one event loop; a thread is for news alone.

        It raises as `ensure`; DatabaseDown also where the database does not answer within some seconds.
        """
        self._marks.append(ListMark(self._database))
        return partial(self._ensure_in_loop, self._marks[-1])

    async def _ensure_in_loop(self, mark_now: ListMark) -> None:
        asked_at = time.monotonic()
        mark = await mark_now.ask()
        # The mark that is known is set after what it stands for was declared.
        if mark != self._mark or self.known.changes_to_come():
            await asyncio.to_thread(self.ensure, asked_at)

    def _look(self, once: _Once) -> None:
        """Go by the lists and settings that the database has now, if they are others than before."""
        mark = self._news.mark()
        if mark == self._mark:
            return
        # Read after the mark: what is changed in between makes the next mark another one still.
        self.known.declare(in_use(once.tx))
        self._mark = mark

    def _follow(self) -> None:
        while not self._stopping.is_set():
            try:
                self._catch_up()
                self._caught_up.set()
                # What is told meanwhile is heard at once afterwards, all of it.
                self._stopping.wait(BREATH)
                self._news.wait(self._look_every)
            except SafeholdError as error:
                log.warning("degraded", part="lists", code=error.code)
                self._stopping.wait(_PAUSE)
            except Exception as error:  # noqa: BLE001 - lists that nobody follows any more must not go unnoticed
                log.error("degraded", part="lists", code=type(error).__name__)
                self._stopping.wait(_PAUSE)

    def _check(self) -> None:
        wait = FIRST_CHECK
        while not self._stopping.wait(wait):
            self.known.check()
            wait = CHECK_EVERY

    def _catch_up(self) -> None:
        connections = self._news.connected
        with _Once(self._database) as once:
            with self._asking:
                self._look(once)
            if connections != self._connections or self.known.changes_to_come() or self.known.damaged:
                if connections != self._connections:
                    self.known.mistrust(once.tx)
                self.known.catch_up(once.tx)
        self._connections = connections


class _Once(ExitStack):
    """One transaction for all that a turn asks, opened where it asks anything."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    @cached_property
    def tx(self) -> Tx:
        return self.enter_context(self._database.begin())
