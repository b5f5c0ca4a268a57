"""Making the database's roles, and setting their grants to exactly what `roles` declares."""

from __future__ import annotations

import sqlalchemy as sa

from safehold.storage.database import Tx
from safehold.storage.roles import (
    APP,
    EVERYTHING,
    FUNCTIONS,
    GRANTS,
    QUEUE,
    READING,
    ROLES,
    VERSION,
    app_grants,
)


def with_settings_of_their_own(tx: Tx) -> dict[str, list[str]]:
    """Return which of the roles have settings that the server gives every connection of theirs, and which.

    Here or in every database; names alone. Any role may ask, and any may have made some for itself.
    """
    statement = sa.text(
        "select r.rolname, split_part(each, '=', 1) as setting"
        " from pg_db_role_setting s join pg_roles r on r.oid = s.setrole, unnest(s.setconfig) as each"
        " where r.rolname = any(:roles) and s.setdatabase in"
        " (0, (select oid from pg_database where datname = current_database())) order by 1, 2"
    )
    found: dict[str, list[str]] = {}
    for row in tx.run(statement, {"roles": list(ROLES)}):
        found.setdefault(row.rolname, []).append(row.setting)
    return found


def create(tx: Tx) -> None:
    """Make the roles where they do not exist yet. Roles belong to the server, not to one database."""
    tx.lock("safehold roles")
    for role in ROLES:
        known = tx.run(sa.text("select 1 from pg_roles where rolname = :role"), {"role": role}).first()
        if known is None:
            tx.run(sa.text(f"create role {role} login"))


def grant(tx: Tx) -> None:
    """Make the roles and set their grants to exactly what is declared here."""
    create(tx)
    present = {
        row[0] for row in tx.run(sa.text("select tablename from pg_tables where schemaname = 'public'"))
    }
    queue = sorted(name for name in present if name.startswith("procrastinate_"))
    for role in ROLES:
        grants = app_grants() if role == APP else GRANTS[role]
        declared = {VERSION: READING, **grants, **_of_queue(role, queue)}
        tx.run(sa.text(f"revoke all on all tables in schema public from {role}"))
        tx.run(sa.text(f"revoke all on all sequences in schema public from {role}"))
        for table, privileges in declared.items():
            if table in present:
                tx.run(sa.text(f"grant {privileges} on {table} to {role}"))
    _grant_sequences(tx)
    _grant_functions(tx)


def _of_queue(role: str, queue: list[str]) -> dict[str, str]:
    if role not in QUEUE:
        return {}
    return QUEUE[role] or dict.fromkeys(queue, EVERYTHING)


def _grant_sequences(tx: Tx) -> None:
    """Let the queue count its rows. Our own tables number theirs by identity, which asks for no right."""
    statement = sa.text(
        "select sequencename from pg_sequences where schemaname = 'public'"
        " and sequencename like 'procrastinate_%'"
    )
    for (sequence,) in tx.run(statement).all():
        tx.run(sa.text(f"grant usage, select on sequence {sequence} to {', '.join(QUEUE)}"))


def _grant_functions(tx: Tx) -> None:
    """Take the right to call our functions from everybody, who has it by default, and hand it out anew."""
    ours = sa.text(
        "select p.oid::regprocedure::text from pg_proc p"
        " where p.pronamespace = 'public'::regnamespace and p.proowner = current_user::regrole"
    )
    for (function,) in tx.run(ours).all():
        roles = FUNCTIONS.get(function, tuple(QUEUE))
        tx.run(sa.text(f"revoke execute on function {function} from public, {', '.join(ROLES)}"))
        tx.run(sa.text(f"grant execute on function {function} to {', '.join(roles)}"))
