"""Claims about counting frames and keeping limits."""

import numpy as np
import pytest

from safehold.model.media import DecodeFailure
from safehold.model.signal import PDQ
from safehold.signals.pdq import Pdq
from safehold.vault.decoding.frames import Frames, Unreadable
from safehold.vault.decoding.limits import DecodeLimits

PIXELS = np.linspace(0, 255, 64 * 48 * 3).astype(np.uint8).reshape(48, 64, 3)


def some_frames(**limits: float) -> Frames:
    return Frames({PDQ: Pdq()}, DecodeLimits(**limits), rendition=False)


def test_a_frame_of_just_the_limit_is_let_in_and_one_pixel_more_is_not() -> None:
    frames = some_frames(max_pixels=48 * 64)
    frames.make_room(64, 48)
    with pytest.raises(Unreadable) as refused:
        frames.make_room(64 * 48 + 1, 1)
    assert refused.value.failure is DecodeFailure.LIMIT


def test_time_that_is_used_up_is_the_limit() -> None:
    with pytest.raises(Unreadable) as refused:
        some_frames(seconds=-1).check_time()
    assert refused.value.failure is DecodeFailure.LIMIT


def test_size_is_that_of_the_first_frame_and_equal_neighbours_are_hashed_once() -> None:
    frames = some_frames()
    for number, pixels in enumerate((PIXELS, PIXELS, PIXELS[::-1], PIXELS)):
        frames.add(pixels, number)
    assert (frames.width, frames.height, frames.count) == (64, 48, 4)
    assert [signal.frame for signal in frames.signals] == [0, 2, 3]


def test_another_look_of_a_frame_has_its_number_and_is_compared_with_the_same_look_before() -> None:
    frames = some_frames()
    for number in range(3):
        frames.add(PIXELS, number)
        frames.add_look(PIXELS[::-1], number, 1)
    assert frames.count == 3
    assert [signal.frame for signal in frames.signals] == [0, 0]
    assert len({signal.value for signal in frames.signals}) == 2
    with pytest.raises(Unreadable):
        some_frames(seconds=-1).add_look(PIXELS, 0, 1)
