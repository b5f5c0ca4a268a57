"""Hearing of changed lists: told by the database at each commit, or asking it, by connections of its own."""

from __future__ import annotations

from typing import Any

import psycopg

from safehold.model.errors import DatabaseDown
from safehold.storage.database import Database
from safehold.storage.list_mark import MARK

_CHANNEL = "safehold_lists"


class ListNews:
    """Two connections: `mark` is for one thread at a time, and `wait` for another."""

    def __init__(self, database: Database) -> None:
        """Connect at the first call."""
        self._database = database
        self._asking: psycopg.Connection[Any] | None = None
        self._listening: psycopg.Connection[Any] | None = None
        self.connected = 0
        """How many connections were made: behind each there may be another state of the database."""

    def mark(self) -> str:
        """Return what `ListMark.ask` does.

        One round trip. Raises DatabaseDown.
        """
        for again in (True, False):
            try:
                if self._asking is None:
                    self._asking = self._connect()
                row = self._asking.execute(MARK).fetchone()
                return str(row[0]) if row else ""
            except psycopg.OperationalError as error:
                _close(self._asking)
                self._asking = None
                if not again:
                    raise DatabaseDown() from error
        raise AssertionError("the second attempt returns or raises")

    def wait(self, seconds: float) -> bool:
        """Return as soon as the database tells of a change, or after so long; say whether it told.

        What it tells while nobody waits is told by the next call, unless the connection was lost meanwhile.
        Raises DatabaseDown.
        """
        try:
            if self._listening is None:
                self._listening = self._connect()
                self._listening.execute(f"listen {_CHANNEL}")
                return True  # of what came before, nobody told
            return any(True for _ in self._listening.notifies(timeout=seconds, stop_after=1))
        except psycopg.OperationalError as error:
            _close(self._listening)
            self._listening = None
            raise DatabaseDown() from error

    def close(self) -> None:
        """Close the connections, when no thread uses them any more."""
        _close(self._asking)
        _close(self._listening)
        self._asking = self._listening = None

    def _connect(self) -> psycopg.Connection[Any]:
        connection = self._database.connect_apart()
        self.connected += 1
        return connection


def _close(connection: psycopg.Connection[Any] | None) -> None:
    if connection is not None:
        connection.close()
