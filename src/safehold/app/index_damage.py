"""A file of the index was damaged: it is built anew by itself, and a person hears of it."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

import structlog

from safehold.app import alarms
from safehold.model.clock import Clock
from safehold.model.signal import SignalTypeName
from safehold.storage.database import Database

log = structlog.get_logger()


def alarming(folder: Path, database: Database, clock: Clock) -> Callable[[SignalTypeName], None]:
    """Return what to call when a file in this host's folder of the index is damaged.

    It raises the alarm, once for as long as nobody acknowledges it. The log of the host names the alarm's
    subject, so that the host can be told from others. What is returned raises DatabaseDown.
    """

    def alarm(kind: SignalTypeName) -> None:
        subject = f"index:{place_of(folder, kind)}"
        with database.begin() as tx:
            alarms.raise_alarm(tx, alarms.INDEX_DAMAGED, subject, now=clock())
        log.error("index_rebuilding", signal_type=kind, alarm=subject)

    return alarm


def place_of(folder: Path, kind: SignalTypeName) -> UUID:
    """Return the id that stands for a signal type's folder on this host: the same each time."""
    return uuid5(NAMESPACE_OID, f"{platform.node()} {folder.resolve()} {kind}")
