"""Instants as rows hold them: the database's calendar is longer than Python's, and no row may hide others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(microsecond=0, tzinfo=UTC)


def read_every_instant(connection: psycopg.Connection[Any], _of_the_pool: object = None) -> None:
    """Let a connection read what lies outside Python's calendar, `infinity` too, as its nearest end.

    Without this a single such row fails every query that finds it.
    """
    connection.adapters.register_loader("timestamptz", _EveryInstant)


class _EveryInstant(Loader):
    """Reads as the driver does, and what the driver refuses by its sign."""

    def __init__(self, oid: int, context: Any = None) -> None:
        super().__init__(oid, context)
        usual = psycopg.adapters.get_loader(oid, self.format)
        assert usual is not None
        self._usual = usual(oid, context)

    def load(self, data: Buffer) -> datetime:
        """Return an aware instant."""
        try:
            return cast(datetime, self._usual.load(data))
        except psycopg.DataError:
            written = bytes(data)
            return EARLIEST if written.startswith(b"-") or written.endswith(b"BC") else LATEST
