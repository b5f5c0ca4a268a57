"""The tables page, from the schema and the grants."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from reference_pages import markdown as md
from safehold.storage import roles
from safehold.storage.schema import metadata
from safehold.storage.tables import OWNERS

_APPEND_ONLY = ", ".join(md.code(name) for name in sorted(roles.APPEND_ONLY))

_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]

ABOUT = f"""\
One room of the code writes each table; a guard test watches that. Appending to the audit log is open to
every room. Each process connects as a database role that may do what is listed and nothing else:
`{roles.API}` where only the API is served, `{roles.CONSOLE}` for the console, `{roles.WORKER}` for the
worker. `{roles.APP}` serves a process with several of them and may do everything, except to change or
delete rows of {_APPEND_ONLY}. The job queue keeps tables of its own, named `procrastinate_…`."""


def page() -> str:
    """Return the page."""
    blocks = [_table(metadata.tables[name]) for name in sorted(metadata.tables)]
    return md.page(md.title("Tables", "operators, auditors and developers", ABOUT), *blocks)


def _table(table: sa.Table) -> str:
    rows = [(md.code(column.name), _type(column), _notes(column)) for column in table.columns]
    head = f"## `{table.name}`\n\nWritten by: {_owner(table.name)}. {_granted(table.name)}\n"
    return md.page(head, md.table(("Column", "Kind", ""), rows))


def _owner(name: str) -> str:
    owner = OWNERS[name]
    return "every room" if owner == "any" else md.code(owner)


def _granted(name: str) -> str:
    told = [
        f"`{role}`: {roles.GRANTS[role][name]}"
        for role in (roles.API, roles.CONSOLE, roles.WORKER)
        if name in roles.GRANTS[role]
    ]
    return ("; ".join(told) or "No surface's own role may touch it") + "."


def _type(column: sa.Column[object]) -> str:
    return column.type.compile(dialect=_POSTGRESQL).lower()


def _notes(column: sa.Column[object]) -> str:
    notes = ["key"] if column.primary_key else []
    notes += sorted({f"of `{key.column.table.name}`" for key in column.foreign_keys})
    notes += ["may be empty"] if column.nullable else []
    return ", ".join(notes)
