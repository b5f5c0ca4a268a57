"""What administrative commands need: the database as its owner's application role, and the recorder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from safehold.app.home import Home, open_home
from safehold.app.plugins import signal_types
from safehold.app.reactions import REACTIONS
from safehold.app.records import Addresses, bring_up_to_date, check_up_to_date, running
from safehold.app.settings import Settings
from safehold.detect.known import SignalTypes
from safehold.jobs.queue import Queue
from safehold.jobs.record import Recorder
from safehold.model.clock import Clock, utc_now
from safehold.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The records, without decoders, vault or network."""

    settings: Settings
    home: Home
    addresses: Addresses
    database: Database
    recorder: Recorder
    kinds: SignalTypes
    clock: Clock


@contextmanager
def open_operator(
    settings: Settings, *, clock: Clock = utc_now, makes_keys: bool = True
) -> Iterator[Operator]:
    """Open the records for a command. Raises DatabaseDown when they are away or not up to date.

    makes_keys: whether the vault's pair is made where there is none.
    """
    home = open_home(settings, makes_keys=makes_keys)
    with running(settings, home) as addresses:
        address = addresses.of(frozenset())
        check_up_to_date(addresses, address)
        database = Database(address, pool_size=2)
        try:
            yield Operator(
                settings=settings,
                home=home,
                addresses=addresses,
                database=database,
                recorder=Recorder(REACTIONS, Queue(database.driver_url), clock=clock),
                kinds={kind.name: kind for kind in signal_types(settings.plugins.signal_types)},
                clock=clock,
            )
        finally:
            database.close()


def set_up(settings: Settings, *, clock: Clock = utc_now) -> str:
    """Make or upgrade the records, enqueue steps that new reactions ask for, and return the revision."""
    from safehold.storage import migrate

    home = open_home(settings)
    with running(settings, home) as addresses:
        bring_up_to_date(addresses)
        database = Database(addresses.for_owner(), pool_size=1)
        try:
            recorder = Recorder(REACTIONS, Queue(database.driver_url), clock=clock)
            with database.begin() as tx:
                recorder.backfill(tx)
        finally:
            database.close()
    return migrate.newest()
