"""Name and password: the same work and words for whoever is refused, and hashing that stays bounded."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest

from safehold.app.access import passwords, proof, second_factors, sessions, sign_in, users
from safehold.app.access.gate import SignInKey, Visitor
from safehold.app.access.passwords import Turns
from safehold.app.access.sign_in import Admitted, FactorDue
from safehold.model.errors import BadSettings, NotAuthenticated, SignInBusy
from safehold.model.permissions import Permission, Role, system_actor
from safehold.storage import users as user_rows

PASSWORD = "correct horse battery"
SHELL = system_actor("shell")


def test_the_right_password_opens_a_session_whatever_the_case_of_the_name(door) -> None:
    admitted = door.tries("rOBIN")
    assert isinstance(admitted, Admitted)
    signed_in = door.resumes(admitted.token)
    assert signed_in.user_id == door.robin
    assert signed_in.actor.may(Permission.CASE_ASSESS)
    assert not signed_in.actor.may(Permission.USER_EDIT)


def test_a_wrong_name_and_a_wrong_password_are_refused_in_the_same_words(door) -> None:
    said = set()
    for name, password in (("Robin", "wrong password"), ("nobody", PASSWORD)):
        with pytest.raises(NotAuthenticated) as refused:
            door.tries(name, password)
        said.add((refused.value.what, refused.value.advice_now))
    assert len(said) == 1


def test_a_refused_sign_in_is_on_record_without_the_name_that_was_tried(door) -> None:
    with pytest.raises(NotAuthenticated):
        door.tries(password="wrong password")
    [row] = door.sql("select actor, object, detail::text from audit_record where verb = 'session.refused'")
    assert "obin" not in str(row)
    assert str(door.robin) not in str(row)


def test_every_way_of_being_refused_or_half_let_in_computes_exactly_one_hash(door, monkeypatch) -> None:
    passwords.matches(None, "so that the hash that nobody has is there")
    door.add("shut-out", Role.ANALYST)
    door.shuts_out("shut-out")
    door.add("with-factor", Role.ANALYST)
    _give_factor(door, "with-factor")
    computed: list[str] = []
    real = passwords._hasher

    class Counted:
        def verify(self, stored: str, password: str) -> bool:
            computed.append("verify")
            return real.verify(stored, password)

        def hash(self, password: str) -> str:
            computed.append("hash")
            return real.hash(password)

        def check_needs_rehash(self, stored: str) -> bool:
            return real.check_needs_rehash(stored)

    monkeypatch.setattr(passwords, "_hasher", Counted())
    counts = {}
    for name, password in (
        ("nobody", PASSWORD),
        ("shut-out", PASSWORD),
        ("Robin", "wrong password"),
        ("with-factor", PASSWORD),
        ("Robin", PASSWORD),
    ):
        computed.clear()
        with contextlib.suppress(NotAuthenticated):
            door.tries(name, password)
        counts[name, password] = list(computed)
    assert set(map(tuple, counts.values())) == {("verify",)}


def test_whoever_has_a_second_factor_gets_no_session_for_a_password(door) -> None:
    _give_factor(door, "Robin")
    passed = door.tries()
    assert isinstance(passed, FactorDue)
    assert door.sql("select * from session") == []
    assert door.resumes(passed.token) is None


def test_never_more_than_two_hashes_are_computed_together() -> None:
    together, most, lock = 0, 0, threading.Lock()
    turns, many = Turns(passwords.AT_ONCE, queue=20, wait_seconds=30), threading.Barrier(8)

    def work() -> None:
        nonlocal together, most
        many.wait()
        with turns.turn():
            with lock:
                together += 1
                most = max(most, together)
            threading.Event().wait(0.02)
            with lock:
                together -= 1

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work) for _ in range(8)]:
            done.result()
    assert most == 2


def test_every_computation_of_a_hash_takes_its_turn(monkeypatch) -> None:
    stored = passwords.hash_password(PASSWORD)
    monkeypatch.setattr(passwords, "_turns", Turns(0, queue=1, wait_seconds=0))
    for compute in (
        lambda: passwords.hash_password(PASSWORD),
        lambda: passwords.matches(stored, PASSWORD),
    ):
        with pytest.raises(SignInBusy):
            compute()


def test_whoever_finds_the_queue_full_is_told_at_once_and_whoever_waits_too_long_as_well() -> None:
    full = Turns(1, queue=0, wait_seconds=60)
    with full.turn(), pytest.raises(SignInBusy), full.turn():
        pytest.fail("there was no place")
    waiting = Turns(1, queue=1, wait_seconds=0)
    with waiting.turn(), pytest.raises(SignInBusy), waiting.turn():
        pytest.fail("it was not its turn")
    with waiting.turn():
        pass


def test_a_hash_with_other_parameters_is_replaced_at_the_next_sign_in(door, full_hasher, monkeypatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", full_hasher)
    [weak] = door.sql("select password_hash from app_user")
    assert "m=8," in weak.password_hash
    door.signs_in()
    [row] = door.sql("select password_hash from app_user")
    assert row.password_hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    door.signs_in()
    assert door.sql("select password_hash from app_user") == [row]


def test_a_sign_in_ends_the_session_that_the_browser_brought(door) -> None:
    first = door.signs_in()
    sign_in.check_password(
        door.gate, name="Robin", password=PASSWORD, visitor=door.browser, now=door.now, replaced=first
    )
    assert door.resumes(first) is None


def test_a_password_that_somebody_else_made_must_be_replaced_before_anything_else(door) -> None:
    door.add("newcomer", Role.ANALYST, once=True)
    token = door.signs_in("newcomer")
    signed_in = door.resumes(token)
    assert signed_in.due is sessions.Due.PASSWORD
    assert signed_in.actor.permissions == {Permission.SIGNED_IN}
    token = changes_password(door, token)
    assert door.resumes(token).due is None
    assert door.resumes(token).actor.may(Permission.CASE_ASSESS)


def test_whoever_comes_with_a_password_for_once_can_go_on_to_the_factor_that_is_required(door) -> None:
    door.settles(second_factor="required")
    door.add("newcomer", Role.ANALYST, once=True)
    token = changes_password(door, door.signs_in("newcomer"))
    signed_in = door.resumes(token)
    assert (signed_in.due, signed_in.proved_at) == (sessions.Due.SECOND_FACTOR, None)
    token = proof.by_password(door.gate, signed_in, token, "another long password", now=door.now)
    sessions.require_recent_proof(door.resumes(token), now=door.now)
    _give_factor(door, "newcomer")
    assert door.resumes(token).due is None


def test_changing_the_password_ends_every_session_and_opens_one_for_the_browser_that_did(door) -> None:
    here, there = door.signs_in(), door.signs_in(visitor=Visitor("192.0.2.2", "Chrome on Windows"))
    here = proof.by_password(door.gate, door.resumes(here), here, PASSWORD, now=door.now)
    before = door.resumes(here)
    assert before.proved_at == door.now
    new = door.resumes(changes_password(door, here))
    assert door.resumes(here) is None
    assert door.resumes(there) is None
    assert (new.user_id, new.proved_at) == (door.robin, door.now)
    [*_, opened] = door.sql("select detail from audit_record where verb = 'session.open' order by id")
    assert opened.detail == {"by": "new_password", "client": "Firefox on Linux"}
    assert {new.session_id, new.form_token}.isdisjoint({before.session_id, before.form_token})
    [row] = door.sql("select client, created_at, expires_at from session")
    assert row.client == "Firefox on Linux"
    assert row.expires_at - row.created_at == sessions.absolute(door.gate.settings)


def test_a_new_password_does_not_prolong_a_session(door) -> None:
    token = door.signs_in()
    [before] = door.sql("select created_at, expires_at from session")
    door.later(minutes=10)
    changes_password(door, token)
    assert door.sql("select created_at, expires_at from session") == [before]


@pytest.mark.parametrize("does", ["shuts_out", "gives_password"])
@pytest.mark.parametrize("with_factor", [False, True])
def test_a_sign_in_whose_password_was_checked_does_not_outrun_an_admin(door, does, with_factor) -> None:
    if with_factor:
        _give_factor(door, "Robin")
    door.interrupted(getattr(door, does), before=2)
    with pytest.raises(NotAuthenticated):
        door.tries()
    assert door.sql("select * from session") == []
    assert door.sql("select * from pending_sign_in") == []


def test_a_change_of_ones_own_password_does_not_outrun_an_admin_who_gives_another(door) -> None:
    signed_in = door.resumes(door.signs_in())
    door.interrupted(door.gives_password, before=4)
    with pytest.raises(NotAuthenticated):
        users.change_own_password(
            door.gate, signed_in, old=PASSWORD, new="another long password", now=door.now
        )
    assert door.sql("select * from session") == []
    assert isinstance(door.tries(password=door.GIVEN), Admitted)


@pytest.mark.parametrize("does", ["shuts_out", "gives_password"])
def test_an_admin_waits_for_a_session_that_is_being_opened_and_ends_it(door, does) -> None:
    with ThreadPoolExecutor(1) as pool:
        with door.gate.database.begin() as tx:
            user, lasts = user_rows.held_user(tx, door.robin), timedelta(hours=1)
            sessions.open_session(tx, user, client="", must_enrol=False, lasts=lasts, now=door.now)
            admin = pool.submit(getattr(door, does))
            while not door.sql("select pid from pg_stat_activity where wait_event_type = 'Lock'"):
                assert not admin.done()
        admin.result()
    assert door.sql("select * from session") == []


def test_the_key_of_the_sign_in_has_the_right_length() -> None:
    with pytest.raises(BadSettings):
        SignInKey(b"short")


def changes_password(door, token: str) -> str:
    return users.change_own_password(
        door.gate, door.resumes(token), old=PASSWORD, new="another long password", now=door.now
    )


def _give_factor(door, name: str) -> None:
    user = door.in_tx(users.find_user, name)
    door.in_tx(second_factors.begin_app, door.gate, user.id)
    new = door.in_tx(second_factors.app_being_set_up, door.gate, user.id, name=name)
    code = pyotp.TOTP(new.secret).at(door.now)
    door.in_tx(second_factors.confirm_app, door.gate, user.id, code, actor=SHELL, now=door.now)
