"""The base-rate calculator: what is rare drowns in false alarms, and what cannot be is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.classifiers.base_rates import Assumed, reckon
from safehold.model.errors import BadForm

USUAL = Assumed(uploads=1_000_000, one_in=10_000, finds=0.9, false_alarms=0.01, looks=200)
ASSUMED = st.builds(
    Assumed,
    uploads=st.integers(1, 10**10),
    one_in=st.floats(1, 1e12),
    finds=st.floats(0, 1),
    false_alarms=st.floats(0, 1),
    looks=st.integers(0, 10**6),
)


def test_nine_of_ten_found_and_one_in_a_hundred_wrong_is_one_right_in_a_hundred_and_eleven_flags() -> None:
    found = reckon(USUAL)
    assert found.there.expected == 100
    assert found.flags.expected == pytest.approx(90 + 9999)
    assert found.precision.value == pytest.approx(90 / 10089)
    assert found.missed.expected == pytest.approx(10)
    assert (found.missed.low, found.missed.high) == (4, 17)
    assert found.found.expected == pytest.approx(200 * 90 / 10089)
    assert found.unlooked.expected == pytest.approx(9889)


def test_who_can_look_at_nothing_finds_nothing() -> None:
    found = reckon(replace(USUAL, looks=0))
    assert (found.found.expected, found.found.high) == (0, 0)
    assert found.precision.value is None


def test_one_that_asks_for_nothing_says_nothing_of_its_precision() -> None:
    found = reckon(replace(USUAL, finds=0, false_alarms=0))
    assert (found.flags.expected, found.precision.value) == (0, None)
    assert found.missed.expected == 100


@given(ASSUMED)
def test_numbers_add_up_and_lie_in_their_ranges(assumed: Assumed) -> None:
    found = reckon(assumed)
    assert found.right.expected + found.missed.expected == pytest.approx(found.there.expected, abs=1e-6)
    assert found.right.expected + found.wrong.expected == pytest.approx(found.flags.expected)
    assert found.found.expected <= found.right.expected + 1e-6
    for each in (found.there, found.flags, found.right, found.wrong, found.missed, found.found):
        assert 0 <= each.low <= each.high
        assert each.low - 1 <= each.expected <= each.high + 1
    if found.precision.value is not None:
        assert found.precision.low is not None
        assert found.precision.high is not None
        assert 0 <= found.precision.low <= found.precision.value <= found.precision.high <= 1


@given(ASSUMED, st.floats(0, 1))
def test_more_false_alarms_never_make_it_more_precise(assumed: Assumed, more: float) -> None:
    worse = replace(assumed, false_alarms=max(assumed.false_alarms, more))
    before, after = reckon(assumed), reckon(worse)
    assert after.flags.expected >= before.flags.expected
    if before.precision.value is not None and after.precision.value is not None:
        assert after.precision.value <= before.precision.value + 1e-9


@given(ASSUMED, st.integers(0, 10**6))
def test_who_can_look_at_more_never_finds_less(assumed: Assumed, looks: int) -> None:
    more = replace(assumed, looks=max(assumed.looks, looks))
    assert reckon(more).found.expected >= reckon(assumed).found.expected - 1e-9


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("uploads", 0),
        ("uploads", 10**11),
        ("one_in", 0.5),
        ("one_in", float("inf")),
        ("one_in", float("nan")),
        ("finds", 1.01),
        ("finds", -0.1),
        ("false_alarms", float("nan")),
        ("looks", -1),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(field: str, value: Any) -> None:
    with pytest.raises(BadForm) as raised:
        replace(USUAL, **{field: value})
    assert raised.value.field == field
