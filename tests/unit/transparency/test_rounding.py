"""Numbers as they are read say neither more nor less than they are."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.transparency.rounding import change, exact, in_words, percent, press

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
WORDS = {word: number for number, word in enumerate(NUMBERS)} | {"twelve": 12, "fifteen": 15, "twenty": 20}
shares = st.integers(1, 10**6).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (356, 2_401, "more than one in seven"),
        (254_071, 275_652, "more than nine in ten"),
        (1, 7, "one in seven"),
        (143, 1_000, "about one in seven"),
        (140, 1_000, "almost one in seven"),
        (1, 2, "half"),
        (0, 5, "none"),
        (5, 5, "all"),
        (1, 1_000, None),
    ],
)
def test_a_share_is_the_simple_fraction_that_people_would_say(
    part: int, whole: int, words: str | None
) -> None:
    assert in_words(part, whole) == words


@given(shares)
def test_almost_is_said_below_alone_and_more_than_above_alone(share: tuple[int, int]) -> None:
    said, found = in_words(*share), Fraction(*share)
    if said is None or said in ("all", "none"):
        return
    half = said.endswith("half")
    named = re.search(r"(\w+) in (\w+)$", said)
    simple = Fraction(1, 2) if half else Fraction(WORDS[named[1]], WORDS[named[2]])  # type: ignore[index]
    assert said.startswith("almost ") <= (found < simple)
    assert said.startswith("more than ") <= (found > simple)
    assert abs(found - simple) / simple <= Fraction(8, 100)
    if said.startswith("about "):
        assert 0 < abs(found - simple) / simple <= Fraction(1, 100)


@given(st.integers(0, 10**9))
def test_the_press_number_is_within_five_and_small_ones_stay_exact(number: int) -> None:
    shown = int(press(number).replace(",", ""))
    assert abs(shown - number) <= 5
    assert shown == number if number < 100 else shown % 10 == 0
    assert int(exact(number).replace(",", "")) == number


@pytest.mark.parametrize(("number", "shown"), [(392_665, "392,660"), (254_071, "254,070"), (51, "51")])
def test_press_numbers_are_rounded_to_tens_half_to_even(number: int, shown: str) -> None:
    assert press(number) == shown


@given(shares)
def test_a_share_is_never_nothing_for_being_little_nor_all_for_being_much(share: tuple[int, int]) -> None:
    part, whole = share
    assert (percent(part, whole) == "0.0 %") == (part == 0)
    assert (percent(part, whole) == "100.0 %") == (part == whole)


def test_changes_have_their_sign() -> None:
    assert change(392_665, 375_230) == "+4.6 %"
    assert change(392_665, 375_230, places=0) == "+5 %"
    assert change(90, 100) == "-10.0 %"
    assert change(100, 100) == "0.0 %"
