"""Asking, from an event loop, whether the lists are as they were: one round trip, and no thread.

Scans ask it hundreds of times a second. The statement is prepared, and the functions of the driver's protocol
are called without what it puts around them, which would take longer than the database does.
"""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from safehold.model.errors import DatabaseDown
from safehold.storage.database import Database

# A row that was changed has another xmin, from the moment at which others see the change. One list may bear
# the mark of a hundred changes: that it is another mark is all that counts.
MARK = (
    "select coalesce(string_agg(xmin::text, ' ' order by id), '') from hash_list where withdrawn_at is null"
)
PATIENCE = 5.0
"""Seconds after which a database that does not answer is down."""
_NAME = b"safehold_mark"


class ListMark:
    """A connection of its own, for one task at a time of one event loop."""

    def __init__(self, database: Database, *, patience: float = PATIENCE) -> None:
        """Connect at the first question. patience: seconds to wait for an answer."""
        self._database = database
        self._patience = patience
        self._connection: psycopg.Connection[Any] | None = None

    async def ask(self) -> str:
        """Return a text that is another one after any change of the lists in use, or of their entries.

        A connection that was lost since the last question is made anew. Raises DatabaseDown.
        """
        try:
            return await self._answer()
        except psycopg.OperationalError:
            pass
        try:
            return await self._answer()
        except psycopg.OperationalError as error:
            raise DatabaseDown() from error

    def close(self) -> None:
        """Close the connection, when nobody asks any more. Doing it twice is fine."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def _answer(self) -> str:
        try:
            if self._connection is None:
                # Connecting has a limit of its own.
                self._connection = await asyncio.to_thread(self._database.connect_apart)
                await self._put(self._connection.pgconn, prepare=True)
            return await self._put(self._connection.pgconn)
        except BaseException as error:
            # Of an answer that nobody waited for, part may come still: it must not pass for the next one.
            self.close()
            if isinstance(error, TimeoutError):
                raise DatabaseDown() from error
            raise

    async def _put(self, connection: PGconn, *, prepare: bool = False) -> str:
        async with asyncio.timeout(self._patience):
            if prepare:
                connection.send_prepare(_NAME, MARK.encode())
            else:
                connection.send_query_prepared(_NAME, None)
            result = await _result_of(connection)
        if result is None or result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            raise psycopg.OperationalError("the question failed")
        return "" if prepare else (result.get_value(0, 0) or b"").decode()


async def _result_of(connection: PGconn) -> PGresult | None:
    """Return the only result of what was sent, when the connection is ready for more."""
    result = None
    if connection.flush():  # so few bytes find room, unless nobody takes any
        raise psycopg.OperationalError("the question could not be sent")
    while True:
        while connection.is_busy():
            await _readable(connection.socket)
            connection.consume_input()
        following = connection.get_result()
        if following is None:
            return result
        result = following


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    readable = loop.create_future()
    loop.add_reader(descriptor, _set, readable)
    try:
        await readable
    finally:
        loop.remove_reader(descriptor)


def _set(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)
