"""A circuit breaker leaves alone what fails again and again, and finds out by one call whether it is back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.classifiers.breaker import FAILURES, FIRST_REST, LONGEST_REST, Breaker


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Seconds) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        assert breaker.admits()
        breaker.failed()
    return breaker


def test_so_many_failures_in_a_row_open_the_circuit_and_one_success_between_them_does_not() -> None:
    breaker = Breaker(Seconds())
    for _ in range(FAILURES - 1):
        breaker.failed()
    breaker.went_well()
    for _ in range(FAILURES - 1):
        breaker.failed()
    assert breaker.admits()
    breaker.failed()
    assert breaker.is_open
    assert not breaker.admits()
    assert breaker.went_well()
    assert not breaker.went_well()


def test_after_its_rest_one_is_let_through_and_the_others_once_that_went_well() -> None:
    clock = Seconds()
    breaker = opened(clock)
    clock.now += FIRST_REST
    assert [breaker.admits(), breaker.admits()] == [True, False]
    breaker.went_well()
    assert [breaker.admits(), breaker.admits()] == [True, True]


def test_each_try_that_fails_doubles_the_rest_up_to_ten_minutes() -> None:
    clock = Seconds()
    breaker = opened(clock)
    rest = FIRST_REST
    for _ in range(12):
        clock.now += rest - 0.01
        assert not breaker.admits()
        clock.now += 0.01
        assert breaker.admits()
        breaker.failed()
        rest = min(LONGEST_REST, rest * 2)
    assert rest == LONGEST_REST


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 100)), max_size=60))
def test_whatever_happens_it_lets_somebody_through_within_ten_minutes(
    happened: list[tuple[bool, float]],
) -> None:
    clock = Seconds()
    breaker = Breaker(clock)
    for well, seconds in happened:
        clock.now += seconds
        if breaker.admits():
            breaker.went_well() if well else breaker.failed()
    clock.now += LONGEST_REST
    assert breaker.admits()
