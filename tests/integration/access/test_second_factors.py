"""Codes of an app and recovery codes: each counts once, and neither can be read from the database."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from safehold.app.access import passkeys, proof, second_factors, sessions, sign_in, users
from safehold.app.access.gate import Visitor
from safehold.app.access.passkeys import Site, site
from safehold.app.access.sign_in import Admitted, FactorDue
from safehold.app.settings_sections import WebSettings
from safehold.model.errors import (
    BadForm,
    Conflict,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    Refused,
    StepUpNeeded,
    TooManyAttempts,
)
from safehold.model.permissions import Permission, system_actor

SHELL = system_actor("shell")
PASSWORD = "correct horse battery"
STEP = 30


def set_up_app(door) -> pyotp.TOTP:
    """Give Robin an app; return it. The clock is moved past the code that confirmed it."""
    door.in_tx(second_factors.begin_app, door.gate, door.robin)
    new = door.in_tx(second_factors.app_being_set_up, door.gate, door.robin, name="Robin")
    app = pyotp.TOTP(new.secret)
    code = app.at(door.now)
    door.in_tx(second_factors.confirm_app, door.gate, door.robin, code, actor=SHELL, now=door.now)
    door.later(seconds=2 * STEP)
    return app


def finishes(door, code: str, due: FactorDue | None = None) -> Admitted:
    """Sign in as far as the second factor, and give this code."""
    due = due or door.tries()
    assert isinstance(due, FactorDue)
    return sign_in.finish_by_code(door.gate, due.token, code, visitor=door.browser, now=door.now)


def known_browser(door, app: pyotp.TOTP) -> Visitor:
    """Return a browser in which Robin signed in before, with the app. The clock is moved past its code."""
    admitted = finishes(door, app.at(door.now))
    door.later(seconds=2 * STEP)
    return replace(door.browser, devices=(admitted.device,))


def guesses_codes(door, visitor: Visitor) -> int:
    """Give thirty wrong codes, each after the right password, when allowed; return the seconds waited."""
    waited = 0
    for _ in range(30):
        due = door.tries(visitor=visitor)
        try:
            sign_in.finish_by_code(door.gate, due.token, "000000", visitor=visitor, now=door.now)
        except TooManyAttempts as error:
            waited += error.seconds
            door.later(seconds=error.seconds)
        except NotAuthenticated:
            continue
    return waited


def make_codes(door) -> list[str]:
    codes: list[str] = door.in_tx(second_factors.make_codes, door.gate, door.robin, actor=SHELL, now=door.now)
    return codes


def test_a_code_of_the_app_finishes_the_sign_in(door) -> None:
    app = set_up_app(door)
    assert door.resumes(finishes(door, app.at(door.now)).token).user_id == door.robin
    [row] = door.sql("select detail from audit_record where verb = 'session.open'")
    assert row.detail == {"by": "app", "client": "Firefox on Linux", "device": "new"}


@pytest.mark.parametrize(("steps", "is_right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_of_the_time_step_before_or_after_counts_and_no_other(door, steps, is_right) -> None:
    app = set_up_app(door)
    code = app.at(door.now + timedelta(seconds=steps * STEP))
    if is_right:
        finishes(door, code)
    else:
        with pytest.raises(NotAuthenticated):
            finishes(door, code)


def test_a_code_of_the_app_counts_once_and_so_does_no_older_one(door) -> None:
    app = set_up_app(door)
    before, present = app.at(door.now - timedelta(seconds=STEP)), app.at(door.now)
    finishes(door, present)
    for code in (present, before):
        with pytest.raises(NotAuthenticated):
            finishes(door, code)


def test_the_code_that_confirmed_the_app_does_not_sign_in(door) -> None:
    app = set_up_app(door)
    door.later(seconds=-2 * STEP)
    with pytest.raises(NotAuthenticated):
        finishes(door, app.at(door.now))


def test_an_app_that_was_never_confirmed_is_no_factor(door) -> None:
    door.in_tx(second_factors.begin_app, door.gate, door.robin)
    assert isinstance(door.tries(), Admitted)
    with pytest.raises(BadForm):
        door.in_tx(second_factors.confirm_app, door.gate, door.robin, "000000", actor=SHELL, now=door.now)


def test_a_second_app_is_set_up_only_when_the_first_was_removed(door) -> None:
    set_up_app(door)
    with pytest.raises(Conflict):
        door.in_tx(second_factors.begin_app, door.gate, door.robin)
    with pytest.raises(NotFound):
        door.in_tx(second_factors.app_being_set_up, door.gate, door.robin, name="Robin")
    remove = {"actor": SHELL, "now": door.now}
    door.in_tx(second_factors.remove_app, door.gate.settings, door.robin, **remove)
    door.in_tx(second_factors.begin_app, door.gate, door.robin)


def test_the_secret_of_an_app_lies_sealed_and_opens_for_its_person_alone(door) -> None:
    app = set_up_app(door)
    [row] = door.sql("select sealed_secret from authenticator_app")
    sealed, secret = bytes(row.sealed_secret), base64.b32decode(app.secret)
    assert secret not in sealed
    assert door.gate.key.open(sealed, of=door.robin) == secret
    other = door.add("Sam", *door.roles)
    assert door.gate.key.open(sealed, of=other) is None
    assert door.gate.key.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), of=door.robin) is None


def test_a_recovery_code_signs_in_once_however_it_is_typed(door) -> None:
    set_up_app(door)
    first, second, *_ = make_codes(door)
    finishes(door, first.lower().replace("-", " "))
    with pytest.raises(NotAuthenticated):
        finishes(door, first)
    finishes(door, second)
    assert door.in_tx(second_factors.factors_of, door.robin).codes_left == second_factors.CODES - 2


def test_new_recovery_codes_void_the_earlier_ones(door) -> None:
    set_up_app(door)
    [old, *_] = make_codes(door)
    [new, *others] = make_codes(door)
    assert len({new, *others}) == second_factors.CODES
    with pytest.raises(NotAuthenticated):
        finishes(door, old)
    finishes(door, new)


def test_no_recovery_code_is_kept_in_the_clear(door) -> None:
    set_up_app(door)
    codes = make_codes(door)
    rows = str(door.sql("select * from recovery_code"))
    assert not [code for code in codes if code in rows or code.replace("-", "") in rows]


def test_recovery_codes_stand_in_for_a_factor_and_are_none(door) -> None:
    with pytest.raises(Refused):
        make_codes(door)


def test_after_five_wrong_codes_the_sign_in_begins_anew(door) -> None:
    app = set_up_app(door)
    due = door.tries()
    for _ in range(sign_in.TRIES):
        with pytest.raises(NotAuthenticated):
            finishes(door, "000000", due)
    door.later(minutes=1)
    with pytest.raises(NotAuthenticated):
        finishes(door, app.at(door.now), due)


def test_whoever_has_the_password_guesses_codes_slowly_and_a_person_is_alarmed(door) -> None:
    set_up_app(door)
    assert guesses_codes(door, door.stranger) > 60
    for _ in range(30):
        due = door.tries(visitor=door.stranger)
        with pytest.raises((NotAuthenticated, TooManyAttempts)):
            sign_in.finish_by_code(door.gate, due.token, "000000", visitor=door.stranger, now=door.now)
        door.later(minutes=5)
    assert door.alarms() == ["sign_in_guessed"]


def test_a_right_password_buys_no_guesses_at_codes_in_a_known_browser_either(door) -> None:
    browser = known_browser(door, set_up_app(door))
    assert guesses_codes(door, browser) > 60


def test_wrong_codes_in_a_known_browser_do_not_keep_the_password_out(door) -> None:
    browser = known_browser(door, set_up_app(door))
    guesses_codes(door, browser)
    assert isinstance(door.tries(visitor=browser), FactorDue)


def test_wrong_passwords_between_wrong_codes_buy_no_proof(door) -> None:
    app = set_up_app(door)
    token = finishes(door, app.at(door.now)).token
    door.later(minutes=11)
    signed_in = door.resumes(token)
    for _ in range(proof.TRIES - 1):
        with pytest.raises(NotAllowed):
            proof.by_code(door.gate, signed_in, token, "000000", now=door.now)
        assert proof.check_password(door.gate, signed_in, PASSWORD, now=door.now)
    with pytest.raises(NotAuthenticated):
        proof.by_code(door.gate, signed_in, token, "000000", now=door.now)
    assert door.resumes(token) is None


def test_a_session_that_a_new_password_opened_buys_no_further_guesses_at_a_proof(door) -> None:
    app = set_up_app(door)
    token = finishes(door, app.at(door.now)).token
    for _ in range(proof.TRIES - 1):
        with pytest.raises(NotAllowed):
            proof.by_code(door.gate, door.resumes(token), token, "000000", now=door.now)
    new = {"old": PASSWORD, "new": "another long password", "now": door.now}
    token = users.change_own_password(door.gate, door.resumes(token), **new)
    with pytest.raises(NotAuthenticated):
        proof.by_code(door.gate, door.resumes(token), token, "000000", now=door.now)
    assert door.resumes(token) is None


def test_a_new_password_is_no_proof_for_whoever_has_a_second_factor(door) -> None:
    app = set_up_app(door)
    token = finishes(door, app.at(door.now)).token
    door.later(minutes=11)
    new = {"old": PASSWORD, "new": "another long password", "now": door.now}
    token = users.change_own_password(door.gate, door.resumes(token), **new)
    with pytest.raises(StepUpNeeded):
        sessions.require_recent_proof(door.resumes(token), now=door.now)


def test_a_pending_sign_in_is_over_after_five_minutes_and_opens_one_session(door) -> None:
    app = set_up_app(door)
    due = door.tries()
    door.later(minutes=5)
    with pytest.raises(NotAuthenticated):
        finishes(door, app.at(door.now), due)
    due = door.tries()
    finishes(door, app.at(door.now), due)
    door.later(seconds=STEP)
    with pytest.raises(NotAuthenticated):
        finishes(door, app.at(door.now), due)


def test_where_a_factor_is_required_nothing_else_is_open_until_there_is_one(door) -> None:
    door.settles(second_factor="required")
    signed_in = door.resumes(door.signs_in())
    assert signed_in.due is sessions.Due.SECOND_FACTOR
    assert signed_in.actor.permissions == {Permission.SIGNED_IN}
    token = door.signs_in()
    set_up_app(door)
    assert door.resumes(token).due is None


def test_where_a_factor_is_required_the_last_one_stays(door) -> None:
    door.settles(second_factor="required")
    set_up_app(door)
    with pytest.raises(Refused):
        door.in_tx(second_factors.remove_app, door.gate.settings, door.robin, actor=SHELL, now=door.now)


def test_whoever_has_a_factor_proves_by_that_and_not_by_the_password(door) -> None:
    app = set_up_app(door)
    token = finishes(door, app.at(door.now)).token
    door.later(minutes=11)
    signed_in = door.resumes(token)
    with pytest.raises(Refused):
        proof.by_password(door.gate, signed_in, token, PASSWORD, now=door.now)
    proven = proof.by_code(door.gate, signed_in, token, app.at(door.now), now=door.now)
    sessions.require_recent_proof(door.resumes(proven), now=door.now)


def test_a_reset_takes_everything_ends_sessions_and_is_told(door) -> None:
    app = set_up_app(door)
    make_codes(door)
    token = finishes(door, app.at(door.now)).token
    assert door.in_tx(second_factors.reset, door.robin, actor=SHELL, now=door.now) == 1
    assert door.resumes(token) is None
    assert door.alarms() == ["factors_reset"]
    assert "factor.reset" in door.verbs()
    for table in ("authenticator_app", "recovery_code", "known_device", "session"):
        assert door.sql(f"select * from {table}") == []
    assert isinstance(door.tries(), Admitted)


def test_an_app_that_was_never_confirmed_goes_with_a_reset_and_is_not_counted(door) -> None:
    door.in_tx(second_factors.begin_app, door.gate, door.robin)
    assert door.in_tx(second_factors.reset, door.robin, actor=SHELL, now=door.now) == 0
    assert door.sql("select * from authenticator_app") == []


@pytest.mark.parametrize(
    ("settings", "host", "production", "expected"),
    [
        ({}, "localhost:8400", False, ("localhost", "http://localhost:8400")),
        ({}, "127.0.0.1:8400", False, None),
        ({}, "[::1]:8400", False, None),
        ({}, "console.example.org", False, None),
        (
            {"secure_cookies": True},
            "console.example.org",
            False,
            ("console.example.org", "https://console.example.org"),
        ),
        ({"secure_cookies": True}, "console.example.org", True, None),
        (
            {"origin": "https://a.example.org:8443"},
            "x",
            True,
            ("a.example.org", "https://a.example.org:8443"),
        ),
        ({"origin": "http://a.example.org"}, "x", True, None),
        ({}, "[", False, None),
        ({}, None, False, None),
    ],
)
def test_passkeys_are_offered_where_a_browser_takes_them(settings, host, production, expected) -> None:
    found = site(WebSettings(**settings), host, production=production)
    assert (None if found is None else (found.id, found.origin)) == expected


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\0b", "a\u202eb", "x" * 61])
def test_a_passkey_has_a_name_that_can_be_seen(door, name) -> None:
    at = Site("localhost", "http://localhost")
    with pytest.raises(BadForm, match="name"):
        passkeys.created(b"challenge", door.robin, "{}", name=name, at=at, now=door.now)
