"""Samples of media travel as plain pixels, and nothing that a worker says of them is believed unchecked."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.samples import LONG_SIDE, MOST, BadSamples, Sampler, is_plain, packed, unpacked

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))


def noise(height: int, width: int, seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


@given(st.lists(SIZES, min_size=1, max_size=MOST))
def test_what_is_packed_is_unpacked_the_same(sizes: list[tuple[int, int]]) -> None:
    samples = [noise(*size, seed) for seed, size in enumerate(sizes)]
    back = unpacked(packed(samples))
    assert len(back) == len(samples)
    assert all(np.array_equal(one, other) for one, other in zip(samples, back, strict=True))


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_samples_of_their_sizes_or_none(raw: bytes) -> None:
    try:
        samples = unpacked(raw)
    except BadSamples:
        return
    assert 0 < len(samples) <= MOST
    assert packed(samples) == raw


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0",
        struct.pack("<H", 0),
        struct.pack("<H", MOST + 1) + bytes(4 * (MOST + 1)),
        struct.pack("<3H", 1, LONG_SIDE + 1, 1) + bytes(3 * (LONG_SIDE + 1)),
        struct.pack("<3H", 1, 0, 1),
        struct.pack("<3H", 1, 2, 2) + bytes(11),
        struct.pack("<3H", 1, 2, 2) + bytes(13),
    ],
    ids=["empty", "half", "none", "too-many", "too-long", "no-height", "too-few", "more"],
)
def test_what_a_worker_that_was_taken_over_could_say_is_refused(raw: bytes) -> None:
    with pytest.raises(BadSamples):
        unpacked(raw)


def sampled(*frames: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> list[tuple[int, ...]]:
    sampler = Sampler(DecodeLimits())
    for number, frame in enumerate(frames):
        sampler.add(frame, number)
    return [each.shape for each in sampler.samples()]


def test_a_large_frame_is_made_small_with_its_shape_and_a_small_one_is_never_enlarged() -> None:
    assert sampled(noise(600, 1200)) == [(256, 512, 3)]
    assert sampled(noise(30, 40)) == [(30, 40, 3)]


def test_frames_of_one_colour_are_left_out_for_they_mislead() -> None:
    black, grey = np.zeros((50, 60, 3), np.uint8), np.full((50, 60, 3), 128, np.uint8)
    assert is_plain(black)
    assert not is_plain(noise(50, 60))
    assert sampled(black, noise(20, 30), grey) == [(20, 30, 3)]
    assert sampled(black, grey) == []


@pytest.mark.parametrize("frames", [1, MOST, MOST + 1, 5 * MOST, 40 * MOST])
def test_of_many_frames_an_even_choice_is_handed_on_first_to_last(frames: int) -> None:
    sampler = Sampler(DecodeLimits())
    for number in range(frames):
        frame = noise(8, 8)
        frame[0, 0] = (*divmod(number, 256), 0)
        sampler.add(frame, number)
    numbers = [int(each[0, 0, 0]) * 256 + int(each[0, 0, 1]) for each in sampler.samples()]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == min(frames, MOST)
    assert numbers[0] == 0
    assert numbers[-1] >= frames * 3 // 4 - 1
