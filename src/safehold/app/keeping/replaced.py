"""Records that a restore moved aside: what lies there, and its end. The keys in it may live 14 days."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from safehold.app.home import open_home
from safehold.app.keeping.backup import DATABASE
from safehold.app.records import check_up_to_date, running
from safehold.app.settings import Settings
from safehold.model.clock import Clock, utc_now
from safehold.model.permissions import Actor
from safehold.storage import aside, audit
from safehold.storage.database import Database, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """Records that lie aside. keys: how many keys of sealed objects are among them."""

    schema: str
    moved_at: datetime
    size_bytes: int
    keys: int


def look(settings: Settings) -> list[Replaced]:
    """Return what lies aside, oldest first.

    Raises BadSettings where the settings do not name the owner of the database, and DatabaseDown while a
    restore is not finished: until then what lies aside are the only records there are.
    """
    with _as_owner(settings) as database, database.begin() as tx:
        return [_described(tx, one) for one in aside.listed(tx)]


def drop(settings: Settings, *, actor: Actor, clock: Clock = utc_now) -> list[Replaced]:
    """Delete what lies aside, each schema together with an audit record; return what it was.

    Killed on the way, it has deleted whole schemas; running it again deletes the rest. Raises as `look`.
    """
    dropped = []
    with _as_owner(settings) as database:
        with database.begin() as tx:
            found = aside.listed(tx)
        for one in found:
            with database.begin() as tx:
                described = _described(tx, one)
                aside.drop(tx, one)
                detail = {"schema": one.schema, "keys": described.keys}
                audit.append(
                    tx,
                    at=clock(),
                    actor=actor.label,
                    verb="db.drop_replaced",
                    object=DATABASE,
                    detail=detail,
                )
            dropped.append(described)
    return dropped


def _described(tx: Tx, one: aside.Aside) -> Replaced:
    held = aside.contents(tx, one)
    return Replaced(schema=one.schema, moved_at=one.moved_at, size_bytes=held.size_bytes, keys=held.keys)


@contextmanager
def _as_owner(settings: Settings) -> Iterator[Database]:
    with running(settings, open_home(settings, makes_keys=False)) as addresses:
        address = addresses.for_owner()
        check_up_to_date(addresses, address)
        database = Database(address, pool_size=1)
        try:
            yield database
        finally:
            database.close()
