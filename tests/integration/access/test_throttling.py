"""Guessing gets slow, a stranger's guesses lock nobody out, and unknown names behave like known ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from safehold.app import alarms
from safehold.app.access import sign_in
from safehold.app.access.gate import Visitor
from safehold.app.access.sign_in import Admitted
from safehold.model.errors import NotAuthenticated, TooManyAttempts

PASSWORD = "correct horse battery"


def fails(door, times: int, name: str = "Robin", visitor: Visitor | None = None) -> list[int]:
    """Guess wrongly as soon as it is allowed, so many times; return how long each next guess had to wait."""
    waits = []
    for _ in range(times):
        with pytest.raises(NotAuthenticated):
            door.tries(name, "wrong password", visitor=visitor or door.stranger)
        try:
            door.tries(name, "wrong password", visitor=visitor or door.stranger)
        except TooManyAttempts as error:
            waits.append(error.seconds)
            door.later(seconds=error.seconds)
        except NotAuthenticated:
            waits.append(0)
    return waits


def known_browser(door) -> Visitor:
    """Return a browser in which Robin signed in before."""
    admitted = door.tries()
    assert isinstance(admitted, Admitted)
    return replace(door.browser, devices=(admitted.device,))


def test_after_five_failures_each_further_guess_waits_longer(door) -> None:
    waits = [wait for wait in fails(door, 10) if wait]
    assert waits == sorted(waits)
    assert waits[0] == 1
    assert len(set(waits)) == len(waits)


def test_a_guess_during_the_wait_is_not_even_tried_and_does_not_prolong_it(door) -> None:
    fails(door, 8)
    with pytest.raises(NotAuthenticated):
        door.tries(password="wrong password", visitor=door.stranger)
    said = []
    for _ in range(3):
        with pytest.raises(TooManyAttempts) as error:
            door.tries(visitor=door.stranger)
        said.append(error.value.seconds)
    assert len(set(said)) == 1
    door.later(seconds=said[0])
    assert isinstance(door.tries(visitor=door.stranger), Admitted)


def test_a_stranger_who_hammers_a_name_does_not_lock_its_owner_out_of_a_known_browser(door) -> None:
    browser = known_browser(door)
    for at in range(40):
        fails(door, 1, visitor=Visitor(f"203.0.113.{at}", "A program"))
    with pytest.raises(NotAuthenticated):
        door.tries(password="wrong password", visitor=door.stranger)
    with pytest.raises(TooManyAttempts):
        door.tries(visitor=door.stranger)
    assert isinstance(door.tries(visitor=browser), Admitted)
    assert isinstance(door.tries(visitor=replace(browser, address=door.stranger.address)), Admitted)


def test_a_known_browser_is_counted_apart_and_has_no_free_guesses(door) -> None:
    browser = known_browser(door)
    for _ in range(5):
        with pytest.raises(NotAuthenticated):
            door.tries(password="wrong password", visitor=browser)
    with pytest.raises(TooManyAttempts):
        door.tries(visitor=browser)
    assert isinstance(door.tries(visitor=door.stranger), Admitted)


def test_a_browser_is_known_for_the_person_alone_who_signed_in_there(door) -> None:
    browser = known_browser(door)
    fails(door, 6, name="somebody-else", visitor=browser)
    with pytest.raises(NotAuthenticated):
        door.tries("somebody-else", "wrong password", visitor=browser)
    with pytest.raises(TooManyAttempts):
        door.tries("somebody-else", visitor=browser)


def test_a_token_that_somebody_planted_in_a_browser_is_never_taken_over(door) -> None:
    planted = Visitor("192.0.2.1", "Firefox on Linux", ("planted",))
    admitted = door.tries(visitor=planted)
    assert isinstance(admitted, Admitted)
    assert admitted.device not in (None, "planted")
    fails(door, 8)
    with pytest.raises(NotAuthenticated):
        door.tries(password="wrong password", visitor=door.stranger)
    with pytest.raises(TooManyAttempts):
        door.tries(visitor=planted)


def test_unknown_names_are_slowed_down_exactly_as_known_ones(door) -> None:
    def waits(name: str, address: str) -> list[object]:
        seen: list[object] = []
        for _ in range(12):
            try:
                door.tries(name, "wrong password", visitor=Visitor(address, "A program"))
            except (NotAuthenticated, TooManyAttempts) as error:
                seen.append((type(error), error.what))
        return seen

    assert waits("Robin", "203.0.113.1") == waits("nobody-here", "203.0.113.2")


def test_one_address_that_tries_many_names_is_slowed_down(door) -> None:
    for at in range(20):
        with pytest.raises(NotAuthenticated):
            door.tries(f"name-{at}", "wrong password", visitor=door.stranger)
    with pytest.raises(TooManyAttempts):
        door.tries("name-99", "wrong password", visitor=door.stranger)
    assert isinstance(door.tries(), Admitted)


def test_signing_in_oneself_does_not_buy_an_address_further_guesses(door) -> None:
    for at in range(19):
        with pytest.raises(NotAuthenticated):
            door.tries(f"name-{at}", "wrong password", visitor=door.stranger)
        door.tries(visitor=door.stranger)
    with pytest.raises(NotAuthenticated):
        door.tries("name-98", "wrong password", visitor=door.stranger)
    with pytest.raises(TooManyAttempts):
        door.tries(visitor=door.stranger)


def test_the_right_password_clears_what_was_counted_for_its_name(door) -> None:
    for _ in range(4):
        with pytest.raises(NotAuthenticated):
            door.tries(password="wrong password")
    door.signs_in()
    for _ in range(4):
        with pytest.raises(NotAuthenticated):
            door.tries(password="wrong password")


def test_guesses_at_the_same_instant_are_counted_before_they_are_tried(door) -> None:
    def guess(_: int) -> type[Exception]:
        try:
            door.tries(password="wrong password", visitor=door.stranger)
        except (NotAuthenticated, TooManyAttempts) as error:
            return type(error)
        pytest.fail("a wrong password was right")

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(guess, range(12)))
    assert seen.count(NotAuthenticated) == 5


def test_neither_a_name_nor_an_address_stands_in_what_is_counted(door) -> None:
    fails(door, 2, name="Robin")
    rows = str(door.sql("select * from sign_in_failure"))
    assert "obin" not in rows
    assert door.stranger.address not in rows


def test_a_person_is_alarmed_after_many_failures_and_the_alarm_ends_when_they_do(door) -> None:
    fails(door, 25)
    assert door.alarms() == ["sign_in_guessed"]
    door.later(hours=1, seconds=1)
    door.in_tx(alarms.clear_what_is_over, now=door.now)
    assert door.alarms() == []


def test_failures_are_forgotten_after_a_day(door) -> None:
    fails(door, 9)
    door.later(days=1, seconds=1)
    assert len([wait for wait in fails(door, 2) if wait]) == 0
    door.later(days=1, seconds=1)
    door.in_tx(sign_in.sweep, now=door.now)
    assert door.sql("select * from sign_in_failure") == []


def test_nobody_waits_for_an_instant_that_a_wrong_clock_named(door) -> None:
    fails(door, 9)
    with pytest.raises(NotAuthenticated):
        door.tries(password="wrong password", visitor=door.stranger)
    with pytest.raises(TooManyAttempts):
        door.tries(visitor=door.stranger)
    door.later(hours=-1)
    assert isinstance(door.tries(visitor=door.stranger), Admitted)


def test_a_device_is_forgotten_when_nobody_signed_in_there_for_half_a_year(door) -> None:
    browser = known_browser(door)
    door.later(days=(sign_in.DEVICE_LASTS + timedelta(days=1)).days)
    admitted = door.tries(visitor=browser)
    assert isinstance(admitted, Admitted)
    assert admitted.device is not None


def test_ten_devices_are_remembered_and_the_one_not_used_for_longest_goes(door) -> None:
    first = known_browser(door)
    for at in range(sign_in.DEVICES):
        door.later(minutes=1)
        door.tries(visitor=Visitor(f"192.0.2.{at}", "Chrome on Windows"))
    assert len(door.sql("select * from known_device")) == sign_in.DEVICES
    admitted = door.tries(visitor=first)
    assert isinstance(admitted, Admitted)
    assert admitted.device is not None
