"""Database roles: what each surface may touch. Whatever is not granted here is refused by the database.

`safehold_app` serves an all-in-one process. The others serve one surface each, so that a hole in one
cannot reach what only another may see. No role may change or delete an audit record, a link of its
chain, an event, or an entry of the destruction ledger.
"""

from __future__ import annotations

import sqlalchemy as sa

from safehold.storage.database import Tx
from safehold.storage.tables import metadata

APP, API, CONSOLE, WORKER = "safehold_app", "safehold_api", "safehold_console", "safehold_worker"
ROLES = (APP, API, CONSOLE, WORKER)

APPEND_ONLY = frozenset({"audit_record", "audit_link", "event", "destruction"})
"""Tables in which nothing is ever changed or removed."""

_READ, _APPEND, _CHANGE, _ALL = (
    "select",
    "select, insert",
    "select, insert, update",
    "select, insert, update, delete",
)
_JOBS = {"event": _APPEND, "item_revision": _CHANGE, "step": _CHANGE}
_AUDIT = {"audit_record": _APPEND, "audit_personal": _APPEND}

GRANTS: dict[str, dict[str, str]] = {
    API: {
        **_JOBS,
        **_AUDIT,
        "api_key": "select, update",
        "media": _CHANGE,
        "media_signal": _APPEND,
        "item": _APPEND,
        "item_context": _APPEND,
        "hash_list": _READ,
        "entry": _READ,
        "match": _APPEND,
        "flag": _APPEND,
        "hold": _APPEND,
        "sealed_object": _APPEND,
        "wrapped_key": "insert",
        "retention": _CHANGE,
        "idempotency": _ALL,
        "incomplete_scan": _APPEND,
        "scan_counter": _APPEND,
        "appeal": _APPEND,
        "review_case": _READ,
        "case_item": _READ,
        "outcome": _READ,
        # A hold that nothing could be sealed for raises one in the request.
        "alarm": _APPEND,
        # For the metrics: how many there are, and nothing of what they say.
        "delivery": "select (state)",
        "audit_link": "select (seq)",
        "schedule_run": _READ,
    },
    CONSOLE: {
        **_JOBS,
        **_AUDIT,
        "audit_link": _READ,
        "app_user": "select, update",
        "session": _ALL,
        "media": _READ,
        "item": _READ,
        "item_context": _READ,
        "hash_list": _READ,
        "entry": _READ,
        "match": _READ,
        "flag": _READ,
        "hold": _READ,
        "review_case": "select, update",
        "case_item": _CHANGE,
        "case_pass": _CHANGE,
        "subject": "select, update",
        "assessment": _APPEND,
        "outcome": "select, update",
        "outcome_assessment": _READ,
        "reveal": _CHANGE,
        "appeal": _READ,
        "proposal": "select, update",
        "delivery": "select, update",
        "sealed_object": _READ,
        "wrapped_key": _READ,
        "retention": _READ,
        "destruction": _READ,
        "alarm": "select, update",
        "schedule_run": _READ,
    },
    WORKER: {
        **_JOBS,
        **_AUDIT,
        "audit_link": _APPEND,
        "media": _READ,
        "item": _READ,
        "item_context": "select, delete",
        "hash_list": _READ,
        "entry": _READ,
        "match": _READ,
        "flag": _READ,
        "hold": _CHANGE,
        "review_case": _CHANGE,
        "case_item": _CHANGE,
        "case_pass": _READ,
        "subject": _CHANGE,
        "assessment": _READ,
        "outcome": _CHANGE,
        "outcome_assessment": _APPEND,
        "reveal": _CHANGE,
        "appeal": _READ,
        "proposal": _CHANGE,
        "delivery": _CHANGE,
        "sealed_object": "select, update",
        "wrapped_key": "select, delete",
        "retention": _ALL,
        "destruction": _APPEND,
        "idempotency": "select, delete",
        "incomplete_scan": "select, delete",
        "scan_counter": "select, insert, update",
        "schedule_run": _CHANGE,
        "alarm": _CHANGE,
        "session": "select, delete",
    },
}
"""Per role, per table, what it may do. That of the all-in-one role is computed by `app_grants`."""


def app_grants() -> dict[str, str]:
    """Return what the all-in-one role may do: everything, except changing what is append-only."""
    return {table.name: _APPEND if table.name in APPEND_ONLY else _ALL for table in metadata.sorted_tables}


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
    for role in ROLES:
        grants = app_grants() if role == APP else GRANTS[role]
        tx.run(sa.text(f"revoke all on all tables in schema public from {role}"))
        for table, privileges in grants.items():
            if table in present:
                tx.run(sa.text(f"grant {privileges} on {table} to {role}"))
        _grant_queue(tx, role, present)


def _grant_queue(tx: Tx, role: str, present: set[str]) -> None:
    queue = sorted(name for name in present if name.startswith("procrastinate_"))
    for name in queue:
        tx.run(sa.text(f"grant {_ALL} on {name} to {role}"))
    tx.run(sa.text(f"grant usage, select on all sequences in schema public to {role}"))
