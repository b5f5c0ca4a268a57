"""Who comes in: people by password and session, platforms by key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from safehold.app.access import keys, passwords, sessions, users
from safehold.model.errors import BadForm, NameTaken, NotAllowed, NotAuthenticated, NotFound
from safehold.model.ids import KeyId, UserId, new_id
from safehold.model.permissions import Permission, Role, system_actor
from safehold.storage import audit
from safehold.storage.database import Database

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
SHELL = system_actor("shell")
PASSWORD = "correct horse battery"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, pool_size=2)
    yield opened
    opened.close()


@pytest.fixture
def analyst(database: Database) -> UserId:
    with database.begin() as tx:
        return users.add_user(
            tx, name="Robin", password=PASSWORD, roles=frozenset({Role.ANALYST}), actor=SHELL, now=NOON
        )


def resumed(database: Database, token: str, now: datetime) -> sessions.SignedIn | None:
    with database.begin() as tx:
        return sessions.resume(tx, token, now=now)


def test_the_right_password_opens_a_session_whatever_the_case_of_the_name(
    database: Database, analyst: UserId
) -> None:
    token = sessions.sign_in(database, name="rOBIN", password=PASSWORD, now=NOON)

    signed_in = resumed(database, token, NOON)
    assert signed_in is not None
    assert signed_in.user_id == analyst
    assert signed_in.actor.may(Permission.CASE_ASSESS)
    assert not signed_in.actor.may(Permission.USER_EDIT)


@pytest.mark.usefixtures("analyst")
def test_a_wrong_name_and_a_wrong_password_are_refused_in_the_same_words(database: Database) -> None:
    said = set()
    for name, password in (("Robin", "wrong password"), ("nobody", PASSWORD)):
        with pytest.raises(NotAuthenticated) as refused:
            sessions.sign_in(database, name=name, password=password, now=NOON)
        said.add(refused.value.what)

    assert len(said) == 1


@pytest.mark.usefixtures("analyst")
def test_a_refused_sign_in_is_logged_without_the_name_that_was_tried(database: Database) -> None:
    with pytest.raises(NotAuthenticated):
        sessions.sign_in(database, name="Robin", password="wrong password", now=NOON)

    with database.begin() as tx:
        records = audit.unlinked(tx, limit=50)
    refused = [record for record in records if record.verb == "session.refused"]
    assert len(refused) == 1
    assert "Robin" not in str(refused)


@pytest.mark.usefixtures("analyst")
def test_a_session_ends_when_it_is_idle_and_when_it_is_old(database: Database) -> None:
    token = sessions.sign_in(database, name="Robin", password=PASSWORD, now=NOON)

    assert resumed(database, token, NOON + sessions.IDLE) is None
    for minutes in range(20, int(sessions.ABSOLUTE.total_seconds() // 60), 20):
        assert resumed(database, token, NOON + timedelta(minutes=minutes)) is not None
    assert resumed(database, token, NOON + sessions.ABSOLUTE) is None


@pytest.mark.usefixtures("analyst")
def test_shutting_somebody_out_and_a_new_password_end_their_sessions_at_once(database: Database) -> None:
    first = sessions.sign_in(database, name="Robin", password=PASSWORD, now=NOON)
    with database.begin() as tx:
        users.set_password(tx, name="Robin", password="another long one", actor=SHELL, now=NOON)
    assert resumed(database, first, NOON) is None

    second = sessions.sign_in(database, name="Robin", password="another long one", now=NOON)
    with database.begin() as tx:
        users.disable_user(tx, name="Robin", actor=SHELL, now=NOON)
    assert resumed(database, second, NOON) is None
    with pytest.raises(NotAuthenticated):
        sessions.sign_in(database, name="Robin", password="another long one", now=NOON)


@pytest.mark.usefixtures("analyst")
def test_a_form_without_its_sessions_token_is_refused(database: Database) -> None:
    signed_in = resumed(database, sessions.sign_in(database, name="Robin", password=PASSWORD, now=NOON), NOON)
    assert signed_in is not None

    sessions.check_form_token(signed_in, signed_in.form_token)
    for sent in (None, "", "another", signed_in.form_token[:-1]):
        with pytest.raises(NotAllowed):
            sessions.check_form_token(signed_in, sent)


@pytest.mark.usefixtures("analyst")
def test_sessions_that_are_over_are_swept_and_others_stay(database: Database) -> None:
    old = sessions.sign_in(database, name="Robin", password=PASSWORD, now=NOON - timedelta(days=1))
    new = sessions.sign_in(database, name="Robin", password=PASSWORD, now=NOON)

    with database.begin() as tx:
        assert sessions.sweep_sessions(tx, now=NOON) == 1

    assert resumed(database, old, NOON) is None
    assert resumed(database, new, NOON) is not None


@pytest.mark.usefixtures("analyst")
def test_names_are_taken_once_and_passwords_have_a_least_length(database: Database) -> None:
    with pytest.raises(NameTaken), database.begin() as tx:
        users.add_user(
            tx, name="robin", password=PASSWORD, roles=frozenset({Role.LEAD}), actor=SHELL, now=NOON
        )
    with pytest.raises(BadForm):
        passwords.hash_password("x" * (passwords.SHORTEST - 1))


def test_a_made_password_is_long_enough_and_never_the_same() -> None:
    made = {passwords.new_password() for _ in range(100)}

    assert len(made) == 100
    assert min(map(len, made)) >= passwords.SHORTEST


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
