"""Who comes in: people with roles, platforms by key. How people sign in is told in ../access."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from safehold.app.access import keys, passwords, users
from safehold.model.errors import BadForm, Conflict, NameTaken, NotAllowed, NotAuthenticated, NotFound
from safehold.model.ids import KeyId, new_id
from safehold.model.permissions import Actor, Permission, Role, permissions_of, system_actor
from safehold.storage.database import Database

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
SHELL = system_actor("shell")
SHELL_OF_ALL = Actor(permissions=frozenset(Permission), system="shell")
PASSWORD = "correct horse battery"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, pool_size=2)
    yield opened
    opened.close()


def test_names_are_taken_once_and_have_no_sign_that_cannot_be_seen(database: Database) -> None:
    def add(name: str) -> None:
        with database.begin() as tx:
            roles = frozenset({Role.LEAD})
            users.add_user(tx, name=name, password=PASSWORD, roles=roles, actor=SHELL, now=NOON)

    add("Robin")
    with pytest.raises(NameTaken):
        add("robin")
    for wrong in ("", " ", "a\nb", "a\0b", "x" * 101):
        with pytest.raises(BadForm):
            add(wrong)


def test_passwords_have_a_least_length() -> None:
    with pytest.raises(BadForm):
        passwords.hash_password("x" * (passwords.SHORTEST - 1))


def test_a_made_password_is_long_enough_and_never_the_same() -> None:
    made = {passwords.new_password() for _ in range(100)}

    assert len(made) == 100
    assert min(map(len, made)) >= passwords.SHORTEST


def test_nobody_changes_their_own_roles_and_the_last_admin_stays(database: Database) -> None:
    def add(name: str) -> Actor:
        with database.begin() as tx:
            admin = frozenset({Role.ADMIN})
            id = users.add_user(tx, name=name, password=PASSWORD, roles=admin, actor=SHELL, now=NOON)
        return Actor(permissions=permissions_of(admin), user_id=id)

    def change(do: Callable[..., None], of: Actor, *arguments: object, by: Actor) -> None:
        with database.begin() as tx:
            do(tx, of.user_id, *arguments, actor=by, now=NOON)

    ada, bo = add("Ada"), add("Bo")
    analyst = frozenset({Role.ANALYST})
    for do, arguments in ((users.set_roles, (analyst,)), (users.disable, ()), (users.enable, ())):
        with pytest.raises(NotAllowed):
            change(do, ada, *arguments, by=ada)
    change(users.disable, bo, by=ada)
    for do, arguments in ((users.set_roles, (analyst,)), (users.disable, ())):
        with pytest.raises(Conflict):
            change(do, ada, *arguments, by=SHELL_OF_ALL)
    change(users.enable, bo, by=ada)
    change(users.set_roles, ada, analyst, by=bo)
    with database.begin() as tx:
        assert users.find_user(tx, "Ada").roles == analyst


def test_a_key_lets_in_with_its_scopes_until_it_is_revoked_or_expires(database: Database) -> None:
    scopes = frozenset({Permission.SCAN})
    with database.begin() as tx:
        secret = keys.add_key(
            tx, name="platform", scopes=scopes, actor=SHELL, now=NOON, expires_at=NOON + timedelta(days=1)
        )
        actor = keys.authenticate(tx, secret, now=NOON)
    assert actor.permissions == scopes

    with pytest.raises(NotAuthenticated), database.begin() as tx:
        keys.authenticate(tx, secret, now=NOON + timedelta(days=1))
    assert actor.key_id is not None
    with database.begin() as tx:
        keys.revoke_key(tx, actor.key_id, actor=SHELL, now=NOON)
    with pytest.raises(NotAuthenticated), database.begin() as tx:
        keys.authenticate(tx, secret, now=NOON)


def test_a_key_lasts_a_year_unless_its_end_is_named_and_never_for_ever(database: Database) -> None:
    scopes = frozenset({Permission.SCAN})
    with database.begin() as tx:
        keys.add_key(tx, name="platform", scopes=scopes, actor=SHELL, now=NOON)
        [key] = keys.list_keys(tx)
    assert key.expires_at == NOON + timedelta(days=365)
    assert not keys.ends_soon(key, now=NOON)
    assert keys.ends_soon(key, now=NOON + timedelta(days=351))
    assert not keys.ends_soon(key, now=NOON + timedelta(days=365))
    for end in (NOON, NOON + timedelta(days=3651)):
        with pytest.raises(BadForm), database.begin() as tx:
            keys.add_key(tx, name="platform", scopes=scopes, actor=SHELL, now=NOON, expires_at=end)


def test_a_key_cannot_be_given_what_only_people_do(database: Database) -> None:
    for scopes in (frozenset({Permission.CASE_ASSESS}), frozenset[Permission]()):
        with pytest.raises(BadForm), database.begin() as tx:
            keys.add_key(tx, name="platform", scopes=scopes, actor=SHELL, now=NOON)


def test_a_key_that_does_not_exist_cannot_be_revoked(database: Database) -> None:
    with pytest.raises(NotFound), database.begin() as tx:
        keys.revoke_key(tx, KeyId(new_id()), actor=SHELL, now=NOON)


def test_no_secret_is_kept_in_the_database(database: Database) -> None:
    with database.begin() as tx:
        secret = keys.add_key(tx, name="platform", scopes=frozenset({Permission.SCAN}), actor=SHELL, now=NOON)
        stored = keys.list_keys(tx)

    assert secret not in str(stored)
