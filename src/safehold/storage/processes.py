"""Which processes of ours are connected now: each names its connections after what it serves."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from safehold.storage.database import Tx

_SERVING = "safehold serving "
"""Before the surfaces, in the name that a connection bears. PostgreSQL keeps 63 bytes of it."""


def connection_name(surfaces: Iterable[str]) -> str:
    """Return what the connections of a process that serves these surfaces are called."""
    return _SERVING + "+".join(sorted(surfaces))


def serving_now(tx: Tx) -> list[frozenset[str]]:
    """Return what each kind of process serves that is connected to this database now, without repeats.

    Nothing is stored for it and nothing can be out of date. Any role may ask.
    """
    statement = sa.text(
        "select distinct application_name from pg_stat_activity"
        " where datname = current_database() and starts_with(application_name, :serving)"
        " order by application_name"
    )
    names = tx.run(statement, {"serving": _SERVING}).scalars()
    return [frozenset(name.removeprefix(_SERVING).split("+")) for name in names]


def connected_as_owner(tx: Tx) -> bool:
    """Say whether this connection owns the tables, or is a superuser: more than any role of ours may do."""
    statement = sa.text(
        "select current_setting('is_superuser') = 'on' or exists"
        " (select from pg_tables where schemaname = 'public' and tableowner = current_user)"
    )
    return bool(tx.run(statement).scalar_one())
