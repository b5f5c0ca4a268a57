"""Each surface's role, tried on every table and function there is: what is not granted is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from psycopg.errors import InsufficientPrivilege

from safehold.storage import migrate, roles
from safehold.storage.database import Database, Tx
from safehold.storage.roles import API, APP, CONSOLE, GRANTS, PORTAL, READER, ROLES, WORKER

VERBS = ("select", "insert", "update", "delete")
APART = tuple(GRANTS)
DENIED = sa.exc.ProgrammingError


@pytest.fixture(scope="module")
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, pool_size=1)
    yield opened
    opened.close()


def tables(tx: Tx) -> list[str]:
    statement = sa.text("select tablename from pg_tables where schemaname = 'public' order by tablename")
    return list(tx.run(statement).scalars())


def columns(tx: Tx, table: str) -> list[str]:
    statement = sa.text(
        "select attname from pg_attribute where attrelid = cast(:table as regclass)"
        " and attnum > 0 and not attisdropped"
    )
    return list(tx.run(statement, {"table": table}).scalars())


def declared(role: str, table: str) -> dict[str, list[str] | None]:
    """Return what a role is granted: per verb None for the whole table, else the columns."""
    everything = {roles.VERSION: "select", **GRANTS[role]}
    queue = roles.QUEUE.get(role)
    if queue is not None and table.startswith("procrastinate_"):
        everything[table] = queue.get(table, "") if queue else ", ".join(VERBS)
    found: dict[str, list[str] | None] = {}
    for verb, listed in re.findall(r"(\w+)(?: \(([^)]*)\))?(?:, |$)", everything.get(table, "")):
        found[verb] = [name.strip() for name in listed.split(",")] if listed else None
    return found


def attempt(verb: str, table: str, column: str) -> str:
    """Return a statement that needs this one right on this one column, and would touch no row."""
    return {
        "select": f"select {column} from {table} limit 0",
        "insert": f"insert into {table} ({column}) overriding system value select null where false",
        "update": f"update {table} set {column} = default where false",
        "delete": f"delete from {table} where false",
    }[verb]


def allowed(tx: Tx, statement: str) -> bool:
    """Try a statement inside the role that was set; say whether it was let through."""
    savepoint = tx.connection.begin_nested()
    try:
        tx.run(sa.text(statement))
    except DENIED as error:
        savepoint.rollback()
        if not isinstance(error.orig, InsufficientPrivilege):
            raise
        return False
    savepoint.rollback()
    return True


@pytest.mark.parametrize("role", APART)
def test_a_role_may_do_exactly_what_is_declared_column_by_column(database: Database, role: str) -> None:
    differs = []
    with database.begin() as tx:
        known = {table: columns(tx, table) for table in tables(tx)}
        tx.run(sa.text(f"set local role {role}"))
        for table, names in known.items():
            granted = declared(role, table)
            for verb in VERBS:
                for column in names[:1] if verb == "delete" else names:
                    listed = granted.get(verb, [])
                    expected = listed is None or column in listed
                    if allowed(tx, attempt(verb, table, column)) is not expected:
                        differs.append(f"{verb} {table}.{column}")
    assert differs == []


@pytest.mark.parametrize("role", APART)
def test_a_role_calls_only_the_functions_that_are_declared_for_it(database: Database, role: str) -> None:
    with database.begin() as tx:
        statement = sa.text(
            "select p.oid::regprocedure::text as name, has_function_privilege(:role, p.oid, 'execute') as may"
            " from pg_proc p where p.pronamespace = 'public'::regnamespace"
        )
        found = {row.name: row.may for row in tx.run(statement, {"role": role})}
    assert len(found) > 10
    expected = {name: role in roles.FUNCTIONS.get(name, tuple(roles.QUEUE)) for name in found}
    assert found == expected


def test_the_portal_can_write_three_tables_and_read_no_column_of_any(database: Database) -> None:
    assert set(GRANTS[PORTAL]) == {"inbound_report", "left_appeal", "report_contact"}
    assert declared(PORTAL, "inbound_report").keys() == {"insert"}
    assert declared(PORTAL, "report_contact") == {"insert": None}
    written = declared(PORTAL, "inbound_report")["insert"]
    assert written is not None
    assert not {"item_id", "key_id"} & set(written)
    assert PORTAL not in roles.QUEUE


def test_the_api_reads_neither_evidence_nor_the_audit_log(database: Database) -> None:
    assert declared(API, "wrapped_key") == {"insert": None}
    for closed in ("reveal", "session", "app_user", "assessment", "report_contact", "destruction"):
        assert "select" not in declared(API, closed), closed
    assert "select" not in declared(API, "audit_personal")
    assert declared(API, "item_context")["select"] == ["item_id", "content_id"]
    assert "account_id" not in (declared(API, "review_case")["select"] or ["account_id"])
    assert declared(API, "audit_record") == {"insert": None, "select": ["id"]}


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (API, "update api_key set revoked_at = null"),
        (API, "update api_key set expires_at = expires_at + interval '1 year'"),
        (API, "update api_key set secret_digest = ''::bytea, name = 'another'"),
        (CONSOLE, "update api_key set revoked_at = now(), expires_at = null"),
        (CONSOLE, "update declared_conflict set about = 'another account'"),
        (CONSOLE, "update declared_conflict set user_id = declared_by"),
        (CONSOLE, "update review_case set account_id = null"),
        (CONSOLE, "update outcome set finding = 'not_illegal'"),
        (WORKER, "update outcome set settled_by = null"),
        (WORKER, "update hold set match_id = null"),
        (READER, "update reveal set user_id = null"),
    ],
)
def test_what_stands_once_is_not_rewritten_by_whoever_notes_something_beside_it(
    database: Database, role: str, statement: str
) -> None:
    with database.begin() as tx:
        tx.run(sa.text(f"set local role {role}"))
        assert not allowed(tx, statement)


WHOLE = {
    API: {"retention"},
    CONSOLE: {
        "session",
        "passkey",
        "authenticator_app",
        "recovery_code",
        "pending_sign_in",
        "passkey_challenge",
        "sign_in_failure",
        "known_device",
    },
    WORKER: {"anchor_state", "delivery", "retention", "closing", "schedule_run"},
    PORTAL: set(),
    READER: set(),
}
"""Where a role may change every column: of a session, say, or of how long something is kept."""


@pytest.mark.parametrize("role", APART)
def test_where_a_role_may_change_a_whole_row_is_said_here(role: str) -> None:
    whole = {table for table in GRANTS[role] if declared(role, table).get("update", []) is None}
    assert whole == WHOLE[role]


@pytest.mark.parametrize("role", [API, CONSOLE, PORTAL, WORKER])
def test_only_the_reader_reads_what_opens_evidence(role: str) -> None:
    readable = declared(role, "wrapped_key").get("select", [])
    assert readable is not None
    assert "wrapped" not in readable
    assert declared(READER, "wrapped_key") == {"select": None}


@pytest.mark.parametrize("role", ROLES)
def test_every_role_can_ask_which_revision_the_tables_are_at_and_no_role_can_change_it(
    database: Database, role: str
) -> None:
    with database.begin() as tx:
        tx.run(sa.text(f"set local role {role}"))
        assert tx.run(sa.text("select version_num from alembic_version")).scalar_one() == migrate.newest()
        assert not allowed(tx, "update alembic_version set version_num = ''")


@pytest.mark.parametrize("role", ROLES)
def test_no_role_is_more_than_a_role(database: Database, role: str) -> None:
    with database.begin() as tx:
        statement = sa.text(
            "select rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolcanlogin,"
            " exists (select from pg_auth_members where member = r.oid) as member"
            " from pg_roles r where rolname = :role"
        )
        row = tx.run(statement, {"role": role}).one()
        tx.run(sa.text(f"set local role {role}"))
        assert not allowed(tx, "create table loot (id int)")
        assert not allowed(tx, "copy (select 1) to program 'true'")
        assert not allowed(tx, "select pg_read_file('/etc/hostname')")
    assert tuple(row) == (False, False, False, False, False, True, False)


def test_grants_that_somebody_added_by_hand_are_taken_away_by_the_next_upgrade(
    fresh_database_url: str,
) -> None:
    opened = Database(fresh_database_url, pool_size=1)
    try:
        with opened.begin() as tx:
            tx.run(sa.text(f"grant select on app_user to {PORTAL}"))
            tx.run(sa.text("grant execute on function portal_status(bytea) to public"))
        migrate.upgrade(fresh_database_url)
        with opened.begin() as tx:
            tx.run(sa.text(f"set local role {PORTAL}"))
            assert not allowed(tx, "select id from app_user")
            assert allowed(tx, r"select portal_status('\x00'::bytea)")
        with opened.begin() as tx:
            tx.run(sa.text(f"set local role {API}"))
            assert not allowed(tx, r"select portal_status('\x00'::bytea)")
    finally:
        opened.close()


def test_the_all_in_one_role_has_everything_but_what_is_append_only(database: Database) -> None:
    granted = roles.app_grants()
    for table, verbs in granted.items():
        assert verbs == ("select, insert" if table in roles.APPEND_ONLY else ", ".join(VERBS))
    with database.begin() as tx:
        tx.run(sa.text(f"set local role {APP}"))
        for table in roles.APPEND_ONLY:
            assert not allowed(tx, f"delete from {table} where false"), table
