"""Claims about which frames of a film are looked at: by chance, by order, and whatever looks new."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.signal import PDQ, Signal
from safehold.vault.decoding.sampling import Instants, Sketches

TIMES = {
    "in order": lambda n: n / 5,
    "missing": lambda n: None,
    "far ahead at first": lambda n: 30.0 if n == 0 else n / 5,
    "far ahead and back": lambda n: 1e9 if n % 7 == 0 else n / 5,
    "backwards": lambda n: 1_000 - n / 5,
    "all the same": lambda n: 3.0,
    "no numbers": lambda n: float("nan"),
    "before the beginning": lambda n: n / 5 - 1e6,
}


def picked(times: list[float | None], seed: int, *, rate: float = 5, per_second: float = 1) -> list[int]:
    instants = Instants(random.Random(seed), usual_rate=rate, per_second=per_second)
    return [number for number, seconds in enumerate(times) if instants.picks(seconds)]


def longest_gap(numbers: list[int], count: int) -> int:
    return max(after - before for before, after in zip(numbers, [*numbers[1:], count], strict=True))


@pytest.mark.parametrize("times", TIMES.values(), ids=TIMES)
def test_the_first_frame_and_one_in_every_second_are_picked_whatever_the_times_say(times) -> None:
    for seed in range(50):
        numbers = picked([times(n) for n in range(100)], seed)
        assert numbers[0] == 0
        assert longest_gap(numbers, 100) <= 10
        leaps = sum(times(n) == 1e9 for n in range(100))
        assert 19 <= len(numbers) <= 21 + 2 * leaps  # each leap counts as a whole second, no more


def test_which_frame_of_a_second_is_picked_is_left_to_chance() -> None:
    places = Counter(
        number % 5 for seed in range(400) for number in picked([n / 5 for n in range(20)], seed) if number
    )
    assert len(places) == 5
    assert min(places.values()) > sum(places.values()) / 5 * 0.8


def test_one_seed_is_one_choice_and_another_seed_another() -> None:
    times = [n / 5 for n in range(100)]
    assert picked(times, 1) == picked(times, 1) != picked(times, 2)


@given(
    st.lists(st.none() | st.floats(), max_size=400),
    st.floats(),
    st.integers(0, 9),
)
def test_no_times_at_all_make_more_than_two_seconds_of_frames_be_skipped(times, rate, seed) -> None:
    numbers = picked(times, seed, rate=rate)
    assert not times or (numbers[0] == 0 and longest_gap(numbers, len(times)) <= 121)


def test_frames_that_last_long_are_each_picked() -> None:
    for seed in range(20):
        assert picked([n * 60.0 for n in range(30)], seed) == list(range(30))


def test_more_frames_a_second_can_be_asked_for() -> None:
    assert 39 <= len(picked([n / 25 for n in range(250)], 1, per_second=4)) <= 42


def sketch(bits: int, quality: int | None = 90) -> Signal:
    return Signal(PDQ, bits.to_bytes(32), quality)


def test_what_differs_from_everything_that_was_looked_at_is_new() -> None:
    sketches = Sketches()
    first, alike, other = (1 << 200) - 1, ((1 << 200) - 1) ^ ((1 << 31) - 1), 0
    assert sketches.is_new(sketch(first))
    sketches.add(sketch(first))
    assert not sketches.is_new(sketch(first))
    assert not sketches.is_new(sketch(alike))
    assert sketches.is_new(sketch(alike ^ (1 << 31)))
    assert sketches.is_new(sketch(other))
    sketches.add(sketch(other))
    assert not sketches.is_new(sketch(first))


@pytest.mark.parametrize("quality", [None, 0, 19])
def test_a_plain_frame_is_never_new(quality: int | None) -> None:
    assert not Sketches().is_new(sketch(7, quality))
